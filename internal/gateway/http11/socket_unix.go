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

	send  func(fd uintptr) bool
	out   []byte // what send is still to write
	state sending
}

// sending is how far send has come.
type sending int

const (
	unsent sending = iota
	stale          // the backend had closed the connection, or said something unasked
	partly         // the system took a part of the request
	sent
)

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
	s.take, s.send = k.take, k.send
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

// converse writes the request, unless the connection turns out to be stale, and
// waits for the first bytes of the answer. To look whether the connection is
// alive, to write and to wait is one step here, in which nothing that happens
// to the connection is missed and nothing is asked twice. ok is false when it
// cannot be done, or not to its end: what is left of raw is written and read
// in the ordinary way then.
func (k *conn) converse(raw []byte) (left []byte, ok bool, err error) {
	s := &k.socket
	if !s.plain {
		return raw, false, nil
	}
	s.out, s.state, s.n, s.err = raw, unsent, 0, nil
	err = s.raw.Read(s.send)
	left, s.out = s.out, nil
	switch {
	case s.state == stale:
		return nil, true, errStale
	case err != nil && s.state == unsent:
		return left, false, nil
	case err != nil:
		return nil, true, k.reason(err)
	case s.state != sent:
		return left, false, nil
	case s.err != nil:
		return nil, true, k.reason(os.NewSyscallError("read", s.err))
	case s.n == 0:
		k.ended = true
		return nil, true, nil
	}
	k.begun = true
	k.w = s.n
	return nil, true, nil
}

// send is what converse does when it may write, and when it may read.
func (k *conn) send(fd uintptr) bool {
	s := &k.socket
	if s.state == sent {
		return k.take(fd)
	}
	var one [1]byte
	if n, err := syscall.Read(int(fd), one[:]); n >= 0 || err != syscall.EAGAIN {
		s.state = stale
		return true
	}
	n, err := syscall.Write(int(fd), s.out)
	s.out = s.out[max(n, 0):]
	if err != nil || len(s.out) > 0 {
		if s.state = partly; n <= 0 {
			s.state = unsent
		}
		return true
	}
	s.state = sent
	return false
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
