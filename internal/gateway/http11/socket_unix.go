//go:build unix

package http11

import (
	"net"
	"syscall"
)

// canAsk tells that an idle connection can be asked whether it is still open.
const canAsk = true

// probe asks a socket without waiting. Its closure is made once.
type probe struct {
	raw   syscall.RawConn
	look  func(fd uintptr)
	quiet bool
}

func (k *conn) watch(raw net.Conn) {
	s, ok := raw.(syscall.Conn)
	if !ok {
		return
	}
	rc, err := s.SyscallConn()
	if err != nil {
		return
	}
	k.probe.raw = rc
	k.probe.look = func(fd uintptr) {
		var one [1]byte
		_, err := syscall.Read(int(fd), one[:])
		k.probe.quiet = err == syscall.EAGAIN
	}
}

// alive tells whether an idle connection is still open and silent. Whatever a
// backend says unasked makes its connection useless.
func (k *conn) alive() bool {
	if k.probe.raw == nil {
		return true
	}
	k.probe.quiet = false
	return k.probe.raw.Control(k.probe.look) == nil && k.probe.quiet
}
