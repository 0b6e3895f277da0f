//go:build unix

package http11

import (
	"io"
	"net"
	"os"
	"syscall"
)

// canAsk tells that an idle connection can be asked whether it is still open.
const canAsk = true

// socket is the connection as the system knows it. Its closures are made once.
type socket struct {
	raw   syscall.RawConn // nil: it is not known
	plain bool            // what is read of it is what was sent: there is no TLS
	probe func(fd uintptr)
	quiet bool // what probe found
	take  func(fd uintptr) bool
	n     int   // what take read
	err   error // how
}

// adopt looks at a connection once.
func (k *conn) adopt(c net.Conn) {
	known, ok := c.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := known.SyscallConn()
	if err != nil {
		return
	}
	s := &k.socket
	s.raw, s.plain = raw, true
	s.probe = func(fd uintptr) {
		var one [1]byte
		_, err := syscall.Read(int(fd), one[:])
		s.quiet = err == syscall.EAGAIN
	}
	s.take = k.take
}

// alive tells whether an idle connection is still open and silent. Whatever a
// backend says unasked makes its connection useless.
func (k *conn) alive() bool {
	s := &k.socket
	if s.raw == nil {
		return true
	}
	s.quiet = false
	return s.raw.Control(s.probe) == nil && s.quiet
}

// lazy tells that fetch can be used.
func (k *conn) lazy() bool { return k.socket.plain }

// fetch is more for a connection with nothing in its buffer: it waits without
// one.
func (k *conn) fetch() error {
	s := &k.socket
	if err := s.raw.Read(s.take); err != nil {
		return k.reason(err)
	}
	switch {
	case s.err != nil:
		return k.reason(os.NewSyscallError("read", s.err))
	case s.n == 0:
		k.ended = true
		return io.EOF
	}
	k.begun = true
	k.w = s.n
	return nil
}

// take reads what is there. It reports false, and gives the buffer back, when
// there is nothing yet.
func (k *conn) take(fd uintptr) bool {
	k.needBuffer()
	for {
		n, err := syscall.Read(int(fd), k.buf)
		switch err {
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			k.giveBuffer()
			return false
		}
		k.socket.n, k.socket.err = max(n, 0), err
		return true
	}
}
