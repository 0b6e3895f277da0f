package deployment

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/azure/monitor"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/migrate"
	"github.com/azptu/azptu/internal/ptu"
)

// besideOptions are the flags of a migration to a new deployment.
type besideOptions struct {
	to       string
	kind     string
	sku      string
	capacity int
	gateway  string
	file     string
	backend  string
	journal  string
	steps    []int
	rules    migrate.Rules
	every    time.Duration
	shifted  bool
	back     bool
}

func (o *besideOptions) bindBeside(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.to, "to", "", "deployment.flag.to")
	f.StringVar(&o.kind, "deployment-type", "", "deployment.flag.to-type")
	f.StringVar(&o.sku, "sku", "", "deployment.flag.sku")
	f.IntVar(&o.capacity, "capacity", 0, "deployment.flag.to-capacity")
	f.StringVar(&o.gateway, "gateway", "", "deployment.flag.gateway")
	f.StringVar(&o.file, "gateway-config", "", "deployment.flag.gateway-config")
	f.StringVar(&o.backend, "backend", "", "deployment.flag.backend")
	f.StringVar(&o.journal, "journal", "", "deployment.flag.journal")
	f.IntSliceVar(&o.steps, "steps", []int{5, 25, 50, 100}, "deployment.flag.steps")
	f.DurationVar(&o.rules.Hold, "hold", 10*time.Minute, "deployment.flag.hold")
	f.DurationVar(&o.rules.Quiet, "quiet", 10*time.Minute, "deployment.flag.quiet")
	f.Float64Var(&o.rules.MaxErrors, "max-errors", 0.01, "deployment.flag.max-errors")
	f.Float64Var(&o.rules.MaxRefused, "max-refused", 0.05, "deployment.flag.max-refused")
	f.Float64Var(&o.rules.MaxLatency, "max-latency", 1.5, "deployment.flag.max-latency")
	f.Float64Var(&o.rules.MaxTokens, "max-tokens", 3, "deployment.flag.max-tokens")
	f.Int64Var(&o.rules.MinCalls, "min-calls", 50, "deployment.flag.min-calls")
	f.BoolVar(&o.rules.KeepOld, "keep-old", false, "deployment.flag.keep-old")
	f.DurationVar(&o.every, "every", 15*time.Second, "deployment.flag.look")
	f.BoolVar(&o.shifted, "shifted", false, "deployment.flag.shifted")
	f.BoolVar(&o.back, "back", false, "deployment.flag.back")
	_ = cmd.RegisterFlagCompletionFunc("deployment-type", cobra.FixedCompletions(typeNames(), cobra.ShellCompDirectiveNoFileComp))
}

// longestQuiet is how far back Azure Monitor is asked for the last call.
const longestQuiet = 50 * time.Minute

// checkBeside refuses flags that make no sense before anything is asked.
func (o *migrateOptions) checkBeside(env *verb.Env) error {
	o.rules.Steps = nil
	last := 0
	for _, s := range o.steps {
		if s <= last || s > 100 {
			return exit.New(exit.Usage, env.T("deployment.beside.steps-faulty"))
		}
		last = s
		o.rules.Steps = append(o.rules.Steps, float64(s)/100)
	}
	if last != 100 {
		return exit.New(exit.Usage, env.T("deployment.beside.steps-faulty"))
	}
	if o.rules.Hold <= 0 || o.rules.Quiet < time.Minute || o.rules.Quiet > longestQuiet || o.every < time.Millisecond || o.rules.MinCalls < 0 {
		return exit.New(exit.Usage, env.T("deployment.beside.times-faulty"))
	}
	if o.kind != "" {
		t, err := ptu.ParseDeploymentType(o.kind)
		if err != nil {
			return env.NotOneOf("--deployment-type", o.kind, typeNames())
		}
		o.sku = cmp.Or(o.sku, t.SKU())
	}
	if o.to == "" {
		o.to = o.name + "-" + o.version
	}
	if o.to == o.name {
		return exit.New(exit.Usage, env.T("deployment.beside.same-name"))
	}
	return session.CheckName(env, arm.DeploymentName, o.to)
}

// beside migrates to a new deployment, or goes on with a migration that was
// begun before, wherever it was.
func (o *migrateOptions) beside(ctx context.Context, env *verb.Env) error {
	if err := o.checkBeside(env); err != nil {
		return err
	}
	s, ref, err := o.open(ctx, env)
	if err != nil {
		return err
	}
	path := o.journal
	if path == "" {
		path = filepath.Join(env.WorkDir, ref.Account+"."+ref.Deployment+".migration.json")
	}
	if !env.Global.DryRun {
		release, err := migrate.Lock(path)
		if errors.Is(err, migrate.ErrTaken) {
			return exit.New(exit.Conflict, env.T("deployment.beside.taken", "Path", path)).Wrap(err)
		}
		if err != nil {
			return exit.New(exit.Failed, env.T("deployment.beside.unwritable", "Path", path, "Error", err.Error())).Wrap(err)
		}
		defer release()
	}
	j, err := migrate.ReadJournal(path)
	switch {
	case migrate.Missing(err) && o.back:
		return exit.New(exit.NotFound, env.T("deployment.beside.no-journal", "Path", path))
	case migrate.Missing(err):
		if j, err = o.begin(ctx, s, ref, path); err != nil || j == nil {
			return err
		}
	case err != nil:
		return exit.New(exit.Usage, env.T("deployment.beside.journal-faulty", "Path", path)).Wrap(err)
	default:
		if err := o.takeUp(env, j, ref); err != nil {
			return err
		}
	}
	return o.goOn(ctx, s, j)
}

// takeUp checks that a journal that is there is of the migration that is meant.
func (o *migrateOptions) takeUp(env *verb.Env, j *migrate.Journal, ref arm.DeploymentRef) error {
	if !strings.EqualFold(j.From.DeploymentRef.ID(), ref.ID()) || o.version != j.To.Model.Version || o.model != "" && !strings.EqualFold(o.model, j.To.Model.Name) {
		return exit.New(exit.Conflict, env.T("deployment.beside.other-journal", "Path", j.Path(), "From", j.From.DeploymentRef.Deployment, "To", j.To.Model.Name+" "+j.To.Model.Version)).
			Hint(env.T("cli.missing.give", "Flag", "--journal"))
	}
	j.Rules.KeepOld = o.rules.KeepOld
	j.Gateway, j.Backend = cmp.Or(o.gateway, j.Gateway), cmp.Or(o.backend, j.Backend)
	env.Note(env.T("deployment.beside.taken-up", "Path", j.Path(), "Phase", string(j.Phase), "Share", env.Printer().Percent(j.Share, 0)))
	return nil
}

// begin plans, shows the plan and asks. The journal is nil when nothing is to
// be done.
func (o *migrateOptions) begin(ctx context.Context, s *session.Session, ref arm.DeploymentRef, path string) (*migrate.Journal, error) {
	env := s.Env
	p, location, endpoint, err := o.planBeside(ctx, s, ref)
	if err != nil {
		return nil, err
	}
	if err := o.tellBeside(env, p); err != nil {
		return nil, err
	}
	backend, err := o.findBackend(ctx, s, ref, endpoint)
	if err != nil {
		return nil, err
	}
	if env.Global.DryRun {
		s.TellRequest("PUT", p.To)
		env.Note(env.T("deployment.dry-run"))
		return nil, env.Show(besideView(env, p, location, o))
	}
	yes, err := env.Confirm(ctx, env.T("deployment.beside.confirm", "Name", ref.Deployment, "New", p.To.DeploymentRef.Deployment))
	if err != nil {
		return nil, err
	}
	if !yes {
		return nil, cancelled(env)
	}
	s.TellRequest("PUT", p.To)
	j := migrate.NewJournal(path, p, o.rules)
	j.Location, j.Gateway, j.Backend = location, o.gateway, backend
	if err := j.Enter(env.Now(), migrate.Event{Act: migrate.ActPlan}); err != nil {
		return nil, exit.New(exit.Failed, env.T("deployment.beside.unwritable", "Path", path, "Error", err.Error())).Wrap(err)
	}
	env.Note(env.T("deployment.beside.journal", "Path", path))
	return j, nil
}

// findBackend finds out how the gateway calls the old deployment; that it can
// be reached is known before anything is created.
func (o *migrateOptions) findBackend(ctx context.Context, s *session.Session, ref arm.DeploymentRef, endpoint string) (string, error) {
	env := s.Env
	if o.gateway == "" {
		env.Warn(env.T("deployment.beside.by-hand"))
		return "", nil
	}
	g := migrate.Gateway{Address: o.gateway, HTTP: local(env)}
	text, _, err := g.Config(ctx)
	if err != nil {
		return "", exit.New(exit.Failed, env.T("deployment.beside.gateway", "Address", o.gateway, "Error", err.Error())).
			Hint(env.T("deployment.beside.gateway.hint", "Command", "azptu gateway run")).Wrap(err)
	}
	name, err := migrate.Backend(text, ref, endpoint, o.backend)
	if err != nil {
		return "", exit.New(exit.Validation, env.T("deployment.beside.no-backend", "Name", ref.Deployment, "Address", o.gateway)).Hint(env.T("cli.missing.give", "Flag", "--backend")).Wrap(err)
	}
	return name, nil
}

// planBeside asks Azure what the plan must know.
func (o *migrateOptions) planBeside(ctx context.Context, s *session.Session, ref arm.DeploymentRef) (p migrate.Plan, location, endpoint string, err error) {
	defer session.Busy(s.Env, s.Env.T("deployment.asking", "Account", ref.Account))()
	ground, err := s.Survey(ctx, ref)
	if err != nil {
		return p, "", "", err
	}
	if ground.Existing == nil {
		_, err := read(ctx, s, ref)
		return p, "", "", err
	}
	published, err := s.Env.Catalog()
	if err != nil {
		return p, "", "", err
	}
	from := *ground.Existing
	in := migrate.BesideInput{
		From: from, Target: arm.ModelRef{Name: o.model, Version: o.version}, Name: o.to, SKU: o.sku, Capacity: o.capacity,
		Offered: ground.Region.Models, Catalog: published, Now: s.Env.Now(),
	}
	standing, err := s.ARM.Deployment(ctx, arm.DeploymentRef{AccountRef: ref.AccountRef, Deployment: o.to})
	switch {
	case err == nil:
		in.Existing = &standing
	case arm.KindOf(err) != arm.NotFound:
		return p, "", "", session.Explain(s.Env, err)
	}
	sku := cmp.Or(o.sku, from.SKU)
	model, _, known := arm.FindModel(in.Offered, cmp.Or(o.model, from.Model.Name), o.version, sku)
	if known {
		capacities, err := s.ARM.Capacities(ctx, ref.SubscriptionID, model.ModelRef)
		if err == nil {
			in.Free, in.FreeSaid = session.FreeCapacity(capacities, ground.Region.Name, sku)
		} else if ctx.Err() != nil {
			return p, "", "", ctx.Err()
		}
		offered, _ := model.SKU(sku)
		if u, ok := arm.FindUsage(ground.Usages, offered.UsageName, sku, model.ModelRef); ok {
			in.Quota, in.QuotaSaid = max(int(u.Limit-u.Used), 0), true
		}
	}
	in.Load = busiest(ctx, s, ref, ground.Account.Location)
	return migrate.MakeBeside(in), ground.Account.Location, ground.Account.OwnEndpoint(), nil
}

// busiest is the busiest minute of a deployment in the last day. Without the
// right to read metrics it is not known.
func busiest(ctx context.Context, s *session.Session, ref arm.DeploymentRef, location string) migrate.Load {
	client, err := s.Metrics(location)
	if err != nil {
		return migrate.Load{}
	}
	var most migrate.Load
	now := s.Env.Now()
	for _, w := range []monitor.Window{{}, {From: now.Add(-24 * time.Hour), To: now}} {
		all, err := client.Deployments(ctx, []arm.AccountRef{ref.AccountRef}, w)
		if err != nil {
			s.Env.Log().Debug("the load is not known", "error", err)
			return most
		}
		for _, one := range all {
			if !strings.EqualFold(one.Ref.Deployment, ref.Deployment) {
				continue
			}
			for _, p := range one.Points {
				cached := 0.0
				if p.Cached != nil {
					cached = *p.Cached * float64(p.Prompt)
				}
				if float64(p.Prompt+p.Output) > most.Prompt+most.Output {
					most = migrate.Load{Calls: float64(p.Calls()), Prompt: float64(p.Prompt), Cached: cached, Output: float64(p.Output)}
				}
			}
		}
	}
	return most
}

// lastCalls tells by Azure Monitor when a deployment was called last.
type lastCalls struct {
	client *monitor.Client
}

func (l lastCalls) LastCall(ctx context.Context, ref arm.DeploymentRef) (last, now time.Time, err error) {
	all, now, err := l.client.Calls(ctx, ref.AccountRef)
	if err != nil {
		return last, now, err
	}
	for _, one := range all {
		if !strings.EqualFold(one.Ref.Deployment, ref.Deployment) {
			continue
		}
		for _, p := range one.Points {
			if p.Calls() > 0 {
				last = p.At.Add(one.Step) // somewhere in that minute
			}
		}
	}
	return last, now, nil
}

// again is the command that takes a migration up again.
func again(env *verb.Env, j *migrate.Journal) string {
	parts := []string{"azptu deployment migrate", j.From.DeploymentRef.Deployment, "--subscription-id", j.From.SubscriptionID, "--resource-group", session.Quote(j.From.ResourceGroup),
		"--account-name", j.From.Account, "--model-version", session.Quote(j.To.Model.Version), "--journal", session.Quote(j.Path())}
	if env.Global.Cloud != "" {
		parts = append(parts, "--cloud", session.Quote(env.Global.Cloud))
	}
	return strings.Join(parts, " ")
}

// goOn carries the migration out from where its journal says.
func (o *migrateOptions) goOn(ctx context.Context, s *session.Session, j *migrate.Journal) error {
	env := s.Env
	client, err := s.Metrics(j.Location)
	if err != nil {
		return session.Explain(env, err)
	}
	line := env.Term.Progress()
	defer line.Done()
	b := &migrate.Beside{
		Azure: s.ARM, Calls: lastCalls{client}, Now: env.Now, Look: o.every, ByHand: o.shifted, NoWait: env.Global.NoWait,
		Sleep: func(ctx context.Context, d time.Duration) error {
			line.Show(env.T("deployment.beside.waiting", "Phase", string(j.Phase), "Share", env.Printer().Percent(j.Share, 0)))
			return arm.Sleep(ctx, d)
		},
		Report: func(e migrate.Event) {
			line.Done()
			env.Note(env.T("deployment.beside.event", "Phase", string(e.Phase), "Share", env.Printer().Percent(e.Share, 0), "What", happened(env, e)))
		},
	}
	if j.Gateway != "" {
		b.Traffic = &migrate.Gateway{Address: j.Gateway, HTTP: local(env), Old: j.Backend, To: j.To, File: o.file}
	}
	if o.back {
		if err := b.Back(ctx, j); err != nil {
			return explainBeside(s, j, err)
		}
		env.Note(env.T("deployment.beside.back", "Name", j.From.DeploymentRef.Deployment, "Command", "azptu deployment delete "+j.To.DeploymentRef.Deployment+" --account-name "+j.To.Account))
		return o.standing(ctx, s, j, j.From)
	}
	err = b.Run(ctx, j)
	if errors.Is(err, migrate.ErrByHand) && !env.Global.NoWait {
		env.Note(env.T("deployment.beside.shift-now", "Old", j.From.DeploymentRef.Deployment, "New", j.To.DeploymentRef.Deployment))
		for errors.Is(err, migrate.ErrByHand) {
			if err = b.Sleep(ctx, b.Look); err == nil {
				err = b.Run(ctx, j)
			}
		}
	}
	if err != nil {
		return explainBeside(s, j, err)
	}
	if j.Phase == migrate.Drained {
		env.Note(env.T("deployment.beside.kept", "Name", j.From.DeploymentRef.Deployment, "Command", again(env, j)))
	}
	return o.standing(ctx, s, j, j.To)
}

// standing shows a deployment as it is now.
func (o *migrateOptions) standing(ctx context.Context, s *session.Session, j *migrate.Journal, d arm.Deployment) error {
	now, err := s.ARM.Deployment(ctx, d.DeploymentRef)
	if err != nil {
		return session.Explain(s.Env, err)
	}
	return showOne(s.Env, toRecord(now, j.Location))
}

// explainBeside words the end of a run that did not reach its end, and says
// what remains and how to go on.
func explainBeside(s *session.Session, j *migrate.Journal, err error) error {
	env := s.Env
	remains := env.T("deployment.beside.remains."+string(j.Phase), "Old", j.From.DeploymentRef.Deployment, "New", j.To.DeploymentRef.Deployment, "Share", env.Printer().Percent(j.Share, 0))
	resume := env.T("deployment.beside.resume", "Command", again(env, j))
	var unhealthy *migrate.UnhealthyError
	var out *exit.Error
	switch {
	case errors.Is(err, context.Canceled):
		out = exit.New(exit.Interrupted, env.T("deployment.beside.left"))
	case errors.Is(err, migrate.ErrByHand):
		out = exit.New(exit.Pending, env.T("deployment.beside.shift-now", "Old", j.From.DeploymentRef.Deployment, "New", j.To.DeploymentRef.Deployment))
	case errors.Is(err, migrate.ErrCalled):
		out = exit.New(exit.Pending, env.T("deployment.beside.still-called", "Old", j.From.DeploymentRef.Deployment, "Quiet", j.Rules.Quiet.String()))
	case errors.As(err, &unhealthy):
		out = exit.New(exit.Failed, env.T("deployment.beside.unhealthy", "New", j.To.DeploymentRef.Deployment, "Share", env.Printer().Percent(unhealthy.Share, 0),
			"What", env.T("deployment.beside.gate."+unhealthy.Reason.What), "Seen", unhealthy.Reason.Seen, "Limit", unhealthy.Reason.Limit))
	case errors.Is(err, migrate.ErrChanged):
		out = exit.New(exit.Conflict, env.T("deployment.beside.changed", "Error", err.Error()))
	case errors.Is(err, migrate.ErrFailed):
		out = exit.New(exit.Failed, env.T("deployment.beside.failed", "New", j.To.DeploymentRef.Deployment, "Error", err.Error()))
	case errors.Is(err, migrate.ErrRefused):
		out = exit.New(exit.Conflict, env.T("deployment.beside.no-way-back", "Old", j.From.DeploymentRef.Deployment))
	case errors.Is(err, migrate.ErrBackend), errors.Is(err, migrate.ErrGateway):
		out = exit.New(exit.Failed, env.T("deployment.beside.gateway", "Address", j.Gateway, "Error", err.Error()))
	default:
		told := session.Explain(env, arm.AsError(err))
		if errors.As(told, &out) {
			return out.Hint(remains, resume)
		}
		return told
	}
	return out.Hint(remains, resume).Wrap(err)
}

// percentages writes steps as people read them.
func percentages(steps []int) string {
	parts := make([]string, len(steps))
	for i, s := range steps {
		parts[i] = strconv.Itoa(s) + " %"
	}
	return strings.Join(parts, " → ")
}

// happened is an entry of the journal in the user's words.
func happened(env *verb.Env, e migrate.Event) string {
	text := env.T("deployment.beside.act."+string(e.Act), "Name", e.Deployment, "Share", env.Printer().Percent(e.Share, 0))
	if e.Reason == nil {
		return text
	}
	return env.T("deployment.beside.act-because", "What", text, "Why", env.T("deployment.beside.gate."+e.Reason.What), "Seen", e.Reason.Seen, "Limit", e.Reason.Limit)
}
