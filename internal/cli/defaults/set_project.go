package defaults

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/settings"
)

// patience is how long set-project waits for Azure to confirm a name.
const patience = 20 * time.Second

type setProject struct {
	env  *verb.Env
	face verb.Face
	name string
	flag verb.Scope
}

// NewSetProject makes the command set-project, which is also `account set`.
// The account it chooses is what --account-name stands for from then on.
func NewSetProject(env *verb.Env, face verb.Face) *cobra.Command {
	o := &setProject{env: env, face: face}
	cmd := verb.Command(env, verb.Spec{
		Use: face.Pick("set-project PROJECT", "set NAME"), Help: face.Pick("defaults.set-project", "defaults.set-account"),
		Run: func(ctx context.Context, args []string) error {
			o.name = args[0]
			return o.run(ctx)
		},
	})
	o.flag.Bind(env, cmd, verb.FlagResourceGroup)
	cmd.ValidArgsFunction = first(env.CompleteAccounts())
	return cmd
}

func (o *setProject) run(ctx context.Context) error {
	env := o.env
	if !isAccount(o.name) {
		return exit.New(exit.Validation, env.T("defaults.project-faulty", "Name", quoted(o.name))).Hint(env.T("defaults.project-rule"))
	}
	project, err := o.find(ctx)
	if err != nil {
		return err
	}
	return set(ctx, env, o.face, env.T("defaults.project-set", "Name", project.Name), func(s *settings.State) {
		s.Project, s.ProjectGroup = project.Name, project.ResourceGroup
	})
}

// find looks the account up in the cache, then in Azure. Where Azure cannot be
// asked the name is believed, with a warning: choosing a default is no reason
// to demand a network.
func (o *setProject) find(ctx context.Context) (settings.Project, error) {
	env := o.env
	believed := settings.Project{Name: o.name, ResourceGroup: o.flag.ResourceGroup}
	state, err := env.Remembered(ctx)
	if err != nil {
		return believed, err
	}
	configured, err := env.Settings()
	if err != nil {
		return believed, env.Explain(err)
	}
	cached, fresh := state.Fresh(env.Setting(settings.Cloud), state.SubscriptionID, env.Now(), configured.CacheAge())
	if found := o.named(cached); fresh && len(found) > 0 {
		return o.only(found, state)
	}
	if env.Accounts == nil {
		env.Warn(env.T("defaults.project-unchecked", "Name", o.name))
		return believed, nil
	}
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	listed, err := env.Accounts.ListAccounts(asking)
	switch {
	case ctx.Err() != nil:
		return believed, ctx.Err()
	case err != nil:
		env.Warn(env.T("defaults.project-unchecked", "Name", o.name) + " (" + err.Error() + ")")
		return believed, nil
	}
	found := o.named(listed)
	if len(found) == 0 {
		return believed, o.notFound(listed)
	}
	return o.only(found, state)
}

// named picks the accounts of the wanted name, in the wanted resource group.
func (o *setProject) named(projects []settings.Project) []settings.Project {
	return slices.DeleteFunc(slices.Clone(projects), func(p settings.Project) bool {
		return !strings.EqualFold(p.Name, o.name) || o.flag.ResourceGroup != "" && !strings.EqualFold(p.ResourceGroup, o.flag.ResourceGroup)
	})
}

// only decides between accounts of the same name in several resource groups:
// the default group's is meant, else the user must say.
func (o *setProject) only(found []settings.Project, state settings.State) (settings.Project, error) {
	if len(found) == 1 {
		return found[0], nil
	}
	var groups []string
	for _, p := range found {
		if strings.EqualFold(p.ResourceGroup, state.ResourceGroup) {
			return p, nil
		}
		groups = append(groups, p.ResourceGroup)
	}
	return found[0], exit.New(exit.Usage, o.env.T("defaults.project-ambiguous", "Name", o.name, "Groups", strings.Join(groups, ", "))).
		Hint(o.env.T("cli.missing.give", "Flag", "--"+verb.FlagResourceGroup))
}

func (o *setProject) notFound(listed []settings.Project) error {
	env := o.env
	err := exit.New(exit.NotFound, env.T("defaults.project-unknown", "Name", o.name))
	var names []string
	for _, p := range listed {
		names = append(names, p.Name)
	}
	if near := verb.Nearest(o.name, names); near != "" {
		err.Hint(env.T("cli.did-you-mean", "Name", near))
	}
	return err.Hint(env.T("defaults.project-list"))
}
