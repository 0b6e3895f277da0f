package front

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// What a connection is doing.
const (
	fresh     = iota // nothing has come yet
	waiting          // for another request
	arriving         // a request has come in part
	answering        // nobody has to hurry but us
)

// largest is how many bytes a request may have, head and body, to be taken here.
const largest = 32 << 10

// conn is one connection of the front.
type conn struct {
	server *Server
	net    net.Conn
	remote string
	state  atomic.Int32
	since  atomic.Int64 // tick at which the state began

	in     []byte // what has been read of a request and of those behind it
	parsed request
	blank  *http.Request // to begin each request with
	req    http.Request
	url    url.URL
	header http.Header
	values [mostFields]string
	body   body
	out    answer
}

// buffers are of the usual request's size; larger requests grow theirs, which is
// not kept.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, usual); return &b }}

const usual = 4 << 10

func newConn(s *Server, c net.Conn) *conn {
	made := &conn{server: s, net: c, remote: c.RemoteAddr().String(), header: http.Header{}}
	made.blank = (&http.Request{
		Method: http.MethodPost, URL: &made.url, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: made.header, Body: &made.body, RemoteAddr: made.remote,
	}).WithContext(s.ctx)
	made.out.header = http.Header{}
	made.since.Store(s.tick.Load())
	return made
}

// serve answers requests until the client leaves or one of them is not for us.
func (c *conn) serve(rest *handed) {
	defer c.server.forget(c)
	buffer := buffers.Get().(*[]byte)
	c.in = (*buffer)[:0]
	keep := false
	defer func() {
		buffers.Put(buffer)
		// A handler's panic ends its connection, as with net/http.
		if p := recover(); p != nil || !keep {
			_ = c.net.Close()
		}
	}()
	for {
		err := c.receive()
		switch {
		case err == errOther:
			keep = c.handOn(rest)
			return
		case err != nil || !c.answer():
			return
		}
		left := c.in[c.parsed.end:]
		if cap(c.in) > usual && len(left) <= usual {
			c.in = *buffer // the larger one goes
		}
		c.in = append(c.in[:0], left...)
		c.parsed.end = 0
	}
}

// handOn gives the connection to net/http. It is forgotten first, so that the
// sweeper no longer sets deadlines.
func (c *conn) handOn(rest *handed) bool {
	c.server.forget(c)
	return c.net.SetReadDeadline(time.Time{}) == nil && rest.take(c.net, append([]byte(nil), c.in...))
}

// errOther says that the connection is one for net/http.
var errOther = errors.New("not a plain request")

// receive reads until a whole plain request is there.
func (c *conn) receive() error {
	for {
		if len(c.in) > 0 {
			c.parsed.parse(c.in)
			switch c.parsed.verdict {
			case strange:
				return errOther
			case whole:
				if quick := c.server.Quick; quick != nil && !quick(c.in[c.parsed.body:c.parsed.end]) || !c.prepare() {
					return errOther
				}
				return nil
			}
			c.enter(arriving)
		}
		if err := c.fill(c.parsed.end); err != nil {
			return err
		}
	}
}

func (c *conn) enter(state int32) {
	if c.state.Load() == state {
		return // a request that trickles in began when it began
	}
	c.since.Store(c.server.tick.Load())
	c.state.Store(state)
}

// fill reads more. need is how long the request is known to be, 0 when it is
// not.
func (c *conn) fill(need int) error {
	if len(c.in) == cap(c.in) || need > cap(c.in) {
		if len(c.in) >= largest {
			return errOther
		}
		grown := make([]byte, len(c.in), max(need, 2*cap(c.in)))
		copy(grown, c.in)
		c.in = grown
	}
	n, err := c.net.Read(c.in[len(c.in):cap(c.in)])
	c.in = c.in[:len(c.in)+n]
	switch {
	case n > 0:
		return nil // an error comes again
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errOther // the sweeper finds that it takes too long
	case err == io.EOF && len(c.in) > 0:
		return errOther // a half-sent request: net/http knows what to say
	case err == nil:
		return io.ErrNoProgress
	}
	return err
}

// answer lets the handler answer one request; it reports whether the
// connection can go on.
func (c *conn) answer() bool {
	c.state.Store(answering)
	c.out.begin()
	c.server.Handler.ServeHTTP(&c.out, &c.req)
	err := c.out.end(c.net, c.server)
	c.enter(waiting)
	return err == nil && c.server.ctx.Err() == nil
}

// prepare makes the request that net/http would have made.
func (c *conn) prepare() bool {
	p := &c.parsed
	head := string(c.in[:p.body]) // the one copy, which all values share
	clear(c.header)
	if !p.headers(head, c.header, &c.values) {
		return false
	}
	c.req = *c.blank
	c.req.Host = head[p.host.start:p.host.end]
	c.req.RequestURI = head[p.target:p.targetEnd]
	c.req.ContentLength = int64(p.end - p.body)
	c.url = url.URL{Path: c.req.RequestURI}
	if p.query > 0 {
		c.url.Path, c.url.RawQuery = head[p.target:p.query], head[p.query+1:p.targetEnd]
		c.url.ForceQuery = c.url.RawQuery == ""
	}
	c.body.rest = c.in[p.body:p.end]
	return true
}

// body is a request body that is all there.
type body struct{ rest []byte }

// Read implements io.Reader. The end is told with the last bytes.
func (b *body) Read(p []byte) (int, error) {
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	if len(b.rest) == 0 {
		return n, io.EOF
	}
	return n, nil
}

// Close implements io.Closer.
func (b *body) Close() error {
	b.rest = nil
	return nil
}

// handed is the listener of the connections that go on to net/http.
type handed struct {
	addr  net.Addr
	conns chan net.Conn
	done  <-chan struct{}
}

// take hands a connection on with what was read from it; false when nobody
// takes it any more.
func (h *handed) take(c net.Conn, read []byte) bool {
	select {
	case h.conns <- &begun{Conn: c, read: read}:
		return true
	case <-h.done:
		return false
	}
}

// Accept implements net.Listener.
func (h *handed) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener; the real listener is somebody else's.
func (h *handed) Close() error { return nil }

// Addr implements net.Listener.
func (h *handed) Addr() net.Addr { return h.addr }

// begun is a connection of which something has been read.
type begun struct {
	net.Conn
	read []byte
}

// Read implements net.Conn.
func (b *begun) Read(p []byte) (int, error) {
	if len(b.read) == 0 {
		return b.Conn.Read(p)
	}
	n := copy(p, b.read)
	if b.read = b.read[n:]; len(b.read) == 0 {
		b.read = nil
	}
	return n, nil
}

// CloseWrite lets net/http end a connection in order.
func (b *begun) CloseWrite() error {
	if half, ok := b.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// SetLinger lets a handler that took the connection over reset it.
func (b *begun) SetLinger(seconds int) error {
	if tcp, ok := b.Conn.(interface{ SetLinger(int) error }); ok {
		return tcp.SetLinger(seconds)
	}
	return nil
}
