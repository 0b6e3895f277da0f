package deployment

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/ptu"
	"github.com/azptu/azptu/internal/settings"
)

type createOptions struct {
	target
	size
	model     string
	version   string
	kind      string // deployment type
	sku       string
	upgrade   string
	spillover string
	policy    string
	format    string
	tags      map[string]string
	sized     func() bool // a size was given, be it 0
	switched  bool        // to another account, after the first had no room
}

// NewCreate makes `azptu deployment create` and `azptu create-ptu-deployment`.
func NewCreate(env *verb.Env, face verb.Face) *cobra.Command {
	o := &createOptions{target: target{face: face}}
	required := o.required("model-name", "model-version", "capacity")
	if face == verb.Tree {
		required = []string{"model-name"}
	}
	cmd := verb.Command(env, verb.Spec{
		Use: face.Pick("create-ptu-deployment", "create NAME"), Help: face.Pick("deployment.create-ptu-deployment", "deployment.create"), Required: required,
		Run: func(ctx context.Context, args []string) error {
			o.take(args)
			return o.run(ctx, env)
		},
	})
	o.bind(env, cmd)
	flags := cmd.Flags()
	o.sized = func() bool { return flags.Changed("capacity") || o.tpm != "" }
	flags.StringVar(&o.model, "model-name", "", "deployment.flag.model-name")
	flags.StringVar(&o.version, "model-version", "", "deployment.flag.model-version")
	_ = cmd.RegisterFlagCompletionFunc("model-name", env.CompleteModels())
	_ = cmd.RegisterFlagCompletionFunc("model-version", env.CompleteVersions("model-name"))
	flags.IntVar(&o.units, "capacity", 0, "deployment.flag.capacity")
	flags.StringVar(&o.kind, "deployment-type", "", "deployment.flag.deployment-type")
	_ = cmd.RegisterFlagCompletionFunc("deployment-type", cobra.FixedCompletions(typeNames(), cobra.ShellCompDirectiveNoFileComp))
	if face == verb.Tree {
		flags.StringVar(&o.sku, "sku", "", "deployment.flag.sku")
		_ = cmd.RegisterFlagCompletionFunc("sku", cobra.FixedCompletions(skuNames(), cobra.ShellCompDirectiveNoFileComp))
		flags.StringVar(&o.tpm, "tpm", "", "deployment.flag.tpm")
		flags.StringVar(&o.format, "model-format", "", "deployment.flag.model-format")
		flags.StringVar(&o.upgrade, "upgrade-policy", "", "deployment.flag.upgrade-policy")
		flags.StringVar(&o.spillover, "spillover", "", "deployment.flag.spillover")
		flags.StringVar(&o.policy, "content-filter", "", "deployment.flag.content-filter")
		flags.StringToStringVar(&o.tags, "tag", nil, "deployment.flag.tag")
	}
	return cmd
}

func (o *createOptions) run(ctx context.Context, env *verb.Env) error {
	wish, err := o.wish(env)
	if err != nil {
		return err
	}
	s, ref, err := o.open(ctx, env)
	if err != nil {
		return o.refusedAnyway(env, wish, err)
	}
	done := session.Busy(env, env.T("deployment.asking", "Account", ref.Account))
	ground, err := s.Survey(ctx, ref)
	done()
	if err != nil {
		return o.refusedAnyway(env, wish, err)
	}
	offer, err := session.Judge(env, wish, ground.Region)
	if err != nil {
		return err
	}
	if ground.Existing != nil {
		return exit.New(exit.Conflict, env.T("deployment.exists", "Name", ref.Deployment, "Account", ref.Account)).
			Hint(env.T("deployment.exists.hint", "Command", "azptu deployment update "+ref.Deployment+" --account-name "+ref.Account))
	}
	if err := s.CheckQuota(ground, wish, offer, wish.Capacity); err != nil {
		return err
	}
	if err := s.CheckCapacity(ctx, ground, wish, offer, wish.Capacity); err != nil {
		return o.elsewhere(ctx, s, err, ground, wish, offer, ref)
	}
	d := o.deployment(ref, wish, offer)
	s.TellTerms(ctx, ground, wish, offer, wish.Capacity)
	s.TellRequest("PUT", d)
	if env.Global.DryRun {
		env.Note(env.T("deployment.dry-run"))
		return nil
	}
	if err := o.consent(ctx, env, d); err != nil {
		return err
	}
	return o.write(ctx, s, d, ground)
}

// refusedAnyway tells of a capacity or a model that the published tables
// refuse, when Azure could not be asked: that much is known without it.
func (o *createOptions) refusedAnyway(env *verb.Env, wish session.Wish, err error) error {
	if exit.CodeOf(err) != exit.Interrupted.Code() {
		if _, refused := session.Judge(env, wish, session.Region{}); refused != nil && exit.CodeOf(refused) == exit.Validation.Code() && isCapacity(refused) {
			env.Log().Debug("Azure could not be asked", "error", err)
			return refused
		}
	}
	return err
}

// wish reads what is wanted from the flags.
func (o *createOptions) wish(env *verb.Env) (session.Wish, error) {
	w := session.Wish{Model: o.model, Version: o.version}
	if !o.sized() {
		return w, exit.New(exit.Usage, env.N("cli.flag-missing", 1, "Flags", "--capacity"))
	}
	if err := session.CheckName(env, arm.ModelName, o.model); err != nil {
		return w, err
	}
	if o.version != "" {
		if err := session.CheckName(env, arm.ModelVersion, o.version); err != nil {
			return w, err
		}
	}
	var err error
	if w.SKU, err = o.wantedSKU(env); err != nil {
		return w, err
	}
	if o.upgrade != "" {
		if o.upgrade, err = parseUpgrade(env, o.upgrade); err != nil {
			return w, err
		}
	}
	w.Capacity, err = o.capacity(env, w.SKU)
	return w, err
}

// wantedSKU is the SKU that --sku names, or --deployment-type means.
func (o *createOptions) wantedSKU(env *verb.Env) (string, error) {
	kind := cmp.Or(o.kind, env.Setting(settings.DeploymentType))
	t, err := ptu.ParseDeploymentType(kind)
	switch {
	case err != nil && (o.sku == "" || o.kind != ""):
		return "", env.NotOneOf("--deployment-type", kind, typeNames())
	case o.sku == "" && o.tpm != "":
		return t.StandardSKU(), nil
	case o.sku == "":
		return t.SKU(), nil
	}
	sku, err := parseSKU(env, o.sku)
	if err == nil && o.kind != "" && t != ptu.BoundaryOfSKU(sku) && !o.switched {
		return "", env.Contradiction("--deployment-type "+o.kind, "--sku "+sku)
	}
	return sku, err
}

func (o *createOptions) deployment(ref arm.DeploymentRef, w session.Wish, offer session.Offer) arm.Deployment {
	model := offer.Model
	if o.format != "" {
		model.Format = o.format
	}
	return arm.Deployment{
		DeploymentRef: ref, SKU: w.SKU, Capacity: w.Capacity, Model: model,
		Upgrade: o.upgrade, Spillover: o.spillover, RAIPolicy: o.policy, Tags: o.tags,
	}
}

// consent asks in the tree; the documented command asks nothing, as the manual
// shows it.
func (o *createOptions) consent(ctx context.Context, env *verb.Env, d arm.Deployment) error {
	if o.face == verb.Documented {
		return nil
	}
	yes, err := env.Confirm(ctx, env.T("deployment.create.confirm", "Name", d.DeploymentRef.Deployment, "Units", units(env, d.SKU, d.Capacity)))
	if err != nil {
		return err
	}
	if !yes {
		return cancelled(env)
	}
	return nil
}

func (o *createOptions) write(ctx context.Context, s *session.Session, d arm.Deployment, ground session.Ground) error {
	env := s.Env
	verbatim := env.Verbatim(o.face)
	kind := string(ptu.BoundaryOfSKU(d.SKU))
	args := []any{"Name", d.DeploymentRef.Deployment, "Group", d.ResourceGroup, "Account", d.Account, "Model", d.Model.Name, "Version", d.Model.Version,
		"Capacity", d.Capacity, "Type", kind, "SKU", d.SKU}
	if verbatim {
		say(env, "deployment.create.head", args...)
		gap(env)
		say(env, "deployment.create.begin", args...)
	}
	op, err := s.ARM.PutDeployment(ctx, d)
	if err != nil {
		return o.refused(ctx, s, ground, d, err)
	}
	pending := session.Pending{What: env.T("deployment.create.what", args...), Ref: d.DeploymentRef}
	made, left, err := outcome(ctx, s, op, pending)
	if err != nil || left {
		return err
	}
	if verbatim {
		say(env, "deployment.create.done", args...)
		return nil
	}
	if _, provisioned := ptu.TypeOfSKU(d.SKU); provisioned {
		env.Note(env.T("price.advice"))
	}
	return showOne(env, toRecord(made, ground.Account.Location))
}

// refused explains a PUT that Azure would not take. When the units ran out
// between the look and the request, the alternatives follow all the same.
func (o *createOptions) refused(ctx context.Context, s *session.Session, ground session.Ground, d arm.Deployment, err error) error {
	explained := session.Explain(s.Env, err)
	if arm.KindOf(err) != arm.NoCapacity {
		return explained
	}
	w := session.Wish{Model: d.Model.Name, Version: d.Model.Version, SKU: d.SKU, Capacity: d.Capacity}
	offer, judged := session.Judge(s.Env, w, ground.Region)
	if judged != nil {
		return explained
	}
	return o.elsewhere(ctx, s, explained, ground, w, offer, d.DeploymentRef)
}
