// Package route decides where a call goes: in which order the backends of a
// pool are asked, how far a call may spill over, which backends are left alone
// because they broke, and how much retries may add to the load. It is pure
// choice: time and randomness are arguments, nothing is sent, so the gateway
// (live) and the simulator (on a clock of its own) choose alike.
package route

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"
)

// Strategy is how a backend is picked among those of one priority.
type Strategy string

// The strategies. Priority levels come first with every one of them.
const (
	Priority      Strategy = "priority"       // by weight, at random
	Weighted      Strategy = "weighted"       // the same; for pools whose members all have one priority
	RoundRobin    Strategy = "round-robin"    // in turns, as many as the weight says
	LeastUtilized Strategy = "least-utilized" // the one with most room
	Latency       Strategy = "latency"        // the one that has lately answered fastest
)

// Strategies lists every strategy.
func Strategies() []Strategy {
	return []Strategy{Priority, Weighted, RoundRobin, LeastUtilized, Latency}
}

// Member is one backend of a pool.
type Member struct {
	Name     string
	Priority int // lower is asked first; 0 means 1
	Weight   int // share among members of one priority; 0 means 1
	Area     Area
}

// View is what the choice needs to know of the members, by their index.
type View interface {
	// Utilization is how full a member is, 1 being 100 %.
	Utilization(member int) float64
	// Latency is how long a member lately took to its first byte, 0 when unknown.
	Latency(member int) time.Duration
}

// Pool is an ordered set of backends that serve one model name. It is safe for
// concurrent use.
type Pool struct {
	members  []Member
	strategy Strategy
	levels   [][]int // indexes of members by priority, in the order they were given
	allowed  []bool  // whether the boundary lets a call reach the member at all
	turn     atomic.Uint64
}

// NewPool makes a pool. Members beyond the boundary of the first priority's
// areas are left out of every order; Outside lists them.
func NewPool(members []Member, s Strategy, b Boundary) (*Pool, error) {
	if len(members) == 0 {
		return nil, fmt.Errorf("a pool needs at least one member")
	}
	p := &Pool{members: slices.Clone(members), strategy: s, allowed: make([]bool, len(members))}
	for i := range p.members {
		p.members[i].Priority = cmp.Or(p.members[i].Priority, 1)
		p.members[i].Weight = cmp.Or(p.members[i].Weight, 1)
	}
	byPriority := make([]int, len(members))
	for i := range byPriority {
		byPriority[i] = i
	}
	slices.SortStableFunc(byPriority, func(a, b int) int { return p.members[a].Priority - p.members[b].Priority })
	first := p.members[byPriority[0]].Priority
	for _, i := range byPriority {
		p.allowed[i] = p.members[i].Priority == first || p.reachable(first, i, b)
		if !p.allowed[i] {
			continue
		}
		if last := len(p.levels) - 1; last < 0 || p.members[p.levels[last][0]].Priority != p.members[i].Priority {
			p.levels = append(p.levels, nil)
		}
		p.levels[len(p.levels)-1] = append(p.levels[len(p.levels)-1], i)
	}
	return p, nil
}

// reachable tells whether a call may spill to member i from any member of the
// first priority.
func (p *Pool) reachable(first, i int, b Boundary) bool {
	for _, m := range p.members {
		if m.Priority == first && b.Permits(m.Area, p.members[i].Area) {
			return true
		}
	}
	return false
}

// Members lists the members in the order they were given.
func (p *Pool) Members() []Member { return slices.Clone(p.members) }

// Outside lists the members that the boundary keeps every call away from.
func (p *Pool) Outside() []string {
	var names []string
	for i, ok := range p.allowed {
		if !ok {
			names = append(names, p.members[i].Name)
		}
	}
	return names
}

// First tells whether a member is of the first priority, so that a call it
// serves has not spilled.
func (p *Pool) First(member int) bool {
	return slices.Contains(p.levels[0], member)
}

// Order appends to dst the indexes of the members in the order in which they
// should be asked. random is any uniformly distributed number; a caller that
// wants equal calls to prefer equal members gives a hash of what is equal.
func (p *Pool) Order(dst []int, v View, random uint64) []int {
	for _, level := range p.levels {
		start := len(dst)
		dst = append(dst, level...)
		if len(level) > 1 {
			p.arrange(dst[start:], v, random)
		}
	}
	return dst
}

func (p *Pool) arrange(level []int, v View, random uint64) {
	switch p.strategy {
	case RoundRobin:
		p.rotate(level)
	case LeastUtilized:
		p.sortBy(level, func(i int) float64 { return v.Utilization(i) }, random)
	case Latency:
		p.sortBy(level, func(i int) float64 { return float64(v.Latency(i)) }, random)
	default:
		p.draw(level, random)
	}
}

// draw orders by weighted rendezvous: each member gets a score from its index
// and the random number, so that a weight is a share and, for one number, a
// member that goes away moves only its own calls.
func (p *Pool) draw(level []int, random uint64) {
	slices.SortFunc(level, func(a, b int) int {
		return cmp.Or(cmp.Compare(p.score(b, random), p.score(a, random)), a-b)
	})
}

func (p *Pool) score(i int, random uint64) float64 {
	u := (float64(mix(random^mix(uint64(i)+1))>>11) + 0.5) / (1 << 53)
	return -float64(p.members[i].Weight) / math.Log(u)
}

// mix is the finalizer of SplitMix64: it spreads close numbers far apart.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// rotate puts the member whose turn it is first and keeps the others in order.
func (p *Pool) rotate(level []int) {
	total := 0
	for _, i := range level {
		total += p.members[i].Weight
	}
	at := int((p.turn.Add(1) - 1) % uint64(total))
	for n, i := range level {
		if at -= p.members[i].Weight; at < 0 {
			turned := append(slices.Clone(level[n:]), level[:n]...)
			copy(level, turned)
			return
		}
	}
}

// sortBy orders by a measure; members that are alike within a hundredth are
// drawn by weight, so that idle ones share.
func (p *Pool) sortBy(level []int, measure func(int) float64, random uint64) {
	values := make(map[int]float64, len(level))
	for _, i := range level {
		values[i] = math.Round(measure(i)*100) / 100
	}
	slices.SortFunc(level, func(a, b int) int {
		return cmp.Or(cmp.Compare(values[a], values[b]), cmp.Compare(p.score(b, random), p.score(a, random)), a-b)
	})
}
