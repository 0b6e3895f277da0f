// Package gateway is `azptu gateway`: it runs the gateway, judges and writes
// its configuration, asks a running one to reload or to explain what would
// happen to a request, and makes subscription keys.
package gateway

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/azure/login"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/gateway"
	"github.com/azptu/azptu/internal/gateway/config"
)

// defaultFile is the configuration that is read when none is named.
const defaultFile = "gateway.yaml"

// New makes the command `azptu gateway`.
func New(env *verb.Env) *cobra.Command {
	return verb.Group(env, verb.Spec{Use: "gateway", Help: "gateway"},
		newRun(env), newCheck(env), newInit(env), newReload(env), newExplain(env), newKey(env))
}

// bindConfig adds the flag that names the gateway's configuration. It stands
// before the flag of all commands that has the same name.
func bindConfig(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVar(path, "config", defaultFile, "gateway.flag.config")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
}

// read reads the configuration; its faults become an error to be printed and
// its warnings go to the talk stream.
func read(env *verb.Env, path string) (*config.Config, []byte, error) {
	c, text, err := gateway.ReadConfig(path)
	if err != nil {
		return nil, text, explain(env, path, err)
	}
	for _, w := range c.Warnings {
		env.Warn(w.String())
	}
	return c, text, nil
}

// explain turns an error about a configuration into one to be printed.
func explain(env *verb.Env, path string, err error) error {
	var invalid *config.Invalid
	if !errors.As(err, &invalid) {
		message := env.T("gateway.unreadable", "Path", path, "Error", err.Error())
		if errors.Is(err, fs.ErrNotExist) {
			message = env.T("gateway.missing", "Path", path)
		}
		return exit.New(exit.Usage, message).
			Hint(env.T("gateway.make-one", "Command", "azptu gateway init")).Wrap(err)
	}
	out := exit.New(exit.Validation, env.N("gateway.invalid", len(invalid.Faults), "Path", path))
	for _, f := range invalid.Faults {
		out.Message += "\n  " + f.String()
	}
	return out.Wrap(err)
}

// signIn gets tokens the way every other command does; managed identities are
// asked for directly.
type signIn struct{ env *verb.Env }

// sources makes the source of tokens for backends and key vaults. Nothing is
// looked up before the first token is wanted.
func sources(env *verb.Env) gateway.TokenSource {
	return gateway.ManagedIdentity{Getenv: env.Getenv, Client: env.Transport(), Now: env.Now, Next: &signIn{env: env}}
}

// Token signs in for a resource.
func (s *signIn) Token(ctx context.Context, how config.Auth, resource string) (gateway.Token, error) {
	cloud, err := session.FindCloud(s.env)
	if err != nil {
		return gateway.Token{}, err
	}
	base := s.env.Transport()
	if err := login.Trust(base, cloud.CAFile, s.env.Getenv("SSL_CERT_FILE")); err != nil {
		return gateway.Token{}, err
	}
	tenant := how.Tenant
	if tenant == "" {
		tenant = s.env.Getenv("AZURE_TENANT_ID")
	}
	credential, err := login.Credential(cloud, tenant, base, s.env.Now)
	if err != nil {
		return gateway.Token{}, err
	}
	request := optionsOf(credential.GetToken)
	request.Scopes = []string{resource + "/.default"}
	token, err := credential.GetToken(ctx, request)
	if err != nil {
		return gateway.Token{}, err
	}
	return gateway.Token{Value: token.Token, Expires: token.ExpiresOn}, nil
}

// optionsOf is the zero value of what a credential wants to be told.
func optionsOf[O, T any](func(context.Context, O) (T, error)) (zero O) { return zero }

// secrets finds what the configuration names.
func secrets(env *verb.Env) gateway.Secrets {
	return gateway.Secrets{Getenv: env.Getenv, Tokens: sources(env), Client: env.Transport()}
}

// adminTimeout bounds what a running gateway may take to answer.
const adminTimeout = 30 * time.Second
