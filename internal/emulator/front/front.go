// Package front answers the plain requests of a busy client without net/http:
// requests that are there whole, complete head and body in one buffer, written
// the way every HTTP library writes them. That halves what a request costs
// besides its work. At the first sign of anything else (another method, a
// chunked or large or slow body, an upgrade, an old version, a header that two
// readers could read differently) the connection goes to an http.Server with
// every byte that was read from it, and stays there. So there is one HTTP
// server, net/http, and this is a short cut in front of it for bytes about which
// there can be no two opinions; a fuzz test holds the two to the same answers.
package front

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Server serves one plain listener. Next and Handler are required.
type Server struct {
	Handler http.Handler // answers what the front takes; it must not keep the request or its writer
	Next    *http.Server // serves every other connection

	// Quick tells whether a request, with its complete body, may be answered
	// here: the handler must answer it at once and in one piece, for nobody
	// watches whether the client stays. nil: every request.
	Quick func(body []byte) bool
	Now   func() time.Time // for the Date of answers; nil means time.Now

	mu     sync.Mutex
	open   map[*conn]struct{}
	closed bool
	ctx    context.Context // of requests: ends when the server is closed
	cancel context.CancelFunc
	tick   atomic.Int64 // seconds since the start: the clock of waits
	date   atomic.Pointer[stamp]
}

// Waits, in ticks of a second. A request that does not arrive whole within
// patience goes to net/http, whose limits are finer; a connection is closed that
// has brought no request after untouched, or no other after idle.
const (
	patience  = 2
	untouched = 15
	idle      = 180
)

// lastWord is how long a client has to read an answer once the server is closed.
const lastWord = 5 * time.Second

// stamp is the Date of one second.
type stamp struct {
	second int64
	text   string
}

// Serve takes connections from l until it is closed. It returns what Accept
// said, http.ErrServerClosed after Close.
func (s *Server) Serve(l net.Listener) error {
	if !s.start() {
		return http.ErrServerClosed
	}
	rest := &handed{addr: l.Addr(), conns: make(chan net.Conn), done: s.ctx.Done()}
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.Next.Serve(rest) }) // ends with rest
	serving.Go(s.watch)
	defer serving.Wait()
	defer s.cancel()
	for {
		c, err := l.Accept()
		if err != nil {
			if s.isClosed() {
				return http.ErrServerClosed
			}
			if brief(err) && pause(s.ctx) {
				continue
			}
			return err
		}
		if made := s.admit(c); made != nil {
			go made.serve(rest)
		}
	}
}

// brief tells errors of Accept that pass, such as a lack of file descriptors.
func brief(err error) bool {
	var timeout interface{ Temporary() bool }
	return errors.As(err, &timeout) && timeout.Temporary() && !errors.Is(err, net.ErrClosed)
}

func pause(ctx context.Context) bool {
	t := time.NewTimer(20 * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *Server) start() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	s.open = map[*conn]struct{}{}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return true
}

func (s *Server) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// admit notes a connection, unless the server was closed meanwhile.
func (s *Server) admit(c net.Conn) *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = c.Close()
		return nil
	}
	made := newConn(s, c)
	s.open[made] = struct{}{}
	return made
}

func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
}

// Close ends the front's connections; those that were handed on are Next's,
// which its own Close ends. The listener is the caller's to close.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.cancel != nil {
		s.cancel()
	}
	for c := range s.open {
		if c.state.Load() == answering {
			_ = c.net.SetWriteDeadline(s.Now().Add(lastWord)) // it closes itself
			continue
		}
		_ = c.net.Close()
	}
	return nil
}

// watch looks once a second whether somebody has waited too long: one timer for
// all connections, where a deadline for each request would cost more than
// reading it.
func (s *Server) watch() {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-t.C:
			s.sweep(s.tick.Add(1))
		}
	}
}

func (s *Server) sweep(now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		switch since := now - c.since.Load(); {
		case c.state.Load() == arriving && since > patience:
			_ = c.net.SetReadDeadline(time.Unix(1, 0)) // long past: the reader hands the connection on
		case c.state.Load() == fresh && since > untouched, c.state.Load() == waiting && since > idle:
			_ = c.net.Close()
		}
	}
}

// now is the Date of answers, written once a second.
func (s *Server) now() string {
	at := s.Now()
	if d := s.date.Load(); d != nil && d.second == at.Unix() {
		return d.text
	}
	d := &stamp{at.Unix(), at.UTC().Format(http.TimeFormat)}
	s.date.Store(d)
	return d.text
}
