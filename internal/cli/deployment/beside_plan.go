package deployment

import (
	"net/http"
	"strconv"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/migrate"
	"github.com/azptu/azptu/internal/ptu"
)

// local is a client for the gateway's admin API, which is on this machine or
// at the end of a tunnel: no proxy.
func local(env *verb.Env) *http.Client {
	transport := env.Transport()
	transport.Proxy = nil
	return &http.Client{Transport: env.Traced(transport)}
}

// besideKinds are the exit kinds of refusals that are no mistake of the plan.
var besideKinds = map[migrate.Code]exit.Kind{
	migrate.LittleRoom: exit.Capacity, migrate.LittleQuota: exit.Quota, migrate.NotHere: exit.Conflict, migrate.NameTaken: exit.Conflict,
}

// tellBeside shows the plan on the talk stream. A refusal is the command's error.
func (o *migrateOptions) tellBeside(env *verb.Env, p migrate.Plan) error {
	args := []any{
		"Name", p.From.DeploymentRef.Deployment, "New", p.To.DeploymentRef.Deployment,
		"From", p.From.Model.Name + " " + p.From.Model.Version, "To", p.To.Model.Name + " " + p.To.Model.Version,
		"Units", units(env, p.From.SKU, p.From.Capacity), "NewUnits", units(env, p.To.SKU, p.To.Capacity), "Size", p.To.Capacity,
		"Type", session.SKULabel(p.To.SKU), "OldType", session.SKULabel(p.From.SKU),
	}
	env.Note(env.T("deployment.beside.plan", args...))
	for _, f := range p.Findings {
		key := "deployment.beside." + string(f.Code)
		if !env.Printer().Has(key) {
			key = "deployment.migrate." + string(f.Code)
		}
		text := env.T(key, append(args, "Count", f.Units, "Date", f.Date)...)
		switch f.Level {
		case migrate.Warning:
			env.Warn(text)
		case migrate.Note:
			env.Note(text)
		default:
			kind, known := besideKinds[f.Code]
			if !known {
				kind = exit.Validation
			}
			err := exit.New(kind, text)
			switch f.Code {
			case migrate.LittleRoom:
				err.Hint(env.T("deployment.beside.capacity", "Command", "azptu capacity show --model "+session.Quote(p.To.Model.Name)+" --model-version "+session.Quote(p.To.Model.Version)+" --capacity "+strconv.Itoa(p.To.Capacity)),
					env.T("deployment.beside.in-place"))
			case migrate.NameTaken:
				err.Hint(env.T("cli.missing.give", "Flag", "--to"))
			}
			return err
		}
	}
	env.Note(env.T("deployment.beside.steps", "Steps", percentages(o.steps), "Hold", o.rules.Hold.String(), "Quiet", o.rules.Quiet.String()))
	return nil
}

// besideRecord is a plan as -o json shows it. Its field names are a contract.
type besideRecord struct {
	Deployment  string            `json:"deployment"`
	Account     string            `json:"account"`
	Location    string            `json:"location"`
	From        side              `json:"from"`
	To          side              `json:"to"`
	Steps       []int             `json:"steps"` // percent
	HoldSeconds int               `json:"holdSeconds"`
	Quiet       int               `json:"quietSeconds"`
	Gateway     *string           `json:"gateway"`
	Findings    []migrate.Finding `json:"findings"`
}

// side is one of the two deployments of a besideRecord.
type side struct {
	Name     string `json:"name"`
	SKU      string `json:"sku"`
	Type     string `json:"deploymentType"`
	Capacity int    `json:"capacity"`
	Model    Model  `json:"model"`
}

func sideOf(d arm.Deployment) side {
	return side{d.DeploymentRef.Deployment, d.SKU, string(ptu.BoundaryOfSKU(d.SKU)), d.Capacity, Model{d.Model.Name, d.Model.Version, d.Model.Format}}
}

func besideView(env *verb.Env, p migrate.Plan, location string, o *migrateOptions) render.View {
	r := besideRecord{
		p.From.DeploymentRef.Deployment, p.From.Account, arm.Fold(location), sideOf(p.From), sideOf(p.To), o.steps,
		int(o.rules.Hold.Seconds()), int(o.rules.Quiet.Seconds()), orNull(o.gateway), p.Findings,
	}
	show := func(s side) any {
		return s.Name + ": " + s.Model.Name + " " + s.Model.Version + ", " + units(env, s.SKU, s.Capacity)
	}
	return render.One(r, func(r besideRecord) string { return r.Deployment },
		render.Col(env.T("deployment.field.from"), func(r besideRecord) any { return show(r.From) }),
		render.Col(env.T("deployment.field.to"), func(r besideRecord) any { return show(r.To) }),
		render.Col(env.T("deployment.field.steps"), func(besideRecord) any { return percentages(o.steps) }),
	)
}
