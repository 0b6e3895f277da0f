package gateway

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/call"
)

// isUpgrade tells whether a client wants to speak WebSocket, as realtime
// sessions do.
func isUpgrade(r *http.Request) bool {
	if r.ProtoMajor != 1 || r.Method != http.MethodGet || !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return false
	}
	for _, named := range r.Header["Connection"] {
		for token := range strings.SplitSeq(named, ",") {
			if strings.EqualFold(strings.TrimSpace(token), "upgrade") {
				return true
			}
		}
	}
	return false
}

// upgrade joins a client's WebSocket with a backend's. What passes is neither
// looked at nor counted.
func (x *exchange) upgrade() *fault {
	s := &search{}
	s.order = x.pool.route.Order(s.small[:0], wholePool{x.pool, x.g.at()}, x.g.random())
	for _, i := range s.order {
		b := x.pool.members[i]
		if _, reason, wait := x.admission(b); reason != call.NotSpilled {
			x.note(s, b, reason, wait)
			continue
		}
		if done := x.join(s, b); done {
			x.served = b
			return nil
		}
	}
	return x.give(s)
}

// join asks b to switch protocols and, when it does, passes bytes both ways
// until either side ends.
func (x *exchange) join(s *search, b *backend) bool {
	x.name(b)
	x.rec.Attempts++
	b.metrics.attempts.Add(1)
	req, _, o := x.request(x.ctx, b)
	if req == nil {
		s.failures, s.fault = s.failures+1, o.fault
		return false
	}
	req.Header["Connection"], req.Header["Upgrade"] = []string{"Upgrade"}, []string{"websocket"}
	res, err := b.transport.RoundTrip(req)
	if err != nil {
		s.failures++
		s.fault = x.failed(x.ctx, b, err).fault
		b.breaker.Failed(x.g.at())
		return false
	}
	defer res.Body.Close()
	x.rec.BackendStatus = res.StatusCode
	backendConn, ok := res.Body.(io.ReadWriteCloser)
	if res.StatusCode != http.StatusSwitchingProtocols || !ok {
		held := newBuffer()
		defer held.free()
		_ = held.readAll(res.Body, maxRefusal)
		a := &answer{status: res.StatusCode, header: res.Header, body: append([]byte(nil), held.b...)}
		if o = x.judge(b, a); o.verdict == served {
			return true
		}
		s.failures++
		s.last, s.fault = o.answer, o.fault
		return false
	}
	b.breaker.Succeeded()
	conn, buffered, err := http.NewResponseController(x.w).Hijack()
	if err != nil {
		s.failures, s.fault = s.failures+1, newFault(http.StatusInternalServerError, "UpgradeFailed", "The connection cannot be upgraded.")
		return false
	}
	defer conn.Close()
	x.g.hijacked.add(conn)
	defer x.g.hijacked.remove(conn)
	x.committed = true
	x.rec.Status = http.StatusSwitchingProtocols
	x.rec.FirstByte = x.g.now().Sub(x.started)
	x.tunnel(conn, buffered, backendConn, res)
	return true
}

func (x *exchange) tunnel(conn net.Conn, buffered *bufio.ReadWriter, backendConn io.ReadWriteCloser, res *http.Response) {
	_ = conn.SetDeadline(time.Time{})
	h := http.Header{}
	x.copyResponseHeaders(h, res.Header)
	x.ownHeaders(h)
	h["Connection"], h["Upgrade"] = []string{"Upgrade"}, []string{"websocket"}
	head := &http.Response{StatusCode: http.StatusSwitchingProtocols, ProtoMajor: 1, ProtoMinor: 1, Header: h}
	if err := head.Write(conn); err != nil {
		return
	}
	done := make(chan int64, 2)
	go func() {
		n, _ := io.Copy(backendConn, buffered)
		backendConn.Close()
		done <- n
	}()
	sent, _ := io.Copy(conn, backendConn)
	x.sent += sent
	conn.Close()
	backendConn.Close()
	x.rec.RequestSize += <-done
}
