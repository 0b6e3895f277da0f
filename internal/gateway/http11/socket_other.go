//go:build !unix

package http11

import "net"

// canAsk tells that an idle connection cannot be asked whether it is still
// open; it is then kept for blindIdle only.
const canAsk = false

type socket struct{ plain bool }

func (k *conn) adopt(net.Conn) {}

func (k *conn) alive() bool { return true }

func (k *conn) converse(raw []byte) (left []byte, ok bool, err error) { return raw, false, nil }

func (k *conn) lazy() bool { return false }

func (k *conn) fetch() error { return k.more() }
