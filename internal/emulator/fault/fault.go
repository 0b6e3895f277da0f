// Package fault makes the emulator fail on purpose. A Set holds the faults that
// are switched on, each with a scope (account, deployment, region), a share of
// the calls, a number of times and a duration. The data plane asks the Set what
// goes wrong with each call; faults of the world (a region without capacity, a
// subscription without quota) change it when they are switched on and put it
// back when they end. Each kind has a file of its own.
package fault

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Duration is a time.Duration that JSON spells "1.5s".
type Duration time.Duration

// MarshalText writes the duration as Go does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads "250ms", "2s", "1m30s".
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("duration %.40q: want a form like 250ms, 2s, 1m30s", text)
	}
	*d = Duration(v)
	return nil
}

// Fault is one fault that is, or is to be, switched on. Which of the
// parameters count is a matter of the kind.
type Fault struct {
	ID   string `json:"id,omitempty"` // given by the Set
	Kind string `json:"kind"`

	// Scope: empty means every one. An account is named by name or resource id.
	Service    string `json:"service,omitempty"` // data (the default) or arm; expired-token, capacity, quota and clock-skew have no use for it
	Account    string `json:"account,omitempty"`
	Deployment string `json:"deployment,omitempty"`
	Region     string `json:"region,omitempty"`

	Percent float64  `json:"percent,omitempty"` // share of the calls in scope; 0 means 100
	Count   int      `json:"count,omitempty"`   // how many calls at most; 0 means no limit
	For     Duration `json:"for,omitempty"`     // how long, wall time; 0 means until removed

	Delay      Duration `json:"delay,omitempty"`      // latency; slow-stream: before each event
	Jitter     Duration `json:"jitter,omitempty"`     // latency: up to so much more
	Status     int      `json:"status,omitempty"`     // error
	Code       string   `json:"code,omitempty"`       // error, throttle: of the body
	Message    string   `json:"message,omitempty"`    // error, throttle: of the body
	RetryAfter Duration `json:"retryAfter,omitempty"` // throttle, error
	After      int      `json:"after,omitempty"`      // cut-stream: events that still come
	SKU        string   `json:"sku,omitempty"`        // capacity: "" means every provisioned type
	Row        string   `json:"row,omitempty"`        // quota: name of the usage row; "" means every provisioned type
	Units      int      `json:"units,omitempty"`      // capacity, quota: what is left
	Skew       Duration `json:"skew,omitempty"`       // clock-skew

	Hits  int       `json:"hits"`           // calls that it met so far
	Until time.Time `json:"until,omitzero"` // when it ends by itself
	Since time.Time `json:"since,omitzero"` // when it was switched on
}

// Place is where a fault may happen. What is not known is empty.
type Place struct {
	Service    string // DataPlane or ResourceManager; "" is the data plane
	Account    string // resource id or name
	Deployment string
	Region     string // name or display name
}

// Effect is what goes wrong with one call. The zero Effect is nothing.
type Effect struct {
	Delay      time.Duration // before anything else happens
	Status     int           // answered instead of working; 0: work
	Code       string        // of the error body, with Status
	Message    string        // of the error body, with Status
	RetryAfter time.Duration // told in the headers of a 429 or 503
	Hang       bool          // never answer: until the client leaves
	Reset      bool          // close the connection before any header
	CutAfter   int           // break the stream off after so many events; 0: do not
	EventDelay time.Duration // slows a stream: added before every event
}

// World is what faults of the control plane change. A negative number puts back
// what was there.
type World interface {
	SetCapacity(location, sku string, units int) error
	SetQuota(location, row string, limit int) error
}

// kind is one way to fail.
type kind struct {
	name  string
	about string
	// check completes and judges the parameters.
	check func(*Fault) error
	// strike adds the fault to what happens to a call; nil where it does nothing
	// to calls. luck is a number from 0 up to 1.
	strike func(f *Fault, e *Effect, luck float64)
	// switched is told when the fault begins and ends; nil where it changes
	// nothing in the world.
	switched func(w World, f *Fault, on bool) error
}

// kinds in the order in which they are listed and applied.
func kinds() []kind {
	return []kind{latency, throttle, failure, slowStream, cutStream, reset, hang, capacity, quota, expiredToken, clockSkew}
}

// Kind tells what can be switched on.
type Kind struct {
	Name  string `json:"name"`
	About string `json:"about"`
}

// Kinds lists the kinds of faults.
func Kinds() []Kind {
	out := []Kind{}
	for _, k := range kinds() {
		out = append(out, Kind{k.name, k.about})
	}
	return out
}

// Config is what a Set needs.
type Config struct {
	World World
	Wall  func() time.Time
	Luck  func() float64 // from 0 up to 1; decides what a percentage hits
	// After calls f after d, unless stopped before; nil means time.AfterFunc.
	After func(d time.Duration, f func()) (stop func() bool)
}

// most is how many faults can be on at a time.
const most = 100

// longest is the limit of every duration of a fault.
const longest = 24 * time.Hour

// Set holds the faults that are on. It is safe for concurrent use and costs
// next to nothing while it is empty.
type Set struct {
	config Config
	busy   atomic.Bool

	mu   sync.Mutex
	on   []*active
	next int
}

type active struct {
	Fault
	kind kind
	stop func() bool
}

// New makes an empty Set.
func New(config Config) *Set {
	if config.After == nil {
		config.After = func(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }
	}
	return &Set{config: config}
}

// InvalidError says what is wrong with a fault that was to be switched on.
type InvalidError struct{ Message string }

func (e *InvalidError) Error() string { return e.Message }

func invalid(format string, args ...any) error { return &InvalidError{fmt.Sprintf(format, args...)} }

// Add switches a fault on and returns it as it is in force. A fault that makes
// no sense is refused with an *InvalidError.
func (s *Set) Add(f Fault) (Fault, error) {
	k, err := s.judge(&f)
	if err != nil {
		return Fault{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.on) >= most {
		return Fault{}, invalid("%d faults are on already; remove some", most)
	}
	if k.switched != nil {
		if err := k.switched(s.config.World, &f, true); err != nil {
			return Fault{}, invalid("%v", err)
		}
	}
	s.next++
	f.ID, f.Hits, f.Since = "f"+strconv.Itoa(s.next), 0, s.config.Wall()
	one := &active{Fault: f, kind: k}
	if f.For > 0 {
		one.Until = f.Since.Add(time.Duration(f.For))
		id := f.ID
		one.stop = s.config.After(time.Duration(f.For), func() { s.Remove(id) })
	}
	s.on = append(s.on, one)
	s.busy.Store(true)
	return one.Fault, nil
}

// judge finds the kind and checks what all kinds share.
func (s *Set) judge(f *Fault) (kind, error) {
	all := kinds()
	i := slices.IndexFunc(all, func(k kind) bool { return k.name == f.Kind })
	if i < 0 {
		names := make([]string, len(all))
		for i, k := range all {
			names[i] = k.name
		}
		return kind{}, invalid("unknown kind %.40q: want one of %s", f.Kind, strings.Join(names, ", "))
	}
	for name, d := range map[string]Duration{"for": f.For, "delay": f.Delay, "jitter": f.Jitter, "retryAfter": f.RetryAfter} {
		if d < 0 || time.Duration(d) > longest {
			return kind{}, invalid("%s: %v is not between 0 and %v", name, time.Duration(d), longest)
		}
	}
	if f.Percent == 0 {
		f.Percent = 100
	}
	switch {
	case f.Service != "" && f.Service != DataPlane && f.Service != ResourceManager:
		return kind{}, invalid("service: %.40q is neither %s nor %s", f.Service, DataPlane, ResourceManager)
	case !(f.Percent > 0 && f.Percent <= 100):
		return kind{}, invalid("percent: %v is not above 0 and up to 100", f.Percent)
	case f.Count < 0:
		return kind{}, invalid("count: %d is negative", f.Count)
	case len(f.Account)+len(f.Deployment)+len(f.Region)+len(f.Code)+len(f.Message)+len(f.SKU)+len(f.Row) > 4096:
		return kind{}, invalid("the texts of the fault are too long")
	}
	return all[i], all[i].check(f)
}

// List returns the faults that are on, oldest first.
func (s *Set) List() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Fault, len(s.on))
	for i, a := range s.on {
		out[i] = a.Fault
	}
	return out
}

// Remove switches a fault off; false means that no such fault is on.
func (s *Set) Remove(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.on, func(a *active) bool { return a.ID == id })
	if i >= 0 {
		s.drop(i)
	}
	return i >= 0
}

// Clear switches all faults off and returns how many there were.
func (s *Set) Clear() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.on)
	for len(s.on) > 0 {
		s.drop(len(s.on) - 1)
	}
	return n
}

// drop ends one fault. The lock is held.
func (s *Set) drop(i int) {
	one := s.on[i]
	if one.stop != nil {
		one.stop()
	}
	s.on = slices.Delete(s.on, i, i+1)
	s.busy.Store(len(s.on) > 0)
	if one.kind.switched != nil {
		// Putting back cannot fail where switching on did not.
		_ = one.kind.switched(s.config.World, &one.Fault, false)
	}
}

// On tells whether any fault is switched on. It is quick.
func (s *Set) On() bool { return s.busy.Load() }

// Strike tells what goes wrong with a call at a place.
func (s *Set) Strike(at Place) Effect {
	var e Effect
	if !s.busy.Load() {
		return e
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range slices.Clone(s.on) {
		if a.kind.strike != nil && orService(a.Service) == orService(at.Service) && a.meets(at, s.config.Luck) {
			a.kind.strike(&a.Fault, &e, s.config.Luck())
			s.hit(a)
		}
	}
	return e
}

// hit counts a call and ends a fault that has had all of its calls.
func (s *Set) hit(a *active) {
	a.Hits++
	if a.Count > 0 && a.Hits >= a.Count {
		if i := slices.Index(s.on, a); i >= 0 {
			s.drop(i)
		}
	}
}

// meets tells whether a fault falls on a call.
func (a *active) meets(at Place, luck func() float64) bool {
	if a.Account != "" && !strings.EqualFold(a.Account, at.Account) && !strings.EqualFold(lastPart(a.Account), lastPart(at.Account)) {
		return false
	}
	if a.Deployment != "" && !strings.EqualFold(a.Deployment, at.Deployment) {
		return false
	}
	if a.Region != "" && regionName(a.Region) != regionName(at.Region) {
		return false
	}
	return a.Percent >= 100 || luck()*100 < a.Percent
}

func orService(name string) string { return cmp.Or(name, DataPlane) }

// regionName folds "East US" and "eastus" into one.
func regionName(s string) string { return strings.ToLower(strings.ReplaceAll(s, " ", "")) }

func lastPart(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

// orElse is v, or what it means when it is not given.
func orElse[T cmp.Ordered](v *T, otherwise T) { *v = cmp.Or(*v, otherwise) }
