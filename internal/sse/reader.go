package sse

import (
	"errors"
	"io"
)

// Reader pulls events out of a stream. It is not safe for concurrent use.
type Reader struct {
	src     io.Reader
	max     int
	frame   framer
	buf     []byte // buf[start:] is read and not yet handed out
	start   int
	scratch []byte
	err     error
}

// NewReader returns a Reader over src that refuses events of more than
// maxEvent bytes; 0 means DefaultMaxEvent.
func NewReader(src io.Reader, maxEvent int) *Reader {
	if maxEvent <= 0 {
		maxEvent = DefaultMaxEvent
	}
	return &Reader{src: src, max: maxEvent, buf: make([]byte, 0, min(4096, maxEvent))}
}

// Next returns the next event. Blocks that hold only comments come as events
// without data (HasData false), so that a caller can see keep-alives; empty
// blocks are passed over. At the end of the stream it returns io.EOF, or
// io.ErrUnexpectedEOF when the stream was cut inside an event.
func (r *Reader) Next() (Event, error) {
	for {
		if e, ok := r.buffered(); ok {
			return e, nil
		}
		if r.err != nil {
			return Event{}, r.end()
		}
		if len(r.buf)-r.start > r.max {
			r.err = ErrTooLong
			r.start = len(r.buf)
			return Event{}, r.err
		}
		r.fill()
	}
}

// buffered hands out the next non-empty block that is already in memory.
func (r *Reader) buffered() (Event, bool) {
	for {
		pending, ok := r.frame.lead(r.buf[r.start:])
		r.start = len(r.buf) - len(pending)
		if !ok {
			return Event{}, false
		}
		block, rest, ok := r.frame.next(pending)
		if !ok {
			return Event{}, false
		}
		r.start = len(r.buf) - len(rest)
		if len(block) == 0 {
			continue
		}
		var e Event
		e, r.scratch = parse(block, r.scratch)
		return e, true
	}
}

// end turns the source's error into what Next reports, once.
func (r *Reader) end() error {
	if errors.Is(r.err, io.EOF) && len(r.buf) > r.start {
		r.start = len(r.buf)
		return io.ErrUnexpectedEOF
	}
	return r.err
}

func (r *Reader) fill() {
	if r.start > 0 {
		r.buf = r.buf[:copy(r.buf, r.buf[r.start:])]
		r.start = 0
	}
	if len(r.buf) == cap(r.buf) {
		grown := make([]byte, len(r.buf), 2*cap(r.buf)+512)
		copy(grown, r.buf)
		r.buf = grown
	}
	for range 100 {
		n, err := r.src.Read(r.buf[len(r.buf):cap(r.buf)])
		r.buf = r.buf[:len(r.buf)+n]
		if err != nil {
			r.err = err
			return
		}
		if n > 0 {
			return
		}
	}
	r.err = io.ErrNoProgress
}

// Splitter watches a stream that somebody else relays: every piece of it is
// given to Write, and whole events come out. Events that lie within one piece
// are not copied. The zero value is ready and bounded by DefaultMaxEvent.
type Splitter struct {
	Max int // longest event, in bytes; 0 means DefaultMaxEvent

	frame   framer
	buf     []byte // the unfinished block of earlier pieces
	scratch []byte
	err     error
}

// Write takes the next piece of the stream and calls yield for every event
// that it completes, in order; an error of yield stops it and is returned by
// this and every later call. Event slices are valid during yield only.
func (s *Splitter) Write(p []byte, yield func(Event) error) error {
	if s.err != nil {
		return s.err
	}
	pending := p
	if len(s.buf) > 0 {
		s.buf = append(s.buf, p...)
		pending = s.buf
	}
	for {
		var ok bool
		if pending, ok = s.frame.lead(pending); !ok {
			break
		}
		var block []byte
		if block, pending, ok = s.frame.next(pending); !ok {
			break
		}
		if len(block) == 0 {
			continue
		}
		var e Event
		e, s.scratch = parse(block, s.scratch)
		if err := yield(e); err != nil {
			s.err = err
			return err
		}
	}
	limit := s.Max
	if limit <= 0 {
		limit = DefaultMaxEvent
	}
	if len(pending) > limit {
		s.err, s.buf = ErrTooLong, nil
		return s.err
	}
	s.buf = append(s.buf[:0], pending...)
	return nil
}

// Pending tells how many bytes of an unfinished event are held. After the end
// of a stream anything but 0 means that it was cut inside an event.
func (s *Splitter) Pending() int { return len(s.buf) }
