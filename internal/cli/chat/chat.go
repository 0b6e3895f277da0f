// Package chat holds `azptu chat`: a talk with a deployment in the terminal.
// Answers are shown as they are written, and after each stands what it took:
// tokens, time to the first of them, how full the deployment said it was. What
// is said goes to the deployment and to the screen, and nowhere else: not into
// a log, a file, or what --debug shows.
package chat

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/term"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/openai"
)

type options struct {
	scope       verb.Scope
	deployment  string
	system      string
	images      []string
	once        bool
	maxTokens   int
	temperature float64
	endpoint    string
	key         string
	apiVersion  string

	warm bool // --temperature was given
}

// New makes `azptu chat`.
func New(env *verb.Env) *cobra.Command {
	o := &options{}
	var cmd *cobra.Command
	cmd = verb.Command(env, verb.Spec{Use: "chat [PROMPT...]", Help: "chat", Required: []string{"deployment-name"}, Run: func(ctx context.Context, args []string) error {
		o.warm = cmd.Flags().Changed("temperature")
		return o.run(ctx, env, strings.Join(args, " "))
	}})
	flags := cmd.Flags()
	o.scope.Bind(env, cmd, verb.FlagAccount, verb.FlagResourceGroup, verb.FlagSubscription)
	flags.StringVar(&o.deployment, "deployment-name", "", "chat.flag.deployment-name")
	flags.StringVar(&o.system, "system", "", "chat.flag.system")
	flags.StringArrayVar(&o.images, "image", nil, "chat.flag.image")
	flags.BoolVar(&o.once, "once", false, "chat.flag.once")
	flags.IntVar(&o.maxTokens, "max-tokens", 0, "chat.flag.max-tokens")
	flags.Float64Var(&o.temperature, "temperature", 0, "chat.flag.temperature")
	flags.StringVar(&o.endpoint, "endpoint", "", "chat.flag.endpoint")
	flags.StringVar(&o.key, "key", "", "chat.flag.key")
	flags.StringVar(&o.apiVersion, "api-version", "", "chat.flag.api-version")
	return cmd
}

func (o *options) run(ctx context.Context, env *verb.Env, prompt string) error {
	if err := o.check(env); err != nil {
		return err
	}
	s, err := session.Open(env)
	if err != nil {
		return err
	}
	client, spare, err := o.client(ctx, s)
	if err != nil {
		return err
	}
	t := &talk{env: env, client: client, spare: spare, deployment: o.deployment, images: o.images, maxTokens: o.maxTokens}
	if o.warm {
		t.temperature = &o.temperature
	}
	if o.system != "" {
		t.history = []openai.Message{{Role: "system", Content: o.system}}
	}
	if !o.once && env.Term.InTTY {
		return t.converse(ctx, prompt)
	}
	if prompt == "" {
		if prompt, err = whole(env); err != nil {
			return err
		}
	}
	reply, err := t.say(ctx, prompt)
	if err != nil {
		return err
	}
	return t.result(reply)
}

func (o *options) check(env *verb.Env) error {
	if err := session.CheckName(env, arm.DeploymentName, o.deployment); err != nil {
		return err
	}
	if o.endpoint != "" {
		u, err := url.Parse(o.endpoint)
		if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
			return exit.New(exit.Usage, env.T("chat.endpoint-faulty", "Value", o.endpoint))
		}
	}
	if o.maxTokens < 0 {
		return exit.New(exit.Usage, env.T("chat.max-tokens-faulty"))
	}
	return nil
}

// maxPrompt bounds a prompt that comes by standard input, in bytes.
const maxPrompt = 1 << 20

// whole reads the prompt from standard input.
func whole(env *verb.Env) (string, error) {
	if env.Term.InTTY {
		return "", exit.New(exit.Usage, env.T("chat.no-prompt"))
	}
	raw, err := io.ReadAll(io.LimitReader(env.Term.In, maxPrompt))
	if err != nil {
		return "", exit.New(exit.Failed, env.T("chat.no-prompt")).Wrap(err)
	}
	prompt := strings.TrimSpace(string(raw))
	if prompt == "" {
		return "", exit.New(exit.Usage, env.T("chat.no-prompt"))
	}
	return prompt, nil
}

// client speaks to the address that was given, or to the account's own. spare,
// unless nil, signs in by the account's key when the caller's own identity
// may not call deployments.
func (o *options) client(ctx context.Context, s *session.Session) (client *openai.Client, spare func(context.Context) (openai.Authorizer, error), err error) {
	env := s.Env
	// Nothing of a talk is traced, whatever --debug asks.
	client = &openai.Client{Endpoint: o.endpoint, APIVersion: o.apiVersion, HTTP: s.Private(), Now: env.Now, Authorize: s.SignedIn()}
	reference := o.key
	if reference == "" && o.endpoint != "" {
		reference = "env:AZURE_OPENAI_API_KEY"
	}
	if reference != "" {
		key, err := secret(env, reference)
		switch {
		case err == nil:
			client.Authorize = openai.APIKey(key)
		case o.key != "":
			return nil, nil, err
		}
	}
	if o.endpoint != "" {
		return client, nil, nil
	}
	ref, err := s.Account(ctx, o.scope, verb.Tree)
	if err != nil {
		return nil, nil, err
	}
	account, err := s.ARM.Account(ctx, ref)
	if err != nil {
		if session.IsMissing(err) {
			err = s.MissingAccount(ctx, ref, err)
		}
		return nil, nil, session.Explain(env, err)
	}
	client.Endpoint = account.OwnEndpoint()
	if o.key == "" && account.LocalAuth {
		spare = func(ctx context.Context) (openai.Authorizer, error) {
			keys, err := s.ARM.Keys(ctx, ref)
			return openai.APIKey(keys.Key1), err
		}
	}
	return client, spare, nil
}

// secret reads a key from where a reference says: env:NAME or file:PATH. A key
// itself is refused, since it would stay in the shell's history.
func secret(env *verb.Env, reference string) (string, error) {
	scheme, name, _ := strings.Cut(reference, ":")
	value := ""
	switch scheme {
	case "env":
		value = env.Getenv(name)
	case "file":
		raw, err := os.ReadFile(name)
		if err != nil {
			return "", exit.New(exit.Usage, env.T("chat.key-unreadable")).Wrap(err)
		}
		value = strings.TrimSpace(string(raw))
	default:
		return "", exit.New(exit.Usage, env.T("chat.key-faulty"))
	}
	if value == "" {
		return "", exit.New(exit.Usage, env.T("chat.key-empty", "Reference", reference))
	}
	return value, nil
}

// explain turns a refusal of the data plane into an error to be printed.
func explain(env *verb.Env, deployment string, err error) error {
	var refused *openai.Error
	if !errors.As(err, &refused) {
		return session.Explain(env, arm.AsError(err))
	}
	kind, hint := exit.Failed, ""
	message := env.T("chat.refused", "Deployment", deployment, "Error", refused.Message)
	switch refused.Status {
	case 400:
		kind = exit.Validation
	case 401:
		kind = exit.SignIn
	case 403:
		kind, hint = exit.Permission, env.T("chat.hint.role", "Command", "azptu account grant")
	case 404:
		kind, hint = exit.NotFound, env.T("chat.hint.deployments", "Command", "azptu deployment list")
		if refused.Code == "DeploymentNotFound" {
			message = env.T("chat.unknown", "Deployment", deployment) + "\n  " + refused.Message
		}
	case 429:
		hint = env.T("chat.hint.wait", "Wait", cmp.Or(refused.RetryAfter, 0).String())
	}
	out := exit.New(kind, message).Because(refused.Code).Request(refused.RequestID).Wrap(err)
	if hint != "" {
		out.Hint(hint)
	}
	return out
}

// write puts text on the screen as it comes.
func write(t *term.Terminal, text string) error {
	_, err := io.WriteString(t.Out, text)
	return err
}
