package account

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
)

// categories are the log categories of an account (Microsoft, "Supported
// resource logs for Microsoft.CognitiveServices/accounts").
var categories = []string{"Audit", "RequestResponse", "Trace", "AzureOpenAIRequestUsage"}

type diagnosticOptions struct {
	scope     verb.Scope
	setting   string
	workspace string
	logs      []string
	metrics   bool
	remove    bool
}

// diagnosticRecord is a diagnostic setting as -o json shows it.
type diagnosticRecord struct {
	Name      string   `json:"name"`
	Account   string   `json:"account"`
	Workspace string   `json:"workspaceId"`
	Logs      []string `json:"logs"`
	Metrics   []string `json:"metrics"`
}

func newDiagnostics(env *verb.Env) *cobra.Command {
	o := &diagnosticOptions{}
	cmd := verb.Command(env, verb.Spec{Use: "diagnostics [NAME]", Help: "account.diagnostics", Run: func(ctx context.Context, args []string) error {
		if len(args) > 0 {
			o.scope.Account = args[0]
		}
		return o.run(ctx, env)
	}})
	cmd.ValidArgsFunction = env.CompleteAccounts()
	o.scope.Bind(env, cmd, verb.FlagResourceGroup, verb.FlagSubscription)
	flags := cmd.Flags()
	flags.StringVar(&o.setting, "name", "azptu", "account.flag.setting")
	flags.StringVar(&o.workspace, "workspace", "", "account.flag.workspace")
	flags.StringSliceVar(&o.logs, "logs", []string{"RequestResponse", "Audit"}, "account.flag.logs")
	flags.BoolVar(&o.metrics, "metrics", true, "account.flag.metrics")
	flags.BoolVar(&o.remove, "delete", false, "account.flag.delete-setting")
	_ = cmd.RegisterFlagCompletionFunc("logs", cobra.FixedCompletions(append(categories, "allLogs"), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (o *diagnosticOptions) run(ctx context.Context, env *verb.Env) error {
	wanted, err := o.wanted(env)
	if err != nil {
		return err
	}
	s, ref, err := session.OpenAccount(ctx, env, o.scope, verb.Tree)
	if err != nil {
		return err
	}
	if (o.remove || o.workspace != "") && env.Global.DryRun {
		env.Note(env.T("azure.request", "Request", ref.ID()+"/providers/Microsoft.Insights/diagnosticSettings/"+o.setting))
		env.Note(env.T("account.dry-run"))
		return nil
	}
	switch {
	case o.remove:
		if err := agree(ctx, env, env.T("account.diagnostics.confirm", "Name", o.setting)); err != nil {
			return err
		}
		if err := s.ARM.DeleteDiagnostic(ctx, ref.ID(), o.setting); err != nil {
			return session.Explain(env, err)
		}
	case o.workspace != "":
		// Read back at once, so that what is shown is what Azure kept.
		kept, err := s.ARM.PutDiagnostic(ctx, ref.ID(), wanted)
		if err != nil {
			return session.Explain(env, err)
		}
		for _, category := range slices.Concat(wanted.Logs, wanted.Groups) {
			if !slices.Contains(kept.Logs, category) && !slices.Contains(kept.Groups, category) {
				return exit.New(exit.Failed, env.T("account.diagnostics.lost", "Category", category))
			}
		}
	}
	return o.show(ctx, s, ref)
}

func (o *diagnosticOptions) wanted(env *verb.Env) (arm.Diagnostic, error) {
	d := arm.Diagnostic{Name: o.setting, Workspace: o.workspace}
	if err := arm.CheckName(arm.DeploymentName, o.setting); err != nil {
		return d, exit.New(exit.Validation, env.T("account.diagnostics.bad-name", "Name", o.setting))
	}
	if o.workspace != "" {
		id, err := arm.ParseID(o.workspace)
		if err != nil || !strings.EqualFold(id.Provider, "Microsoft.OperationalInsights") {
			return d, exit.New(exit.Validation, env.T("account.diagnostics.bad-workspace")).
				Hint("/subscriptions/…/resourceGroups/…/providers/Microsoft.OperationalInsights/workspaces/…")
		}
	}
	for _, category := range o.logs {
		switch {
		case strings.EqualFold(category, "allLogs"), strings.EqualFold(category, "audit") && category == "audit":
			d.Groups = append(d.Groups, category)
		case slices.Contains(categories, category):
			d.Logs = append(d.Logs, category)
		default:
			return d, env.NotOneOf("--logs", category, append(slices.Clone(categories), "allLogs"))
		}
	}
	if o.metrics {
		d.Metrics = []string{"AllMetrics"}
	}
	return d, nil
}

func (o *diagnosticOptions) show(ctx context.Context, s *session.Session, ref arm.AccountRef) error {
	env := s.Env
	found, err := s.ARM.Diagnostics(ctx, ref.ID())
	if err != nil {
		return session.Explain(env, err)
	}
	records := make([]diagnosticRecord, 0, len(found))
	for _, d := range found {
		records = append(records, diagnosticRecord{d.Name, ref.Account, d.Workspace, slices.Concat([]string{}, d.Logs, d.Groups), slices.Concat([]string{}, d.Metrics)})
	}
	view := render.List(records, func(r diagnosticRecord) string { return r.Name },
		render.Col(env.T("account.field.setting"), func(r diagnosticRecord) any { return r.Name }),
		render.Col(env.T("account.field.logs"), func(r diagnosticRecord) any { return strings.Join(r.Logs, ", ") }),
		render.Col(env.T("account.field.metrics"), func(r diagnosticRecord) any { return strings.Join(r.Metrics, ", ") }),
		render.Col(env.T("account.field.workspace"), func(r diagnosticRecord) any { return r.Workspace }),
	)
	view.Empty = env.T("account.diagnostics.none")
	return env.Show(view)
}
