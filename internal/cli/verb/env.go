// Package verb is what every command of azptu shares: the Env it is handed
// (streams, clock, language, settings, state, transport), the Spec it is built
// from, the flags that mean the same everywhere, and the way it shows a result
// or asks a question. A verb is an Options struct, a constructor
// New(env, face) *cobra.Command and a run(ctx) error; its folder is its noun.
package verb

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/cli/term"
	"github.com/azptu/azptu/internal/locale"
	"github.com/azptu/azptu/internal/settings"
)

// Face is which of its two names a command is called by.
type Face int

// The faces.
const (
	Tree       Face = iota // azptu deployment create …: prints by way of render
	Documented             // azptu create-ptu-deployment …: prints what the 1.0 manual shows
)

// Pick chooses between the documented and the tree's wording.
func (f Face) Pick(documented, tree string) string {
	if f == Documented {
		return documented
	}
	return tree
}

// Build says which azptu this is.
type Build struct {
	Version string // "1.1.0"
	Commit  string // abbreviated; "" when unknown
	Date    string // of the commit, RFC 3339; "" when unknown
}

// Global holds the flags that every command takes.
type Global struct {
	Lang, Output, Query, Cloud, Catalog, Config, Debug string

	Yes    bool // answer questions with yes
	DryRun bool // show what would be sent, send nothing
	NoWait bool // do not follow an operation to its end
}

// AccountLister lists the accounts of a subscription. It is what
// set-project needs of Azure.
type AccountLister interface {
	// ListAccounts lists the accounts of the default (or only) subscription and
	// stores them in the cache of the state.
	ListAccounts(ctx context.Context) ([]settings.Project, error)
}

// Env is the world as a command sees it. Its exported fields are set once, at
// the edge; everything that costs time is made when first asked for.
type Env struct {
	Term      *term.Terminal
	Getenv    func(string) string
	Now       func() time.Time
	WorkDir   string
	Build     Build
	Transport func() *http.Transport // a fresh base transport: proxies from the environment, system CAs
	Accounts  AccountLister          // nil: names cannot be checked against Azure

	Global Global

	settings lazy[*settings.Settings]
	printer  lazy[*locale.Printer]
	catalog  lazy[*catalog.Catalog]
	store    lazy[*settings.Store]
}

// lazy is a value made on first use.
type lazy[T any] struct {
	once  sync.Once
	value T
	err   error
}

func (l *lazy[T]) get(make func() (T, error)) (T, error) {
	l.once.Do(func() { l.value, l.err = make() })
	return l.value, l.err
}

// Settings is what is configured. The settings are usable, and not nil, even
// when there is an error; the faulty source is then left out. Explain words the
// error.
func (e *Env) Settings() (*settings.Settings, error) {
	return e.settings.get(func() (*settings.Settings, error) { return settings.Load(e.Sources()) })
}

// Sources are where Settings looks.
func (e *Env) Sources() settings.Sources {
	return settings.Sources{
		Getenv: e.Getenv, Folders: settings.FindFolders(e.Getenv), WorkDir: e.WorkDir, File: e.Global.Config,
		Flags: map[string]string{"lang": e.Global.Lang, "output": e.Global.Output, "cloud": e.Global.Cloud, "catalog": e.Global.Catalog, "debug": e.Global.Debug},
	}
}

// Printer speaks the user's language.
func (e *Env) Printer() *locale.Printer {
	printer, _ := e.printer.get(func() (*locale.Printer, error) {
		configured, _ := e.Settings() // a faulty file must not silence us
		lang := configured.Language()
		return locale.New(lang, configured.Messages(lang)), nil
	})
	return printer
}

// T says a message; see locale.Printer.T.
func (e *Env) T(key string, args ...any) string { return e.Printer().T(key, args...) }

// N says a message that depends on a count; see locale.Printer.N.
func (e *Env) N(key string, n int, args ...any) string { return e.Printer().N(key, n, args...) }

// State is the store of what is remembered from run to run.
func (e *Env) State() *settings.Store {
	store, _ := e.store.get(func() (*settings.Store, error) {
		return settings.NewStore(settings.FindFolders(e.Getenv).State, e.Now, func(aside string, reason error) {
			e.Warn(e.T("settings.state-damaged"))
			e.Log().Debug("state file", "error", reason)
			if aside != "" {
				e.Warn(e.T("settings.state-set-aside", "Path", aside))
			}
		}), nil
	})
	return store
}

// Remembered is the state as it is now.
func (e *Env) Remembered(ctx context.Context) (settings.State, error) {
	state, err := e.State().Load(ctx)
	return state, e.stateError(err)
}

// Remember changes the state.
func (e *Env) Remember(ctx context.Context, change func(*settings.State)) error {
	return e.stateError(e.State().Update(ctx, func(s *settings.State) error {
		change(s)
		return nil
	}))
}

// Forget clears the state; had tells whether there was anything to clear.
func (e *Env) Forget(ctx context.Context) (had bool, err error) {
	had, err = e.State().Clear(ctx)
	return had, e.stateError(err)
}

// Setting is the value of a general setting, such as settings.Cloud.
func (e *Env) Setting(name string) string {
	configured, _ := e.Settings()
	return configured.Get(name).Text
}

// Debugging tells whether --debug was asked for; http whether requests are to
// be traced too.
func (e *Env) Debugging() (on, http bool) {
	level := e.Setting(settings.Debug)
	return level == "on" || level == "http", level == "http"
}

// Log is where a command notes what it does for --debug; silent otherwise.
func (e *Env) Log() *slog.Logger {
	if on, _ := e.Debugging(); !on {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(e.Term.Err, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Warn tells the user of something on the talk stream.
func (e *Env) Warn(text string) {
	e.say(e.Term.ErrStyle(term.Yellow, e.T("cli.warning")) + " " + text)
}

// Note says something by the way on the talk stream.
func (e *Env) Note(text string) { e.say(text) }

func (e *Env) say(text string) { _, _ = io.WriteString(e.Term.Err, text+"\n") }
