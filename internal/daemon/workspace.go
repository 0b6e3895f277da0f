package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/azptu/azptu/internal/calllog"
	"github.com/azptu/azptu/internal/calllog/mask"
	"github.com/azptu/azptu/internal/kql"
	"github.com/azptu/azptu/internal/kustowire"
)

// Workspace is the emulated Log Analytics workspace and Data Explorer database:
// what was sent to them, in a folder of its own that is made when the first row
// comes, and beside it the logs of a gateway, if there is one. Queries see both
// as one.
type Workspace struct {
	// Mask goes over the rows that are sent; nil keeps them as they come. It is
	// set before the first one.
	Mask *mask.Rules

	dir  string
	view *calllog.View // of dir and the folders beside it
	now  func() time.Time
	log  *slog.Logger

	using  sync.RWMutex // held while rows are taken, so that they are not emptied away
	mu     sync.Mutex
	store  *calllog.Store
	closed bool
}

// NewWorkspace keeps what is sent in dir. Queries see the log folders beside
// it, too.
func NewWorkspace(dir string, now func() time.Time, log *slog.Logger, beside ...string) *Workspace {
	return &Workspace{dir: dir, view: calllog.NewView(dir, beside...), now: now, log: log}
}

// Handler answers the query protocols of Azure; clients are told to sign in at
// authority.
func (w *Workspace) Handler(authority string) http.Handler {
	return kustowire.New(kustowire.Config{Engine: &kql.Engine{}, Database: w.view, Now: w.now, LoginEndpoint: authority})
}

// Take adds rows to a table. They are durable when it returns.
func (w *Workspace) Take(table string, rows [][]byte) (known bool, err error) {
	if _, ok := calllog.SchemaOf(table); !ok {
		return false, nil
	}
	w.using.RLock()
	defer w.using.RUnlock()
	store, err := w.opened()
	if err != nil {
		return true, err
	}
	_, err = store.AppendRows(table, rows)
	if errors.Is(err, calllog.ErrLost) {
		if err = store.Flush(context.Background()); err == nil {
			_, err = store.AppendRows(table, rows)
		}
	}
	if err == nil {
		err = store.Flush(context.Background())
	}
	return true, err
}

func (w *Workspace) opened() (*calllog.Store, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil, errors.New("the workspace is closed")
	}
	if w.store == nil {
		store, err := calllog.Open(w.dir, calllog.Options{Now: w.now, Log: w.log, Mask: w.Mask})
		if err != nil {
			return nil, fmt.Errorf("opening the workspace: %w", err)
		}
		w.store = store
	}
	return w.store, nil
}

// Empty forgets every row that was sent. The folders beside it stay as they are.
func (w *Workspace) Empty() error {
	w.using.Lock()
	defer w.using.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	var err error
	if w.store != nil {
		err, w.store = w.store.Close(), nil
	}
	return errors.Join(err, os.RemoveAll(w.dir))
}

// Close ends the workspace. What was sent stays in its folder.
func (w *Workspace) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	if w.store == nil {
		return nil
	}
	return w.store.Close()
}
