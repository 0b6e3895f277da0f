// Package state is the world that the emulated services share: tenants,
// clients and roles, subscriptions, groups, accounts, keys, deployments,
// operations, quota and service capacity, all on one virtual clock. It holds
// the rules of the control plane (what may be deployed where, what it takes
// from quota, how long an operation lasts, what a retirement date does) and
// says no in the words of Azure Resource Manager. It knows no HTTP: packages
// arm, entra and the root of the emulator put it on the wire. Whatever happens
// with time is worked out when somebody looks, so an idle world costs nothing,
// and what the data plane asks for every call is read from a snapshot without
// a lock.
package state

import (
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/azptu/azptu/internal/catalog"
)

// Config is what a world is made from.
type Config struct {
	Clock     *Clock
	Random    func([]byte) // fills its argument; of ids, keys and secrets
	Catalog   *catalog.Catalog
	TrueDates bool   // keep published retirement dates even where they are past
	Path      string // file to keep the world in; "" keeps it in memory alone

	// Report is told when the world could not be written to Path. nil drops it.
	Report func(error)

	// Endpoint names the data-plane root of an account that was just created.
	// It is called with the store locked and must not call back. nil leaves
	// the endpoint that Azure would give.
	Endpoint func(Account) string
}

// Store is the shared world. Its methods may be called from many goroutines
// at once; what they return are copies.
type Store struct {
	config Config
	mu     sync.Mutex
	world  *world
	models []Model                          // never changed once made
	index  map[string]int                   // of models, by name and version
	tuned  atomic.Pointer[map[string]Model] // fine-tuned models, by name and version; replaced as a whole
	wake   time.Time                        // virtual time up to which nothing happens by itself
	now    time.Time                        // virtual time of the call that holds the lock
	view   atomic.Pointer[View]
	saved  error // why the last save failed
}

// New makes a fresh world, or goes on with the one saved at Config.Path.
func New(config Config) (*Store, error) {
	s := &Store{config: config}
	s.now = config.Clock.Now()
	if config.Path != "" {
		w, err := load(config.Path)
		if err != nil {
			return nil, err
		}
		if w != nil {
			config.Clock.resume(w.Now)
			s.world, s.now = w, config.Clock.Now()
			if w.FineTuned == nil { // saved before there were any
				w.FineTuned = map[string][]FineTuned{}
			}
			s.publish()
			for _, a := range w.Accounts { // the roots of another run are gone
				a.Endpoint = s.endpoint(*a)
			}
			return s, nil
		}
	}
	s.fresh()
	return s, s.saved
}

// fresh throws the world away and makes the one a user starts with.
func (s *Store) fresh() {
	s.world = newWorld()
	if !s.config.TrueDates {
		s.world.Shift, s.world.Floor = shift(s.config.Catalog, s.now)
	}
	s.publish()
	s.seed()
	s.changed()
}

// Reset makes a fresh world again. The identities (tenant, subscription,
// clients and their secrets) and the keys of the first account stay, so that
// what a client was configured with goes on working.
func (s *Store) Reset() error {
	defer s.lock()()
	old := s.world
	s.world = newWorld()
	s.world.Tenant, s.world.Subscriptions, s.world.Shift, s.world.Floor = old.Tenant, old.Subscriptions, old.Shift, old.Floor
	s.world.Epoch = old.Epoch
	for id, p := range old.Principals {
		if p.Fixed {
			s.world.Principals[id] = p
		}
	}
	var keep *Account
	for _, a := range old.Accounts {
		if a.Name == FirstAccount && a.Group == FirstGroup {
			keep = a
		}
	}
	s.populate(keep)
	s.indexTuned()
	s.changed()
	return s.saved
}

// Clock is the world's clock.
func (s *Store) Clock() *Clock { return s.config.Clock }

// lock takes the store and brings it up to the present; calling what it
// returns lets go.
func (s *Store) lock() (unlock func()) {
	s.mu.Lock()
	s.now = s.config.Clock.Now()
	if !s.now.Before(s.wake) {
		if s.settle() {
			s.changed()
		}
		s.wake = s.next()
	}
	return s.mu.Unlock
}

// changed must follow every change: the snapshot of the data plane is out of
// date, and the file too.
func (s *Store) changed() {
	s.view.Store(nil)
	s.wake = time.Time{}
	if s.config.Path != "" {
		s.world.Now = s.now
		if s.saved = save(s.config.Path, s.world); s.saved != nil && s.config.Report != nil {
			s.config.Report(s.saved)
		}
	}
}

func (s *Store) epoch() uint64 { s.world.Epoch++; return s.world.Epoch }

// bytes draws n random bytes.
func (s *Store) bytes(n int) []byte {
	b := make([]byte, n)
	s.config.Random(b)
	return b
}

func (s *Store) uuid() string {
	b := s.bytes(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// key makes an account key in today's form: 84 letters and digits.
func (s *Store) key() string {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	b := s.bytes(84)
	for i, c := range b {
		b[i] = letters[int(c)%len(letters)]
	}
	return string(b)
}

// tag makes an entity tag as deployments carry it; accountTag one in the form
// of accounts and projects.
func (s *Store) tag() string { return `"` + s.uuid() + `"` }

func (s *Store) accountTag() string {
	b := s.bytes(6)
	return fmt.Sprintf(`"%s-0000-%s-0000-%08x0000"`, hex.EncodeToString(b[:4]), hex.EncodeToString(b[4:]), uint32(s.now.Unix()))
}

// stamp fills in who made a resource.
func (s *Store) stamp(by Caller, tag string) Stamp {
	return Stamp{ETag: tag, Created: s.now, Modified: s.now, CreatedBy: by.Name, ModifiedBy: by.Name, CreatedAs: by.Kind, Changed: by.Kind}
}

func (s *Store) touch(st *Stamp, by Caller, tag string) {
	st.ETag, st.Modified, st.ModifiedBy, st.Changed = tag, s.now, by.Name, by.Kind
}

// Caller is who asks for a change, as systemData names them.
type Caller struct{ Name, Kind string }

// Match is the If-Match and If-None-Match headers of a request.
type Match struct{ If, IfNone string }

// check judges the headers against the tag of what is there ("" for nothing).
func (m Match) check(current string) error {
	if m.If != "" && (current == "" || m.If != "*" && !hasTag(m.If, current)) {
		return preconditionFailed(m.If)
	}
	if m.IfNone != "" && current != "" && (m.IfNone == "*" || hasTag(m.IfNone, current)) {
		return preconditionFailed(m.IfNone)
	}
	return nil
}

func hasTag(list, tag string) bool {
	for one := range strings.SplitSeq(list, ",") {
		if strings.Trim(strings.TrimSpace(one), `"`) == strings.Trim(tag, `"`) {
			return true
		}
	}
	return false
}

// fold is how ids are compared: Azure's are case-insensitive.
func fold(id string) string { return strings.ToLower(id) }

// parentOf cuts the last type and name from a resource id.
func parentOf(id string) string {
	for range 2 {
		i := strings.LastIndexByte(id, '/')
		if i < 0 {
			return ""
		}
		id = id[:i]
	}
	return id
}
