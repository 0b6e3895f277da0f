package gateway

import (
	"context"
	"errors"
	"sync"
	"time"
)

// room is the waiting room of a pool. Calls of interactive products stand
// before those of batch ones; within a class who came first goes first. Only
// the call at the head asks the backends again, so that waiting costs nothing
// and nobody overtakes.
type room struct {
	mu    sync.Mutex
	lines [2][]*place // interactive, batch
	count map[string]int
}

// place is one waiting call; head is closed when its turn has come.
type place struct {
	head  chan struct{}
	first bool
}

func newRoom() *room { return &room{count: map[string]int{}} }

var (
	errRoomFull   = errors.New("the waiting room is full")
	errWaitedLong = errors.New("waited as long as the product allows")
)

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

// wait keeps a call until ask says that it was admitted. ask returns how long
// to pause before asking again. At most limit calls of a product wait.
func (r *room) wait(ctx context.Context, product string, line, limit int, pause time.Duration, ask func() (time.Duration, bool)) error {
	p, ok := r.enter(product, line, limit)
	if !ok {
		return errRoomFull
	}
	defer r.leave(product, line, p)
	select {
	case <-p.head:
	case <-ctx.Done():
		return errWaitedLong
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return errWaitedLong
		}
		if r.overtaken(line, p) {
			timer.Reset(roomStep)
			continue
		}
		again, admitted := ask()
		if admitted {
			return nil
		}
		timer.Reset(max(again, roomStep))
	}
}

// roomStep is the shortest pause between two questions.
const roomStep = 5 * time.Millisecond

func (r *room) enter(product string, line, limit int) (*place, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count[product] >= limit {
		return nil, false
	}
	r.count[product]++
	p := &place{head: make(chan struct{})}
	r.lines[line] = append(r.lines[line], p)
	r.callHead(line)
	return p, true
}

func (r *room) leave(product string, line int, p *place) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count[product]--; r.count[product] == 0 {
		delete(r.count, product)
	}
	for i, other := range r.lines[line] {
		if other == p {
			r.lines[line] = append(r.lines[line][:i], r.lines[line][i+1:]...)
			break
		}
	}
	r.callHead(line)
}

// callHead tells the first of a line that it is first.
func (r *room) callHead(line int) {
	if len(r.lines[line]) > 0 && !r.lines[line][0].first {
		r.lines[line][0].first = true
		close(r.lines[line][0].head)
	}
}

// overtaken tells whether a call must let a better class go first.
func (r *room) overtaken(line int, _ *place) bool {
	if line == 0 {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.lines[0]) > 0
}
