package session

import (
	"context"
	"encoding/json"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/ptu"
)

// TellTerms says on the talk stream what a deployment costs by the hour and
// how much quota it leaves. more is what is wanted on top of what there is.
func (s *Session) TellTerms(ctx context.Context, g Ground, w Wish, o Offer, more int) {
	env := s.Env
	if usage, known := g.Quota(w, o); known {
		used := int(usage.Used) + more
		env.Note(env.T("azure.quota-after", "Quota", usage.Name, "Region", g.Region.Name, "Used", used, "Limit", int(usage.Limit)))
		if more > 0 && usage.Limit > 0 && float64(used) >= 0.9*usage.Limit && float64(used) <= usage.Limit {
			env.Warn(env.T("azure.quota-nearly", "Quota", usage.Name, "Left", int(usage.Limit)-used))
		}
	}
	if !o.Retirement.IsZero() && o.Retirement.Sub(env.Now()) < soon {
		env.Warn(env.T("azure.retires", "Model", o.Model.Name, "Version", o.Model.Version, "Date", o.Retirement))
	}
	t, provisioned := ptu.TypeOfSKU(w.SKU)
	if !provisioned {
		return
	}
	price, ok := s.UnitPrice(ctx, t, g.Region.Name)
	if !ok {
		return
	}
	money := env.Printer()
	hourly := float64(w.Capacity) * price.Hourly
	env.Note(env.T("azure.price", "Units", w.Capacity, "Each", money.Money(price.Hourly, price.Currency), "Hour", money.Money(hourly, price.Currency),
		"Day", money.Money(hourly*24, price.Currency), "Month", money.Money(hourly*ptu.HoursPerMonth, price.Currency), "Source", price.Source+", "+price.AsOf))
	for _, term := range []catalog.Term{catalog.OneMonth, catalog.OneYear} {
		if whole, ok := price.Terms[term]; ok {
			monthly := float64(w.Capacity) * whole / Months(term)
			env.Note(env.T("azure.price."+string(term), "Month", money.Money(monthly, price.Currency), "Saving", money.Percent(1-monthly/(hourly*ptu.HoursPerMonth), 0)))
		}
	}
}

// Months is how many months a term lasts.
func Months(term catalog.Term) float64 {
	if term == catalog.OneYear {
		return 12
	}
	return 1
}

// TellRequest shows a request before it is sent.
func (s *Session) TellRequest(method string, d arm.Deployment) {
	type model struct {
		Format  string `json:"format,omitempty"`
		Name    string `json:"name"`
		Version string `json:"version,omitempty"`
	}
	type properties struct {
		Model     model  `json:"model"`
		Upgrade   string `json:"versionUpgradeOption,omitempty"`
		Spillover string `json:"spilloverDeploymentName,omitempty"`
		Policy    string `json:"raiPolicyName,omitempty"`
	}
	body := struct {
		SKU struct {
			Name     string `json:"name"`
			Capacity int    `json:"capacity"`
		} `json:"sku"`
		Properties *properties       `json:"properties,omitempty"`
		Tags       map[string]string `json:"tags,omitempty"`
	}{}
	body.SKU.Name, body.SKU.Capacity = d.SKU, d.Capacity
	if method == "PUT" {
		body.Properties = &properties{model{d.Model.Format, d.Model.Name, d.Model.Version}, d.Upgrade, d.Spillover, d.RAIPolicy}
		body.Tags = d.Tags
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return
	}
	s.Env.Note(s.Env.T("azure.request", "Request", method+" "+d.DeploymentRef.ID()+" "+string(raw)))
}

// TellDelete shows a deletion before it is sent.
func (s *Session) TellDelete(ref arm.DeploymentRef) {
	s.Env.Note(s.Env.T("azure.request", "Request", "DELETE "+ref.ID()))
}
