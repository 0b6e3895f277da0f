//go:build !unix

package http11

import "net"

// canAsk tells that an idle connection cannot be asked whether it is still
// open; it is then kept for blindIdle only.
const canAsk = false

type probe struct{}

func (k *conn) watch(net.Conn) {}

func (k *conn) alive() bool { return true }
