package gateway

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// room is the waiting room of a pool. Calls of interactive products stand
// before those of batch ones; within a class who came first goes first. Only
// the call at the head asks the backends again, so that waiting costs nothing
// and nobody overtakes. A call that was let go keeps its place for a moment,
// and comes back to it when it is refused all the same: else small calls would
// for ever take what a large one waits for.
type room struct {
	mu    sync.Mutex
	lines [2][]*place // interactive, batch
	count map[string]int
	turns uint64
}

// place is one waiting call.
type place struct {
	product string
	line    int
	turn    uint64        // who came first has the lower one
	head    chan struct{} // holds one value when the place may have come to the head
	stands  bool          // it is in the line
	outings int           // how often it was let go
}

func newRoom() *room { return &room{count: map[string]int{}} }

var errWaitedLong = errors.New("waited as long as the product allows")

// waiting tells how many calls of the class or a better one wait.
func (r *room) waiting(line int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for l := 0; l <= line; l++ {
		n += len(r.lines[l])
	}
	return n
}

// roomStep is the shortest pause between two questions.
const roomStep = 5 * time.Millisecond

// enter takes a place at the end of a line, unless limit calls of the product
// wait already.
func (r *room) enter(product string, line, limit int) (*place, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count[product] >= limit {
		return nil, false
	}
	r.turns++
	p := &place{product: product, line: line, turn: r.turns, head: make(chan struct{}, 1)}
	r.stand(p)
	return p, true
}

// roomMoment is how long a call that was let go keeps its place: time enough
// for a refusal, which comes at once, not for an answer.
const roomMoment = 200 * time.Millisecond

// letGo gives the place of a call up after a moment, unless it came back.
func (r *room) letGo(p *place) {
	r.mu.Lock()
	defer r.mu.Unlock()
	outing := p.outings
	time.AfterFunc(roomMoment, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if p.outings == outing {
			r.remove(p)
		}
	})
}

// back puts a call that was let go to where its turn is.
func (r *room) back(p *place) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p.outings++
	r.stand(p)
}

func (r *room) stand(p *place) {
	if p.stands {
		return
	}
	p.stands = true
	r.count[p.product]++
	line := r.lines[p.line]
	i := len(line)
	for i > 0 && line[i-1].turn > p.turn {
		i--
	}
	r.lines[p.line] = slices.Insert(line, i, p)
	r.callHead(p.line)
}

func (r *room) leave(p *place) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remove(p)
}

func (r *room) remove(p *place) {
	if !p.stands {
		return
	}
	p.stands = false
	if r.count[p.product]--; r.count[p.product] == 0 {
		delete(r.count, p.product)
	}
	if i := slices.Index(r.lines[p.line], p); i >= 0 {
		r.lines[p.line] = slices.Delete(r.lines[p.line], i, i+1)
	}
	r.callHead(p.line)
}

// callHead tells the first of a line that it is first.
func (r *room) callHead(line int) {
	if len(r.lines[line]) > 0 {
		select {
		case r.lines[line][0].head <- struct{}{}:
		default:
		}
	}
}

// wait keeps a call until ask says that it may go; leave, or letGo, is for the
// caller to say then. ask returns how long to pause before asking again; the
// first question comes after pause.
func (r *room) wait(ctx context.Context, p *place, pause time.Duration, ask func() (time.Duration, bool)) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		if !r.first(p) {
			select {
			case <-p.head:
				continue
			case <-ctx.Done():
				return errWaitedLong
			}
		}
		select {
		case <-timer.C:
		case <-ctx.Done():
			return errWaitedLong
		}
		switch again, admitted := roomStep, false; {
		case !r.first(p):
			timer.Reset(0)
		case r.overtaken(p):
			timer.Reset(again)
		default:
			if again, admitted = ask(); admitted {
				return nil
			}
			timer.Reset(max(again, roomStep))
		}
	}
}

// first tells whether a call stands at the head of its line.
func (r *room) first(p *place) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lines[p.line][0] == p
}

// overtaken tells whether a call must let a better class go first.
func (r *room) overtaken(p *place) bool {
	if p.line == 0 {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.lines[0]) > 0
}
