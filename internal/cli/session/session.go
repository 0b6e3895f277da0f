// Package session is one command's talk with Azure: which cloud, which
// identity, which account a command is about, and how an answer that is not
// the one hoped for is told to the user. Verbs open a Session, ask its
// Resource Manager client, and hand errors to Explain.
package session

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/azure/login"
	"github.com/azptu/azptu/internal/azure/monitor"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/settings"
)

// Session is a command's talk with one cloud as one identity.
type Session struct {
	Env   *verb.Env
	Cloud login.Cloud
	ARM   *arm.Client

	transport http.RoundTripper
	private   http.RoundTripper // transport without --debug's eyes
	token     func(ctx context.Context, audience string) (string, error)
	metrics   func(region string) (*monitor.Client, error)
}

// Open finds the cloud and prepares the client. It does not touch the network:
// the first request signs in. Errors are ready to be printed.
func Open(env *verb.Env) (*Session, error) {
	cloud, err := FindCloud(env)
	if err != nil {
		return nil, err
	}
	base := env.Transport()
	if err := login.Trust(base, cloud.CAFile, env.Getenv("SSL_CERT_FILE")); err != nil {
		return nil, exit.New(exit.Failed, env.T("azure.ca-unreadable", "Error", err.Error())).Wrap(err)
	}
	base.MaxIdleConnsPerHost = Parallel // else a connection is made anew for nearly every request
	transport := env.Traced(base)
	credential, err := login.Credential(cloud, env.Getenv("AZURE_TENANT_ID"), transport, env.Now)
	if err != nil {
		return nil, Explain(env, err)
	}
	client, err := arm.New(arm.Options{
		Cloud: cloud, Credential: credential, Transport: transport, Now: env.Now,
		UserAgent: userAgent(env),
	})
	if err != nil {
		return nil, Explain(env, err)
	}
	return &Session{
		Env: env, Cloud: cloud, ARM: client, transport: transport, private: base,
		token: func(ctx context.Context, audience string) (string, error) {
			return login.Token(ctx, credential, audience)
		},
		metrics: func(region string) (*monitor.Client, error) {
			return monitor.New(monitor.Options{Cloud: cloud, Region: region, Credential: credential, Transport: transport, UserAgent: userAgent(env)})
		},
	}, nil
}

// FindCloud finds the cloud that the settings name.
func FindCloud(env *verb.Env) (login.Cloud, error) {
	name := env.Setting(settings.Cloud)
	source := login.Source{Name: name, EmulatorDirs: EmulatorDirs(env)}
	if configured, _ := env.Settings(); configured.Get(settings.Cloud).Origin == settings.BuiltIn {
		source.AuthorityHost = env.Getenv("AZURE_AUTHORITY_HOST")
	}
	cloud, err := login.Resolve(source)
	switch {
	case errors.Is(err, login.ErrNoEmulator):
		return cloud, exit.New(exit.Failed, env.T("azure.no-emulator")).
			Hint(env.T("azure.no-emulator.hint", "Command", "azptu up"), env.T("azure.no-emulator.dirs", "Dirs", strings.Join(source.EmulatorDirs, ", "))).Wrap(err)
	case errors.Is(err, login.ErrUnknownCloud):
		return cloud, env.NotOneOf("--cloud", name, settings.NamedClouds())
	case err != nil:
		return cloud, exit.New(exit.Usage, env.T("azure.cloud-faulty", "Cloud", name, "Error", err.Error())).
			Hint(env.T("azure.cloud-names", "Names", strings.Join(settings.NamedClouds(), ", "))).Wrap(err)
	}
	return cloud, nil
}

// EmulatorDirs is where the emulator.json of a running emulator is looked for,
// best first.
func EmulatorDirs(env *verb.Env) []string {
	dirs := []string{}
	add := func(dir string) {
		if dir != "" && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	add(env.Getenv("AZPTU_EMULATOR_DIR"))
	add(env.WorkDir)
	if env.WorkDir != "" {
		add(filepath.Join(env.WorkDir, ".azptu"))
		add(filepath.Join(env.WorkDir, "emulator"))
	}
	if state := settings.FindFolders(env.Getenv).State; state != "" {
		add(filepath.Join(state, "emulator"))
	}
	return dirs
}

// Subscription is the subscription a command is about: what the flag, the
// environment or the state names, else what the cloud's file names, else the
// only one the caller can see.
func (s *Session) Subscription(ctx context.Context, scope verb.Scope) (string, error) {
	filled, err := s.Env.Fill(ctx, scope)
	if err != nil {
		return "", err
	}
	id := cmp.Or(filled.SubscriptionID, s.Env.Getenv("AZURE_SUBSCRIPTION_ID"), s.Cloud.SubscriptionID)
	if id != "" {
		return id, CheckName(s.Env, arm.SubscriptionName, id)
	}
	all, err := s.ARM.Subscriptions(ctx)
	if err != nil {
		return "", Explain(s.Env, err)
	}
	if len(all) == 1 {
		return all[0].ID, nil
	}
	missing := s.Env.Need(filled, verb.FlagSubscription)
	var known *exit.Error
	if errors.As(missing, &known) && len(all) > 1 {
		names := make([]string, 0, len(all))
		for _, one := range all[:min(len(all), 5)] {
			names = append(names, one.ID+" ("+one.Name+")")
		}
		known.Hint(s.Env.T("azure.subscriptions", "Names", strings.Join(names, ", ")))
	}
	return "", missing
}

// Subscriptions is every subscription a command about all of them covers: the
// one that was named, or all that the caller can see.
func (s *Session) Subscriptions(ctx context.Context, flag string) ([]string, error) {
	if named := cmp.Or(flag, s.Env.Getenv("AZPTU_SUBSCRIPTION_ID")); named != "" {
		return []string{named}, CheckName(s.Env, arm.SubscriptionName, named)
	}
	all, err := s.ARM.Subscriptions(ctx)
	if err != nil {
		return nil, Explain(s.Env, err)
	}
	ids := make([]string, 0, len(all))
	for _, one := range all {
		if one.State == "" || strings.EqualFold(one.State, "Enabled") || strings.EqualFold(one.State, "Warned") {
			ids = append(ids, one.ID)
		}
	}
	return ids, nil
}

// OpenAccount opens a session and finds the account that a command is about.
func OpenAccount(ctx context.Context, env *verb.Env, scope verb.Scope, face verb.Face) (*Session, arm.AccountRef, error) {
	s, err := Open(env)
	if err != nil {
		return nil, arm.AccountRef{}, err
	}
	ref, err := s.Account(ctx, scope, face)
	return s, ref, err
}

// Account names the account a command is about. The documented commands want
// the resource group to be given or remembered, as the manual says; in the
// tree it is looked up by the account's name when nothing names it.
func (s *Session) Account(ctx context.Context, scope verb.Scope, face verb.Face) (arm.AccountRef, error) {
	filled, err := s.Env.Fill(ctx, scope)
	if err != nil {
		return arm.AccountRef{}, err
	}
	if face == verb.Documented {
		if err := s.Env.Need(filled, verb.FlagResourceGroup); err != nil {
			return arm.AccountRef{}, err
		}
	}
	if err := s.Env.Need(filled, verb.FlagAccount); err != nil {
		return arm.AccountRef{}, err
	}
	if err := CheckName(s.Env, arm.AccountName, filled.Account); err != nil {
		return arm.AccountRef{}, err
	}
	if filled.ResourceGroup != "" {
		if err := CheckName(s.Env, arm.ResourceGroupName, filled.ResourceGroup); err != nil {
			return arm.AccountRef{}, err
		}
	}
	subscription, err := s.Subscription(ctx, scope)
	if err != nil {
		return arm.AccountRef{}, err
	}
	ref := arm.AccountRef{SubscriptionID: subscription, ResourceGroup: filled.ResourceGroup, Account: filled.Account}
	if ref.ResourceGroup != "" {
		return ref, nil
	}
	return s.find(ctx, ref)
}

// find looks the resource group of an account up.
func (s *Session) find(ctx context.Context, ref arm.AccountRef) (arm.AccountRef, error) {
	accounts, err := s.ARM.Accounts(ctx, ref.SubscriptionID)
	if err != nil {
		return ref, Explain(s.Env, err)
	}
	var found []arm.AccountRef
	var names []string
	for _, a := range accounts {
		names = append(names, a.Account)
		if strings.EqualFold(a.Account, ref.Account) {
			found = append(found, a.AccountRef)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return ref, s.NoAccount(ref, names)
	}
	groups := make([]string, 0, len(found))
	for _, f := range found {
		groups = append(groups, f.ResourceGroup)
	}
	return ref, exit.New(exit.Usage, s.Env.T("azure.account-ambiguous", "Name", ref.Account, "Groups", strings.Join(groups, ", "))).
		Hint(s.Env.T("cli.missing.give", "Flag", "--"+verb.FlagResourceGroup))
}

// NoAccount is the error for an account that is not there; names are those
// that are.
func (s *Session) NoAccount(ref arm.AccountRef, names []string) error {
	err := exit.New(exit.NotFound, s.Env.T("azure.account-unknown", "Name", ref.Account))
	if near := verb.Nearest(ref.Account, names); near != "" {
		err.Hint(s.Env.T("cli.did-you-mean", "Name", near))
	}
	return err.Hint(s.Env.T("azure.account-unknown.hint"))
}

// CheckName refuses a name that Azure would not take, before anything is sent.
func CheckName(env *verb.Env, kind arm.NameKind, name string) error {
	err := arm.CheckName(kind, name)
	if err == nil {
		return nil
	}
	shown := []rune(name)
	if len(shown) > 60 {
		shown = append(shown[:57:57], []rune("...")...)
	}
	return exit.New(exit.Validation, env.T("azure.name."+string(kind), "Name", string(shown))).
		Hint(env.T("azure.name." + string(kind) + ".hint")).Wrap(err)
}

// Lister lists accounts for set-project and completion.
type Lister struct{ Env *verb.Env }

// ListAccounts implements verb.AccountLister.
func (l Lister) ListAccounts(ctx context.Context) ([]settings.Project, error) {
	s, err := Open(l.Env)
	if err != nil {
		return nil, err
	}
	subscription, err := s.Subscription(ctx, verb.Scope{})
	if err != nil {
		return nil, err
	}
	accounts, err := s.ARM.Accounts(ctx, subscription)
	if err != nil {
		return nil, Explain(l.Env, err)
	}
	projects := Projects(accounts)
	return projects, s.Keep(ctx, subscription, projects)
}

// Projects is accounts as the state's cache keeps them.
func Projects(accounts []arm.Account) []settings.Project {
	projects := make([]settings.Project, 0, len(accounts))
	for _, a := range accounts {
		projects = append(projects, settings.Project{
			ID: a.ID(), Name: a.Account, ResourceGroup: a.ResourceGroup, Location: a.Location, Kind: a.Kind, Endpoint: a.OwnEndpoint(),
		})
	}
	return projects
}

// Keep stores the list of a subscription's accounts in the state's cache. A
// state that cannot be written is no reason to fail a command that only reads.
func (s *Session) Keep(ctx context.Context, subscription string, projects []settings.Project) error {
	err := s.Env.Remember(ctx, func(state *settings.State) {
		state.Cache = &settings.Projects{SavedAt: s.Env.Now(), Cloud: s.Cloud.Name, SubscriptionID: subscription, Items: projects}
	})
	if err != nil {
		s.Env.Log().Debug("the list of accounts was not cached", "error", err)
	}
	return nil
}
