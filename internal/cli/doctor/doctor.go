// Package doctor holds `azptu doctor`: one look at everything that azptu needs
// in order to work, each thing with what is wrong and what to do about it.
// Checks that need nothing of each other run at the same time: those of this
// machine, the sign-in and the addresses first, and once there is an identity
// and a subscription, what that identity may do and what it would find. A check
// whose ground is missing is skipped and says so. Findings end the command
// with exit code 1.
package doctor

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
)

// Status is how a check ended. Never translated.
type Status string

// The ways.
const (
	OK      Status = "ok"
	Warning Status = "warning" // works, but look at it
	Failed  Status = "failed"  // something will not work
	Skipped Status = "skipped" // what it needs is not there
)

// Finding is what a check found out, as -o json shows it. Its field names are
// a contract.
type Finding struct {
	Check        string  `json:"check"`
	Status       Status  `json:"status"`
	Message      string  `json:"message"`
	Hint         *string `json:"hint"`
	Milliseconds int64   `json:"milliseconds"`
}

// ward is what the checks share.
type ward struct {
	env     *verb.Env
	scope   verb.Scope
	session *session.Session // nil without a cloud
	timeout time.Duration    // of one address

	subscription string
	identity     identity
	accounts     []arm.Account
}

// check is one question. It answers with findings, at least one.
type check struct {
	name string
	run  func(context.Context, *ward) []Finding
}

// The checks, in the order they are shown.
var (
	here = []check{
		{"settings", checkSettings}, {"state", checkState}, {"disk", checkDisk}, {"ports", checkPorts}, {"azure-cli", checkAzureCLI}, {"catalog-age", checkCatalogAge},
		{"cloud", checkCloud},
	}
	outside = []check{{"resource-manager", checkManager}, {"clock", checkClock}, {"sign-in", checkSignIn}, {"prices", checkPrices}}
	inside  = []check{
		{"provider", checkProvider}, {"permissions", checkPermissions}, {"accounts", checkAccounts}, {"endpoints", checkEndpoints},
		{"quota", checkQuota}, {"catalog", checkCatalog}, {"metrics", checkMetrics}, {"retirements", checkRetirements},
	}
)

// ok, warning, failed and skipped make findings; name is of the message, whose
// hint is the message name.hint where there is one.
func (w *ward) ok(name string, args ...any) Finding      { return w.finding(OK, name, args) }
func (w *ward) warning(name string, args ...any) Finding { return w.finding(Warning, name, args) }
func (w *ward) failed(name string, args ...any) Finding  { return w.finding(Failed, name, args) }
func (w *ward) skipped(name string, args ...any) Finding { return w.finding(Skipped, name, args) }

func (w *ward) finding(status Status, name string, args []any) Finding {
	key := "doctor." + name
	f := Finding{Status: status, Message: w.env.T(key, args...)}
	for i := 0; i+1 < len(args); i += 2 {
		if count, counted := args[i+1].(int); counted && args[i] == "Count" {
			f.Message = w.env.N(key, count, args...)
		}
	}
	if status != OK && w.env.Printer().Has(key+".hint") {
		hint := w.env.T(key+".hint", args...)
		f.Hint = &hint
	}
	return f
}

// hinted is f with a hint of its own.
func hinted(f Finding, hint string) Finding {
	if hint != "" {
		f.Hint = &hint
	}
	return f
}

type options struct {
	scope  verb.Scope
	strict bool
}

// New makes `azptu doctor`.
func New(env *verb.Env) *cobra.Command {
	o := &options{}
	cmd := verb.Command(env, verb.Spec{Use: "doctor", Help: "doctor", Lenient: true, Run: func(ctx context.Context, _ []string) error { return o.run(ctx, env) }})
	o.scope.Bind(env, cmd, verb.FlagAccount, verb.FlagResourceGroup, verb.FlagSubscription)
	cmd.Flags().BoolVar(&o.strict, "strict", false, "doctor.flag.strict")
	return cmd
}

func (o *options) run(ctx context.Context, env *verb.Env) error {
	w := &ward{env: env, scope: o.scope, timeout: 5 * time.Second}
	done := session.Busy(env, env.T("doctor.asking"))
	findings := w.examine(ctx)
	done()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := env.Show(view(env, findings)); err != nil {
		return err
	}
	counts := map[Status]int{}
	for _, f := range findings {
		counts[f.Status]++
	}
	env.Note(env.T("doctor.sum", "OK", counts[OK], "Warnings", counts[Warning], "Failed", counts[Failed], "Skipped", counts[Skipped]))
	if counts[Failed] > 0 || o.strict && counts[Warning] > 0 {
		return exit.Quietly(exit.Failed.Code())
	}
	return nil
}

// examine runs every check, each kind at the same time.
func (w *ward) examine(ctx context.Context) []Finding {
	if s, err := session.Open(w.env); err == nil {
		w.session = s
	}
	findings := w.together(ctx, here)
	if w.session == nil {
		return append(findings, w.skip(append(outside, inside...), "no-cloud")...)
	}
	findings = append(findings, w.together(ctx, outside)...)
	if !w.identity.known() {
		return append(findings, w.skip(inside, "not-signed-in")...)
	}
	found := timed(w.env.Now, "subscription", func() []Finding { return checkSubscription(ctx, w) })
	findings = append(findings, found...)
	if w.subscription == "" {
		return append(findings, w.skip(inside, "no-subscription")...)
	}
	return append(findings, w.together(ctx, inside)...)
}

// together runs checks at the same time and keeps their order.
func (w *ward) together(ctx context.Context, checks []check) []Finding {
	found := make([][]Finding, len(checks))
	var running sync.WaitGroup
	for i, c := range checks {
		running.Go(func() { found[i] = timed(w.env.Now, c.name, func() []Finding { return c.run(ctx, w) }) })
	}
	running.Wait()
	var all []Finding
	for _, some := range found {
		all = append(all, some...)
	}
	return all
}

func timed(now func() time.Time, name string, run func() []Finding) []Finding {
	begun := now()
	findings := run()
	for i := range findings {
		findings[i].Check, findings[i].Milliseconds = name, now().Sub(begun).Milliseconds()
	}
	return findings
}

// skip answers for checks that cannot run.
func (w *ward) skip(checks []check, why string) []Finding {
	var all []Finding
	for _, c := range checks {
		f := w.skipped(why)
		f.Check = c.name
		all = append(all, f)
	}
	return all
}

// marks stand beside the words, which say the same.
var marks = map[Status]string{OK: "✓", Warning: "!", Failed: "✗", Skipped: "–"}

func view(env *verb.Env, findings []Finding) render.View {
	return render.List(findings, func(f Finding) string { return f.Check },
		render.Col("", func(f Finding) any { return marks[f.Status] }),
		render.Col(env.T("doctor.field.check"), func(f Finding) any { return f.Check }),
		render.Col(env.T("doctor.field.status"), func(f Finding) any { return env.T("doctor.status." + string(f.Status)) }),
		render.Col(env.T("doctor.field.message"), func(f Finding) any {
			if f.Hint != nil {
				return f.Message + " → " + *f.Hint
			}
			return f.Message
		}),
		render.Col("ms", func(f Finding) any { return fmt.Sprint(f.Milliseconds) }).AlignRight().OnlyWide(),
	)
}
