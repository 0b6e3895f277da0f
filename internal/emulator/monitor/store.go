package monitor

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// DefaultCells is how many cells a Store keeps unless told otherwise: some 45 MB
// when all are there. A minute of one busy deployment takes a handful.
const DefaultCells = 50_000

// Retention is how long Azure keeps platform metrics.
const Retention = 93 * 24 * time.Hour

// Store gathers finished calls into cells. It is safe for concurrent use.
type Store struct {
	now   func() time.Time
	limit int

	mu      sync.RWMutex
	minutes map[int64]map[series]*cell // by minutes since 1970, virtual time
	order   []int64                    // their keys, ascending
	cells   int
	lost    uint64                // calls that found no room
	totals  map[series]*sums      // since start, for Prometheus
	levels  map[[2]string]float64 // last utilization by account and deployment
	names   map[string]string     // one copy of each dimension value
}

// series is what a cell is kept under: an account (resource id as the account
// spells it) and the dimensions of the call.
type series struct {
	account string
	dims    dims
}

// NewStore makes an empty store on a virtual clock. limit is the number of
// cells to keep, 0 for DefaultCells.
func NewStore(now func() time.Time, limit int) *Store {
	if limit <= 0 {
		limit = DefaultCells
	}
	s := &Store{now: now, limit: limit}
	s.clear()
	return s
}

// Reset forgets every metric, but not the totals since start: counters never
// run backwards.
func (s *Store) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	totals, levels := s.totals, s.levels
	s.clear()
	s.totals, s.levels = totals, levels
}

func (s *Store) clear() {
	s.minutes, s.order, s.cells = map[int64]map[series]*cell{}, nil, 0
	s.totals, s.levels, s.names = map[series]*sums{}, map[[2]string]float64{}, map[string]string{}
}

// Observe counts a call in the present minute.
func (s *Store) Observe(c *Call) {
	minute := s.now().Unix() / 60
	key := series{account: c.Account, dims: c.dimensions()}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.minutes[minute]
	if at == nil {
		at = s.open(minute)
	}
	one := at[key]
	if one == nil {
		if !s.makeRoom(minute) {
			s.lost++
			return
		}
		key = s.own(key)
		one = &cell{sums: s.since(key)}
		at[key] = one
		s.cells++
	}
	one.add(c)
	if one.sums == nil {
		s.lost++
		return
	}
	one.sums.add(c)
	if c.Provisioned {
		s.levels[[2]string{key.account, key.dims[deploymentName]}] = c.Utilization
	}
}

// open begins a minute and lets go of those beyond retention.
func (s *Store) open(minute int64) map[series]*cell {
	at := map[series]*cell{}
	s.minutes[minute] = at
	i, _ := slices.BinarySearch(s.order, minute)
	s.order = slices.Insert(s.order, i, minute)
	for s.order[0] < minute-int64(Retention/time.Minute) {
		s.drop()
	}
	return at
}

// makeRoom drops the oldest minutes until another cell fits. The minute that
// is being written stays; when it alone is too large there is no room.
func (s *Store) makeRoom(keep int64) bool {
	for s.cells >= s.limit {
		if s.order[0] >= keep {
			return false
		}
		s.drop()
	}
	return true
}

func (s *Store) drop() {
	oldest := s.order[0]
	s.cells -= len(s.minutes[oldest])
	delete(s.minutes, oldest)
	s.order = s.order[1:]
	if len(s.minutes) == 0 {
		s.names = map[string]string{}
	}
}

// own replaces the strings of a key by copies that hold on to no request.
func (s *Store) own(k series) series {
	k.account = s.intern(k.account)
	for i, v := range k.dims {
		k.dims[i] = s.intern(v)
	}
	return k
}

func (s *Store) intern(v string) string {
	if v == "" {
		return ""
	}
	if kept, ok := s.names[v]; ok {
		return kept
	}
	if len(s.names) >= s.limit {
		return strings.Clone(v)
	}
	v = strings.Clone(v)
	s.names[v] = v
	return v
}

// each calls f with every cell of an account in the minutes from first up to,
// not including, end. f must not keep the cell.
func (s *Store) each(account string, first, end int64, f func(minute int64, d *dims, c *cell)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	i, _ := slices.BinarySearch(s.order, first)
	for _, minute := range s.order[i:] {
		if minute >= end {
			return
		}
		for k, c := range s.minutes[minute] {
			if strings.EqualFold(k.account, account) {
				f(minute, &k.dims, c)
			}
		}
	}
}
