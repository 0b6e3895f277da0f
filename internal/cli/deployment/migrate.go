package deployment

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/migrate"
	"github.com/azptu/azptu/internal/ptu"
)

type migrateOptions struct {
	target
	besideOptions
	model   string
	version string
	inPlace bool
}

// newMigrate makes `azptu deployment migrate`.
func newMigrate(env *verb.Env) *cobra.Command {
	o := &migrateOptions{target: target{face: verb.Tree}}
	cmd := verb.Command(env, verb.Spec{Use: "migrate NAME", Help: "deployment.migrate", Required: []string{"model-version"}, Run: func(ctx context.Context, args []string) error {
		o.take(args)
		return o.run(ctx, env)
	}})
	o.bind(env, cmd)
	cmd.Flags().StringVar(&o.model, "model-name", "", "deployment.flag.target-name")
	cmd.Flags().StringVar(&o.version, "model-version", "", "deployment.flag.target-version")
	cmd.Flags().BoolVar(&o.inPlace, "in-place", false, "deployment.flag.in-place")
	_ = cmd.RegisterFlagCompletionFunc("model-name", env.CompleteModels())
	_ = cmd.RegisterFlagCompletionFunc("model-version", env.CompleteVersions("model-name"))
	o.bindBeside(cmd)
	return cmd
}

func (o *migrateOptions) run(ctx context.Context, env *verb.Env) error {
	if o.model != "" {
		if err := session.CheckName(env, arm.ModelName, o.model); err != nil {
			return err
		}
	}
	if err := session.CheckName(env, arm.ModelVersion, o.version); err != nil {
		return err
	}
	if !o.inPlace {
		return o.beside(ctx, env)
	}
	s, ref, err := o.open(ctx, env)
	if err != nil {
		return err
	}
	plan, location, err := o.plan(ctx, s, ref)
	if err != nil {
		return err
	}
	if err := o.tell(s, plan); err != nil {
		return err
	}
	if env.Global.DryRun {
		env.Note(env.T("deployment.dry-run"))
		return env.Show(planView(env, plan, location))
	}
	if _, there := plan.Has(migrate.SameModel); there {
		return o.result(ctx, s, plan, location) // done before, perhaps by a run that was cut off
	}
	if _, underway := plan.Has(migrate.Underway); !underway {
		if err := o.consent(ctx, env, plan); err != nil {
			return err
		}
	}
	return o.carryOut(ctx, s, plan, location)
}

// plan asks Azure what the plan must know.
func (o *migrateOptions) plan(ctx context.Context, s *session.Session, ref arm.DeploymentRef) (migrate.Plan, string, error) {
	done := session.Busy(s.Env, s.Env.T("deployment.asking", "Account", ref.Account))
	defer done()
	ground, err := s.Survey(ctx, ref)
	if err != nil {
		return migrate.Plan{}, "", err
	}
	if ground.Existing == nil {
		_, err := read(ctx, s, ref)
		return migrate.Plan{}, "", err
	}
	published, err := s.Env.Catalog()
	if err != nil {
		return migrate.Plan{}, "", err
	}
	in := migrate.Input{
		From: *ground.Existing, Target: arm.ModelRef{Name: o.model, Version: o.version},
		Offered: ground.Region.Models, Catalog: published, Now: s.Env.Now(),
	}
	name := o.model
	if name == "" {
		name = ground.Existing.Model.Name
	}
	if model, _, known := arm.FindModel(in.Offered, name, o.version, ground.Existing.SKU); known {
		capacities, err := s.ARM.Capacities(ctx, ref.SubscriptionID, model.ModelRef)
		if ctx.Err() != nil {
			return migrate.Plan{}, "", ctx.Err()
		}
		if err == nil {
			in.Free, in.FreeSaid = session.FreeCapacity(capacities, ground.Region.Name, ground.Existing.SKU)
		}
	}
	in.Load = busiest(ctx, s, ref, ground.Account.Location)
	return migrate.Make(in), ground.Account.Location, nil
}

// tell shows the plan on the talk stream. A refusal is the command's error.
func (o *migrateOptions) tell(s *session.Session, p migrate.Plan) error {
	env := s.Env
	args := []any{"Name", p.From.DeploymentRef.Deployment, "From", p.From.Model.Name + " " + p.From.Model.Version, "To", p.To.Model.Name + " " + p.To.Model.Version,
		"Units", units(env, p.From.SKU, p.From.Capacity), "Size", p.From.Capacity, "Type", session.SKULabel(p.From.SKU)}
	env.Note(env.T("deployment.migrate.plan", args...))
	for _, f := range p.Findings {
		text := env.T("deployment.migrate."+string(f.Code), append(args, "Count", f.Units, "Date", f.Date)...)
		switch {
		case f.Level == migrate.Warning:
			env.Warn(text)
		case f.Level == migrate.Note || f.Code == migrate.Underway || f.Code == migrate.SameModel:
			env.Note(text)
		default:
			return o.refusal(env, p, f, text)
		}
	}
	return nil
}

func (o *migrateOptions) refusal(env *verb.Env, p migrate.Plan, f migrate.Finding, text string) error {
	kind := exit.Validation
	if f.Code == migrate.Busy {
		kind = exit.Conflict
	}
	err := exit.New(kind, text)
	switch f.Code {
	case migrate.Busy:
		err.Hint(env.T("azure.left.hint", "Command", session.Resume(p.From.DeploymentRef, "")))
	case migrate.WrongSize:
		err.Hint(env.T("deployment.migrate.resize", "Command", "azptu deployment update "+p.From.DeploymentRef.Deployment+" --account-name "+p.From.Account+" --capacity "+strconv.Itoa(f.Units)))
	case migrate.ModelUnknown, migrate.VersionUnknown, migrate.TypeUnsupported, migrate.Retired:
		err.Hint(env.T("azure.list-models", "Command", "azptu model show "+session.Quote(p.To.Model.Name)))
	}
	return err
}

func (o *migrateOptions) consent(ctx context.Context, env *verb.Env, p migrate.Plan) error {
	yes, err := env.Confirm(ctx, env.T("deployment.migrate.confirm", "Name", p.From.DeploymentRef.Deployment, "To", p.To.Model.Name+" "+p.To.Model.Version))
	if err != nil {
		return err
	}
	if !yes {
		return cancelled(env)
	}
	return nil
}

func (o *migrateOptions) carryOut(ctx context.Context, s *session.Session, p migrate.Plan, location string) error {
	env := s.Env
	if _, underway := p.Has(migrate.Underway); !underway {
		s.TellRequest("PUT", p.To)
	}
	op, err := migrate.Begin(ctx, s.ARM, p)
	switch {
	case errors.Is(err, migrate.ErrChanged):
		return exit.New(exit.Conflict, env.T("deployment.migrate.changed", "Name", p.From.DeploymentRef.Deployment)).Wrap(err)
	case err != nil:
		return session.Explain(env, err)
	}
	if _, underway := p.Has(migrate.Underway); !underway {
		env.Note(env.T("deployment.migrate.rollback", "Command", rollback(p)))
	}
	pending := session.Pending{What: env.T("deployment.migrate.what", "Name", p.From.DeploymentRef.Deployment, "To", p.To.Model.Name+" "+p.To.Model.Version), Ref: p.From.DeploymentRef}
	if op != nil && env.Global.NoWait && !op.Done() {
		s.Accepted(op, pending)
		return o.result(ctx, s, p, location)
	}
	if op != nil {
		if err := s.Follow(ctx, op, pending); err != nil {
			return err
		}
	}
	if !env.Global.NoWait {
		// The operation may end before the state does.
		if _, err := s.Await(ctx, p.From.DeploymentRef, ""); err != nil {
			return err
		}
	}
	return o.result(ctx, s, p, location)
}

func (o *migrateOptions) result(ctx context.Context, s *session.Session, p migrate.Plan, location string) error {
	d, err := s.ARM.Deployment(ctx, p.From.DeploymentRef)
	if err != nil {
		return session.Explain(s.Env, err)
	}
	if d.Settled() && !p.Done(d) {
		return exit.New(exit.Failed, s.Env.T("deployment.migrate.elsewhere", "Name", p.From.DeploymentRef.Deployment, "Model", d.Model.Name+" "+d.Model.Version, "State", d.State))
	}
	return showOne(s.Env, toRecord(d, location))
}

// rollback is the command that migrates back.
func rollback(p migrate.Plan) string {
	back := p.Rollback()
	return "azptu deployment migrate " + p.From.DeploymentRef.Deployment + " --subscription-id " + p.From.SubscriptionID + " --resource-group " + session.Quote(p.From.ResourceGroup) +
		" --account-name " + p.From.Account + " --model-name " + session.Quote(back.Name) + " --model-version " + session.Quote(back.Version) + " --in-place"
}

// planRecord is a plan as -o json shows it.
type planRecord struct {
	Deployment string            `json:"deployment"`
	Account    string            `json:"account"`
	SKU        string            `json:"sku"`
	Type       string            `json:"deploymentType"`
	Capacity   int               `json:"capacity"`
	Location   string            `json:"location"`
	From       Model             `json:"from"`
	To         Model             `json:"to"`
	Findings   []migrate.Finding `json:"findings"`
	Rollback   string            `json:"rollback"`
}

func planView(env *verb.Env, p migrate.Plan, location string) render.View {
	r := planRecord{
		p.From.DeploymentRef.Deployment, p.From.Account, p.From.SKU, string(ptu.BoundaryOfSKU(p.From.SKU)), p.From.Capacity, arm.Fold(location),
		Model{p.From.Model.Name, p.From.Model.Version, p.From.Model.Format}, Model{p.To.Model.Name, p.To.Model.Version, p.To.Model.Format}, p.Findings, rollback(p),
	}
	return render.One(r, func(r planRecord) string { return r.Deployment },
		render.Col(env.T("deployment.field.name"), func(r planRecord) any { return r.Deployment }),
		render.Col(env.T("deployment.field.from"), func(r planRecord) any { return r.From.Name + " " + r.From.Version }),
		render.Col(env.T("deployment.field.to"), func(r planRecord) any { return r.To.Name + " " + r.To.Version }),
		render.Col(env.T("deployment.field.rollback"), func(r planRecord) any { return r.Rollback }),
	)
}
