package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/gateway/config"
	"github.com/azptu/azptu/internal/ptu"
)

type initOptions struct {
	env      *verb.Env
	scope    verb.Scope
	accounts []string
	file     string
	auth     string
	force    bool
}

func newInit(env *verb.Env) *cobra.Command {
	o := &initOptions{env: env}
	cmd := verb.Command(env, verb.Spec{Use: "init", Help: "gateway.init", Run: func(ctx context.Context, _ []string) error { return o.run(ctx) }})
	o.scope.Bind(env, cmd, verb.FlagSubscription)
	cmd.Flags().StringSliceVar(&o.accounts, "account", nil, "gateway.flag.account")
	cmd.Flags().StringVar(&o.file, "file", defaultFile, "gateway.flag.file")
	cmd.Flags().StringVar(&o.auth, "auth", "entra", "gateway.flag.auth")
	cmd.Flags().BoolVar(&o.force, "force", false, "gateway.flag.force")
	_ = cmd.RegisterFlagCompletionFunc("auth", cobra.FixedCompletions([]string{"entra", "managedIdentity", "key"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// deployed is a deployment and the account it is in.
type deployed struct {
	arm.Deployment
	account  arm.Account
	endpoint string
}

func (o *initOptions) run(ctx context.Context) error {
	env := o.env
	if !slices.Contains([]string{"entra", "managedIdentity", "key"}, o.auth) {
		return env.NotOneOf("--auth", o.auth, []string{"entra", "managedIdentity", "key"})
	}
	s, err := session.Open(env)
	if err != nil {
		return err
	}
	found, err := o.find(ctx, s)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return exit.New(exit.NotFound, env.T("gateway.nothing-deployed"))
	}
	text := o.write(found, s.Cloud.CAFile)
	if _, err := config.Parse([]byte(text)); err != nil {
		return explain(env, o.file, err)
	}
	if o.file == "-" || env.Global.DryRun {
		fmt.Fprint(env.Term.Out, text)
		return nil
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if o.force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(o.file, flags, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return exit.New(exit.Conflict, env.T("gateway.file-exists", "Path", o.file)).Hint(env.T("gateway.file-force", "Flag", "--force")).Wrap(err)
	}
	if err == nil {
		_, err = f.WriteString(text)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return exit.New(exit.Failed, env.T("gateway.not-written", "Path", o.file, "Error", err.Error())).Wrap(err)
	}
	fmt.Fprintln(env.Term.Out, env.N("gateway.written", len(found), "Path", o.file))
	env.Note(env.T("gateway.next", "Key", keyVariable, "Command", "azptu gateway run --config "+o.file))
	return nil
}

// find lists what is deployed in the accounts asked for, or in all.
func (o *initOptions) find(ctx context.Context, s *session.Session) ([]deployed, error) {
	subscription, err := s.Subscription(ctx, o.scope)
	if err != nil {
		return nil, err
	}
	accounts, err := s.ARM.Accounts(ctx, subscription)
	if err != nil {
		return nil, session.Explain(o.env, err)
	}
	for _, name := range o.accounts {
		if !slices.ContainsFunc(accounts, func(a arm.Account) bool { return strings.EqualFold(a.Account, name) }) {
			return nil, exit.New(exit.NotFound, o.env.T("gateway.no-account", "Name", name))
		}
	}
	var found []deployed
	for _, a := range accounts {
		if len(o.accounts) > 0 && !slices.ContainsFunc(o.accounts, func(n string) bool { return strings.EqualFold(n, a.Account) }) {
			continue
		}
		list, err := s.ARM.Deployments(ctx, a.AccountRef)
		if err != nil {
			return nil, session.Explain(o.env, err)
		}
		for _, d := range list {
			_, provisioned := ptu.TypeOfSKU(d.SKU)
			if (provisioned || ptu.IsStandard(d.SKU)) && d.State == "Succeeded" {
				found = append(found, deployed{d, a, strings.TrimSuffix(cmp.Or(a.OwnEndpoint(), a.Endpoint), "/")})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b deployed) int {
		return cmp.Or(cmp.Compare(a.Model.Name, b.Model.Name), cmp.Compare(a.priority(), b.priority()))
	})
	return found, nil
}

func (d deployed) priority() int {
	if _, provisioned := ptu.TypeOfSKU(d.SKU); provisioned {
		return 1
	}
	return 2
}

func (d deployed) name() string {
	return strings.ToLower(d.account.Account + "-" + d.Deployment.DeploymentRef.Deployment)
}

// keyVariable is where the first client's key is expected.
const keyVariable = "AZPTU_GATEWAY_KEY"

// write makes the configuration: a pool for each model, provisioned
// deployments first.
func (o *initOptions) write(found []deployed, caFile string) string {
	var b strings.Builder
	b.WriteString("version: 1\nlisten: 127.0.0.1:8080\nadmin: 127.0.0.1:8081\nbackends:\n")
	for _, d := range found {
		kind := "standard"
		if d.priority() == 1 {
			kind = "ptu"
		}
		fmt.Fprintf(&b, "  - name: %s\n    endpoint: %q\n    deployment: %q\n    kind: %s\n    sku: %s\n    capacity: %d\n    model: {name: %q, version: %q}\n    region: %s\n",
			d.name(), d.endpoint, d.Deployment.DeploymentRef.Deployment, kind, d.SKU, d.Capacity, d.Model.Name, d.Model.Version, arm.Fold(d.account.Location))
		if caFile != "" {
			fmt.Fprintf(&b, "    caFile: %q\n", caFile)
		}
		fmt.Fprintf(&b, "    auth: %s\n", o.authOf(d))
	}
	b.WriteString("pools:\n")
	var pools []string
	for i, d := range found {
		if i == 0 || d.Model.Name != found[i-1].Model.Name {
			pools = append(pools, d.Model.Name)
			fmt.Fprintf(&b, "  - name: %q\n%s    members:\n", d.Model.Name, aliases(found, d.Model.Name))
		}
		fmt.Fprintf(&b, "      - {backend: %s, priority: %d}\n", d.name(), d.priority())
	}
	fmt.Fprintf(&b, "products:\n  - name: default\n    pools: [%s]\n", `"`+strings.Join(pools, `", "`)+`"`)
	fmt.Fprintf(&b, "keys:\n  - {name: first, product: default, secret: \"env:%s\"}\n", keyVariable)
	b.WriteString("logs: {dir: ./logs, bodies: masked, retention: 30d}\n")
	return b.String()
}

// aliases are the names of a model's deployments, so that clients that ask for
// a deployment find it behind the gateway too. Names that mean several models
// are left out.
func aliases(found []deployed, model string) string {
	models := map[string]map[string]bool{}
	var names []string
	for _, d := range found {
		name := d.Deployment.DeploymentRef.Deployment
		if models[name] == nil {
			models[name] = map[string]bool{name: true} // a pool may have that very name
		}
		models[name][d.Model.Name] = true
		if d.Model.Name == model && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		taken := slices.ContainsFunc(found, func(d deployed) bool { return d.Model.Name == name })
		return taken || len(models[name]) > 2
	})
	if len(names) == 0 {
		return ""
	}
	return `    aliases: ["` + strings.Join(names, `", "`) + "\"]\n"
}

func (o *initOptions) authOf(d deployed) string {
	if o.auth != "key" {
		return "{" + o.auth + ": {}}"
	}
	variable := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(d.account.Account))
	return fmt.Sprintf("{key: \"env:%s_KEY\"}", strings.ToUpper(variable))
}
