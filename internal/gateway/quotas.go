package gateway

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/azptu/azptu/internal/admit"
	"github.com/azptu/azptu/internal/atomicfile"
)

// quotaName names a quota: whose it is, and of which span.
type quotaName struct {
	scope Scope
	span  admit.Span
}

// spent is what was used of a quota in the span that began at begin.
type spent struct {
	begin time.Time
	used  int64
}

// quotaFile is where quotas of days and months are noted for the process that
// comes after this one.
type quotaFile struct {
	mu      sync.Mutex
	path    string // that noted is in
	noted   []byte
	exists  bool // some process has written one
	failing bool
	stop    chan struct{}
	done    chan struct{}
}

// quotaEvery is how often quotas are noted: what a process that is killed loses.
const quotaEvery = 5 * time.Second

// notedQuotas is the file.
type notedQuotas struct {
	Version int          `json:"version"`
	Quotas  []notedQuota `json:"quotas"`
}

// notedQuota is a line of the file.
type notedQuota struct {
	Scope   ScopeKind `json:"scope"`
	Name    string    `json:"name"`
	Product string    `json:"product,omitempty"`
	Span    string    `json:"span"`
	Begin   string    `json:"begin"` // its first day, UTC
	Used    int64     `json:"used"`
}

var spanNames = map[admit.Span]string{admit.Day: "day", admit.Month: "month"}

// maxQuotaFile bounds what is read of the file, in bytes: two quotas for each of
// the most addresses, and some thousand keys.
const maxQuotaFile = 64 << 20

// carryQuotas takes over what the process before has noted. A file that cannot
// be understood is set aside: quotas then begin anew, and the log says so.
func (g *Gateway) carryQuotas(path string) {
	if path == "" {
		return
	}
	carried, err := readQuotas(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case errors.Is(err, errQuotaFile):
		aside := path + ".bad"
		g.log.Error("what was used of quotas is not known; they begin anew", "error", err, "setAside", aside)
		if err := os.Rename(path, aside); err != nil {
			g.log.Error("the file could not be set aside", "error", err)
		}
		return
	case err != nil:
		g.log.Error("what was used of quotas is not known; they begin anew", "error", err)
		return
	}
	g.local.carried, g.quotas.exists = carried, true
}

// errQuotaFile is of a file that is none of ours, or damaged.
var errQuotaFile = errors.New("no file of quotas")

func readQuotas(path string) (map[quotaName]spent, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading quotas: %w", err)
	}
	if info.Size() > maxQuotaFile {
		return nil, fmt.Errorf("%w: %s has %d bytes", errQuotaFile, path, info.Size())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading quotas: %w", err)
	}
	carried, err := parseQuotas(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", errQuotaFile, path, err)
	}
	return carried, nil
}

func parseQuotas(text []byte) (map[quotaName]spent, error) {
	var file notedQuotas
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	if file.Version != 1 {
		return nil, fmt.Errorf("version %d", file.Version)
	}
	carried := make(map[quotaName]spent, len(file.Quotas))
	for _, q := range file.Quotas {
		begin, err := time.Parse(time.DateOnly, q.Begin)
		if err != nil || q.Used < 0 || q.Span != spanNames[admit.Day] && q.Span != spanNames[admit.Month] {
			return nil, fmt.Errorf("the quota of %s %q makes no sense", q.Scope, q.Name)
		}
		name := quotaName{scope: Scope{Kind: q.Scope, Name: q.Name, Product: q.Product}}
		if q.Span == spanNames[admit.Month] {
			name.span = admit.Month
		}
		carried[name] = spent{begin, q.Used}
	}
	return carried, nil
}

// used is what is used of all quotas now, in a settled order. What was carried
// over of quotas that the configuration does not have is kept for as long as its
// span lasts, for when they come back.
func (l *localLimits) used() []notedQuota {
	now := l.now()
	var all []notedQuota
	note := func(n quotaName, begin time.Time, used int64) {
		if used > 0 {
			all = append(all, notedQuota{n.scope.Kind, n.scope.Name, n.scope.Product, spanNames[n.span], begin.Format(time.DateOnly), used})
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, accounts := range []map[Scope]*localAccount{l.scopes, l.addresses} {
		for s, a := range accounts {
			for span, q := range map[admit.Span]*admit.Quota{admit.Day: a.day, admit.Month: a.month} {
				if q != nil {
					begin, used := q.Used(now)
					note(quotaName{s, span}, begin, used)
				}
			}
		}
	}
	for n, s := range l.carried {
		if s.begin.Before(now) && !n.span.Contains(s.begin, now) {
			delete(l.carried, n)
			continue
		}
		note(n, s.begin, s.used)
	}
	slices.SortFunc(all, func(a, b notedQuota) int {
		return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Product, b.Product), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Span, b.Span))
	})
	return all
}

// noteQuotas writes down what is used of quotas, when that has changed.
func (g *Gateway) noteQuotas() {
	path := g.Config().QuotaFile
	if path == "" {
		return
	}
	f := &g.quotas
	f.mu.Lock()
	defer f.mu.Unlock()
	all := g.local.used()
	if len(all) == 0 && !f.exists {
		return // there never was a quota
	}
	text, err := json.MarshalIndent(notedQuotas{Version: 1, Quotas: all}, "", " ")
	if err == nil && (path != f.path || !bytes.Equal(text, f.noted)) {
		if err = os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
			err = atomicfile.Write(path, append(text, '\n'), 0o600)
		}
		if err == nil {
			f.path, f.noted, f.exists = path, text, true
		}
	}
	if failing := err != nil; failing != f.failing {
		if f.failing = failing; failing {
			g.log.Error("what is used of quotas cannot be noted: a restart will forget it", "error", err)
		} else {
			g.log.Info("what is used of quotas is noted again")
		}
	}
}

// keepQuotas notes quotas until stopKeeping.
func (g *Gateway) keepQuotas() {
	f := &g.quotas
	f.stop, f.done = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(f.done)
		ticks := time.NewTicker(quotaEvery)
		defer ticks.Stop()
		for {
			select {
			case <-f.stop:
				g.noteQuotas()
				return
			case <-ticks.C:
				g.noteQuotas()
			}
		}
	}()
}

// stopKeeping notes quotas for the last time. Only the first of several does
// anything, if keepQuotas has begun.
func (g *Gateway) stopKeeping() {
	if f := &g.quotas; f.stop != nil {
		close(f.stop)
		<-f.done
		f.stop = nil
	}
}
