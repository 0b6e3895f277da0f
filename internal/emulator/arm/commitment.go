package arm

import (
	"net/http"
	"time"

	"github.com/azptu/azptu/internal/emulator/state"
)

// tierBody is one commitment tier: so much of a service for a fixed price.
type tierBody struct {
	Kind         string         `json:"kind"`
	SKUName      string         `json:"skuName"`
	HostingModel string         `json:"hostingModel"`
	PlanType     string         `json:"planType"`
	Tier         string         `json:"tier"`
	Quota        quotaBody      `json:"quota"`
	Cost         map[string]any `json:"cost"`
}

type quotaBody struct {
	Quantity int    `json:"quantity"`
	Unit     string `json:"unit"`
}

// tiers are those of a recorded answer of November 2021; newer ones are not
// known. Azure OpenAI's provisioned throughput has none of them.
var tiers = []tierBody{
	{"TextAnalytics", "S", "Web", "TA", "T1", quotaBody{1000000, "Transaction"}, map[string]any{}},
	{"TextAnalytics", "S", "Web", "TA", "T2", quotaBody{3000000, "Transaction"}, map[string]any{}},
	{"TextAnalytics", "S", "Web", "TA", "T3", quotaBody{10000000, "Transaction"}, map[string]any{}},
	{"TextAnalytics", "S", "ConnectedContainer", "TA", "T1", quotaBody{1000000, "Transaction"}, map[string]any{}},
	{"TextAnalytics", "S", "ConnectedContainer", "TA", "T2", quotaBody{3000000, "Transaction"}, map[string]any{}},
	{"TextAnalytics", "S", "ConnectedContainer", "TA", "T3", quotaBody{10000000, "Transaction"}, map[string]any{}},
	{"SpeechServices", "S0", "Web", "STT", "T1", quotaBody{2000, "Hour"}, map[string]any{}},
	{"SpeechServices", "S0", "Web", "STT", "T2", quotaBody{10000, "Hour"}, map[string]any{}},
	{"SpeechServices", "S0", "Web", "STT", "T3", quotaBody{50000, "Hour"}, map[string]any{}},
}

func (h *Handler) listTiers(q *request) (*answer, error) { return paged(h, q, tiers) }

// planInput is what matters of a commitment plan's properties.
type planInput struct {
	HostingModel string      `json:"hostingModel"`
	PlanType     string      `json:"planType"`
	AutoRenew    bool        `json:"autoRenew"`
	Current      *periodBody `json:"current"`
	Next         *periodBody `json:"next"`
}

type periodBody struct {
	Tier      string     `json:"tier"`
	Count     int        `json:"count,omitempty"`
	StartDate string     `json:"startDate,omitempty"`
	EndDate   string     `json:"endDate,omitempty"`
	Quota     *quotaBody `json:"quota,omitempty"`
}

// dressAccountPlan fills in the periods of a plan: the current one is prorated
// for what is left of the month, as recorded; the next one is a whole month.
func dressAccountPlan(h *Handler, _ *request, d *state.Document) error {
	var in planInput
	if err := decodeInto(properties(d), &in); err != nil {
		return err
	}
	if in.HostingModel == "" || in.PlanType == "" || in.Current == nil || in.Current.Tier == "" {
		return state.Refuse(http.StatusBadRequest, "InvalidResourceProperties", "The properties 'hostingModel', 'planType' and 'current.tier' of a commitment plan are required.")
	}
	now := h.config.State.Clock().Now().UTC()
	today := now.Truncate(24 * time.Hour)
	first := nextMonth(now)
	days := first.AddDate(0, -1, 0)
	share := first.Sub(today).Hours() / first.Sub(days).Hours()
	p := properties(d)
	p["current"] = period(in, *in.Current, today, first, share)
	if in.Next != nil && in.Next.Tier != "" {
		p["next"] = period(in, *in.Next, first, first.AddDate(0, 1, 0), 1)
	}
	delete(d.Body, "identity")
	return nil
}

// nextMonth is the first moment of the month after t.
func nextMonth(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, time.UTC)
}

func period(in planInput, p periodBody, from, to time.Time, share float64) map[string]any {
	out := map[string]any{"tier": p.Tier, "startDate": dateOf(from), "endDate": dateOf(to)}
	if p.Count > 0 {
		out["count"] = p.Count
	}
	for _, t := range tiers {
		if t.PlanType == in.PlanType && t.HostingModel == in.HostingModel && t.Tier == p.Tier {
			out["quota"] = quotaBody{int(float64(t.Quota.Quantity) * share), t.Quota.Unit}
		}
	}
	return out
}

// dressPlan is for plans that stand on their own.
func dressPlan(h *Handler, q *request, d *state.Document) error {
	if err := dressAccountPlan(h, q, d); err != nil {
		return err
	}
	properties(d)["provisioningState"] = "Succeeded"
	return nil
}
