package http11

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// bufferSize is how much is read of a connection at once, and the longest line
// of chunked encoding, as in net/http.
const bufferSize = 4 << 10

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// conn is a connection and what was read of it ahead. It belongs to one
// request at a time.
type conn struct {
	net.Conn
	host      *host
	socket    socket
	buf       []byte // nil while there is nothing in it
	r, w      int    // buf[r:w] was read and not used
	begun     bool   // a byte of the answer has come
	reused    bool
	ended     bool      // the backend has closed its side
	idleSince time.Time // while it is idle

	ctx  context.Context // of the request
	stop func() bool     // ends the watch over ctx
	cut  func()          // makes whoever waits give up
}

// past is a deadline that makes a connection give up at once.
var past = time.Unix(1, 0)

// begin lends the connection to a request: from now on it gives up when ctx
// ends.
func (k *conn) begin(ctx context.Context) {
	k.ctx = ctx
	k.stop = context.AfterFunc(ctx, k.cut)
	k.r, k.w, k.begun = 0, 0, false
}

// newConn takes a connection over; c is what was dialled.
func newConn(h *host, c net.Conn) *conn {
	k := &conn{Conn: c, host: h}
	k.cut = func() { _ = k.SetDeadline(past) }
	k.adopt(c)
	return k
}

// ask sends a request. The first bytes of the answer may be here then.
func (k *conn) ask(raw []byte) error {
	left, done, err := k.converse(raw)
	if done {
		return err
	}
	n, err := k.Write(left)
	switch {
	case err == nil:
		return nil
	case n == 0 && len(left) == len(raw):
		return errUnsent{fmt.Errorf("writing the request: %w", err)}
	}
	return fmt.Errorf("writing the request: %w", err)
}

// release ends the loan in good order; the connection waits for another.
func (k *conn) release() {
	stray := k.r < k.w || k.ended
	k.giveBuffer()
	if !k.stop() || stray {
		k.Close()
		return
	}
	k.ctx, k.stop = nil, nil
	k.host.put(k)
}

// discard ends the loan and the connection.
func (k *conn) discard() {
	k.giveBuffer()
	k.stop()
	k.Close()
}

func (k *conn) needBuffer() {
	if k.buf == nil {
		k.buf = buffers.Get().(*[bufferSize]byte)[:]
	}
}

func (k *conn) giveBuffer() {
	if len(k.buf) == bufferSize {
		buffers.Put((*[bufferSize]byte)(k.buf))
	}
	k.buf = nil
}

// fill reads more, behind what is there. There is room: buf is not full of
// unused bytes. The error is io.EOF when the backend has closed its side.
func (k *conn) fill() error {
	if k.r == k.w {
		k.r, k.w = 0, 0
		if k.lazy() {
			return k.fetch()
		}
	}
	return k.more()
}

// more is fill that leaves what is there in its place.
func (k *conn) more() error {
	k.needBuffer()
	if k.w == len(k.buf) {
		k.w = copy(k.buf, k.buf[k.r:k.w])
		k.r = 0
	}
	n, err := k.read(k.buf[k.w:])
	k.w += n
	if n > 0 {
		return nil
	}
	return err
}

// read reads into p past the buffer.
func (k *conn) read(p []byte) (int, error) {
	for range 100 {
		n, err := k.Conn.Read(p)
		if err == io.EOF {
			k.ended = true
		}
		if n > 0 {
			k.begun = true
			return n, nil
		}
		if err != nil {
			return 0, k.reason(err)
		}
	}
	return 0, io.ErrNoProgress
}

// reason is why reading failed: the end of the context, if that is it.
func (k *conn) reason(err error) error {
	if err == io.EOF {
		return err
	}
	if k.ctx != nil && k.ctx.Err() != nil {
		return context.Cause(k.ctx)
	}
	return fmt.Errorf("reading the answer: %w", err)
}
