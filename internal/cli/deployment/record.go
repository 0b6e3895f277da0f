// Package deployment holds the verbs about deployments: list, create, show,
// update, delete, upgrade-policy, migrate, watch, each in a file of its own, and their twins of
// azptu 1.0 (list-deployments, create-ptu-deployment, update-ptu-capacity,
// get-ptu-info, delete-ptu-deployment), which are the same constructors
// called by their documented names.
package deployment

import (
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/ptu"
)

// New makes the noun `azptu deployment`.
func New(env *verb.Env) *cobra.Command {
	return verb.Group(env, verb.Spec{Use: "deployment", Help: "deployment"},
		NewList(env, verb.Tree), NewCreate(env, verb.Tree), NewShow(env, verb.Tree), NewUpdate(env, verb.Tree), NewDelete(env, verb.Tree),
		newUpgradePolicy(env), newMigrate(env), newWatch(env),
	)
}

// Record is a deployment as -o json shows it. Its field names are a contract.
type Record struct {
	Name              string  `json:"name"`
	Account           string  `json:"account"`
	ResourceGroup     string  `json:"resourceGroup"`
	SubscriptionID    string  `json:"subscriptionId"`
	Location          string  `json:"location"`
	SKU               string  `json:"sku"`
	DeploymentType    string  `json:"deploymentType"`
	Capacity          int     `json:"capacity"`
	Model             Model   `json:"model"`
	ProvisioningState string  `json:"provisioningState"`
	UpgradeOption     *string `json:"versionUpgradeOption"`
	Spillover         *string `json:"spilloverDeploymentName"`
}

// Model is the model of a Record.
type Model struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Format  string `json:"format"`
}

func toRecord(d arm.Deployment, location string) Record {
	return Record{
		Name: d.DeploymentRef.Deployment, Account: d.Account, ResourceGroup: d.ResourceGroup, SubscriptionID: d.SubscriptionID,
		Location: arm.Fold(location), SKU: d.SKU, DeploymentType: string(ptu.BoundaryOfSKU(d.SKU)), Capacity: d.Capacity,
		Model: Model{d.Model.Name, d.Model.Version, d.Model.Format}, ProvisioningState: d.State,
		UpgradeOption: orNull(d.Upgrade), Spillover: orNull(d.Spillover),
	}
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// units writes a capacity: "100 PTUs", or tokens per minute for a SKU that is
// billed by the token.
func units(env *verb.Env, sku string, capacity int) string {
	if ptu.IsStandard(sku) {
		return env.Printer().Number(int64(capacity)*1000) + " tokens/min"
	}
	return strconv.Itoa(capacity) + " PTUs"
}

func fields(env *verb.Env) []render.Field[Record] {
	return []render.Field[Record]{
		render.Col(env.T("deployment.field.name"), func(r Record) any { return r.Name }),
		render.Col(env.T("deployment.field.account"), func(r Record) any { return r.Account }),
		render.Col(env.T("deployment.field.resource-group"), func(r Record) any { return r.ResourceGroup }).OnlyWide(),
		render.Col(env.T("deployment.field.subscription"), func(r Record) any { return r.SubscriptionID }).OnlyWide(),
		render.Col(env.T("deployment.field.location"), func(r Record) any { return r.Location }),
		render.Col(env.T("deployment.field.model"), func(r Record) any { return r.Model.Name + " " + r.Model.Version }),
		render.Col("SKU", func(r Record) any { return r.SKU }),
		render.Col(env.T("deployment.field.capacity"), func(r Record) any { return units(env, r.SKU, r.Capacity) }).AlignRight(),
		render.Col(env.T("deployment.field.state"), func(r Record) any { return r.ProvisioningState }),
		render.Col(env.T("deployment.field.upgrade"), func(r Record) any { return text(r.UpgradeOption) }).OnlyWide(),
		render.Col(env.T("deployment.field.spillover"), func(r Record) any { return text(r.Spillover) }).OnlyWide(),
	}
}

func text(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}

func showOne(env *verb.Env, r Record) error {
	return env.Show(render.One(r, func(r Record) string { return r.Name }, fields(env)...))
}

// say writes a message of the manual to standard output.
func say(env *verb.Env, key string, args ...any) {
	_, _ = io.WriteString(env.Term.Out, env.T(key, args...)+"\n")
}

// gap writes the empty line between two parts of the manual's text.
func gap(env *verb.Env) { _, _ = io.WriteString(env.Term.Out, "\n") }
