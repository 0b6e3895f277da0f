package gateway

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/azptu/azptu/internal/call"
	"github.com/azptu/azptu/internal/calllog/mask"
	"github.com/azptu/azptu/internal/gateway/config"
)

// Sink stores records. Append is called by one goroutine, with several calls
// at once; it must not keep them or their bodies.
type Sink interface {
	Append(calls []*call.Call) error
}

// entry is a record and the memory of its bodies.
type entry struct {
	call.Call
	request  *buffer // not from the pool: a transport may still be reading it
	response *buffer
	mask     bool // bodies are masked before they are stored
}

var entries = sync.Pool{New: func() any { return new(entry) }}

func newEntry() *entry { return entries.Get().(*entry) }

func (e *entry) free() {
	e.response.free()
	*e = entry{}
	entries.Put(e)
}

// newAnswer is where an answer is held. What an earlier attempt left is gone.
func (e *entry) newAnswer() *buffer {
	if e.response == nil {
		e.response = newBuffer()
	}
	e.response.b = e.response.b[:0]
	return e.response
}

func (e *entry) keepAnswer(body []byte) {
	b := e.newAnswer()
	b.b = append(b.b, body...)
}

// assembled keeps a streamed answer as one that was not streamed.
func (e *entry) assembled(a *assembly, s shape, u *usage) {
	if s == opaque || len(a.choices) == 0 && len(a.whole) == 0 {
		return
	}
	b := e.newAnswer()
	b.b = a.write(b.b, s, u)
	e.Truncated = a.beyond > 0
}

// records takes records off the calls' hands. Nothing waits for the log: when
// it cannot keep up, bodies are left out first, then calls, and a row tells
// how many.
type records struct {
	queue   chan *entry
	held    atomic.Int64 // bytes of bodies in the queue
	gap     atomic.Int64
	metrics *metrics
	now     func() time.Time
	sink    atomic.Pointer[sinkState]
	once    sync.Once
	stop    chan struct{} // closed when no further record is expected
	done    chan struct{}
}

type sinkState struct {
	sink    Sink
	maxBody int
	mask    *mask.Rules
	failed  func(error)
}

const (
	recordQueue  = 8192
	recordBodies = 64 << 20 // bytes of bodies that may wait
	recordBatch  = 256

	// recordPause is how long records gather after a batch, so that a busy
	// gateway is not woken for each of them.
	recordPause = 5 * time.Millisecond
)

func newRecords(m *metrics, now func() time.Time) *records {
	r := &records{queue: make(chan *entry, recordQueue), metrics: m, now: now, stop: make(chan struct{}), done: make(chan struct{})}
	r.sink.Store(&sinkState{})
	go r.run()
	return r
}

// take queues a record; it never waits.
func (r *records) take(e *entry, keep config.Bodies) {
	if r.sink.Load().sink == nil {
		e.free()
		return
	}
	size := int64(e.bodySize())
	switch {
	case keep == config.NoBodies:
		e.dropBodies()
		size = 0
	case size > 0 && r.held.Load()+size > recordBodies:
		e.dropBodies()
		e.BodiesLost = true
		r.metrics.bodies.Add(1)
		size = 0
	}
	e.masked(keep)
	r.held.Add(size)
	select {
	case r.queue <- e:
	default:
		r.held.Add(-size)
		r.gap.Add(1)
		r.metrics.lost.Add(1)
		e.free()
	}
}

func (e *entry) bodySize() (n int) {
	if e.request != nil {
		n += len(e.request.b)
	}
	if e.response != nil {
		n += len(e.response.b)
	}
	return n
}

func (e *entry) dropBodies() {
	e.response.free()
	e.request, e.response = nil, nil
}

// masked puts the bodies where the sink looks for them. RequestBody nil after
// masking means that none is kept.
func (e *entry) masked(keep config.Bodies) {
	if e.request != nil {
		e.RequestBody = e.request.b
	}
	if e.response != nil {
		e.ResponseBody = e.response.b
	}
	e.mask = keep == config.MaskedBodies
}

func (r *records) run() {
	defer close(r.done)
	batch := make([]*entry, 0, recordBatch)
	calls := make([]*call.Call, 0, recordBatch+1)
	for stopping := false; ; {
		batch = r.gather(batch[:0], &stopping)
		if len(batch) == 0 && stopping {
			return
		}
		calls = r.store(batch, calls[:0])
		if len(batch) < recordBatch && !stopping {
			r.pause()
		}
	}
}

// pause lets records gather, unless there is no time left for that.
func (r *records) pause() {
	t := time.NewTimer(recordPause)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.stop:
	}
}

// gather waits for a record and takes those that are there besides it.
func (r *records) gather(batch []*entry, stopping *bool) []*entry {
	if !*stopping {
		select {
		case e := <-r.queue:
			batch = append(batch, e)
		case <-r.stop:
			*stopping = true
		}
	}
	for len(batch) < recordBatch {
		select {
		case e := <-r.queue:
			batch = append(batch, e)
		default:
			return batch
		}
	}
	return batch
}

// store hands a batch to the sink and frees it.
func (r *records) store(batch []*entry, calls []*call.Call) []*call.Call {
	s := r.sink.Load()
	for _, e := range batch {
		r.held.Add(-int64(e.bodySize()))
		e.prepare(s)
		calls = append(calls, &e.Call)
	}
	if n := r.gap.Swap(0); n > 0 {
		calls = append(calls, &call.Call{At: r.now(), Gap: n})
	}
	if s.sink != nil {
		if err := s.sink.Append(calls); err != nil && s.failed != nil {
			s.failed(err)
		}
	}
	for _, e := range batch {
		e.free()
	}
	return calls
}

// prepare masks the bodies and cuts them to size. What is cut is the text in
// the middle of the body, so that model and usage stay readable.
func (e *entry) prepare(s *sinkState) {
	for _, body := range []*[]byte{&e.RequestBody, &e.ResponseBody} {
		if e.mask {
			*body = s.mask.Body(*body)
		}
		if s.maxBody > 0 && len(*body) > s.maxBody {
			*body = shorten(*body, s.maxBody)
			e.Truncated = true
		}
	}
}

// close waits until everything that was queued is stored. A call that was cut
// off may still end after it; its record is lost.
func (r *records) close(ctx context.Context) {
	r.once.Do(func() { close(r.stop) })
	select {
	case <-r.done:
	case <-ctx.Done():
	}
}
