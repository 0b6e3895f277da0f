package gateway

import (
	"errors"
	"io"
	"sync"
)

// buffer is a reusable piece of memory for one body.
type buffer struct{ b []byte }

const (
	smallBuffer = 4 << 10
	keepBuffer  = 256 << 10 // larger ones are left to the collector
)

var buffers = sync.Pool{New: func() any { return &buffer{b: make([]byte, 0, smallBuffer)} }}

func newBuffer() *buffer {
	b := buffers.Get().(*buffer)
	b.b = b.b[:0]
	return b
}

func (b *buffer) free() {
	if b != nil && cap(b.b) <= keepBuffer {
		buffers.Put(b)
	}
}

// Write appends p; it never fails.
func (b *buffer) Write(p []byte) (int, error) {
	b.b = append(b.b, p...)
	return len(p), nil
}

// newHeld is memory of its own for a body that a transport may go on reading
// when the call is over; it is never used again. size is what the request's
// header promises, which is believed up to a bound.
func newHeld(size int64) *buffer {
	return &buffer{b: make([]byte, 0, min(max(size, 0), 64<<10)+1)}
}

var errTooLarge = errors.New("body is larger than allowed")

// readSome appends src, up to limit bytes. The error is errTooLarge when there
// may be more, which is still to be read then.
func (b *buffer) readSome(src io.Reader, limit int64) error {
	for int64(len(b.b)) < limit {
		if len(b.b) == cap(b.b) {
			b.b = append(b.b, 0)[:len(b.b)]
		}
		room := b.b[len(b.b):cap(b.b)]
		if left := limit - int64(len(b.b)); int64(len(room)) > left {
			room = room[:left]
		}
		n, err := src.Read(room)
		b.b = b.b[:len(b.b)+n]
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return errTooLarge
}

// readAll appends all of src, at most limit bytes. Memory grows with what
// really arrives, not with what a header promises. When src holds more than
// limit the error is errTooLarge and the first limit bytes are in b.
func (b *buffer) readAll(src io.Reader, limit int64) error {
	if err := b.readSome(src, limit); err != errTooLarge {
		return err
	}
	return probe(src)
}

// probe tells a source that ends exactly at the limit from one that goes on.
// The byte it reads is lost, which does not matter to a caller that refuses.
func probe(src io.Reader) error {
	var one [1]byte
	n, err := io.ReadFull(src, one[:])
	switch {
	case n > 0:
		return errTooLarge
	case err == io.EOF:
		return nil
	}
	return err
}
