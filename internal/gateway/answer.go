package gateway

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/gateway/config"
)

// maxAnswer is how much of an answer is held before the client gets any of it.
// What is held whole can still be asked for elsewhere when it breaks off.
const maxAnswer = 1 << 20

// relay brings a successful answer to the client, in the way that suits it.
func (x *exchange) relay(ctx context.Context, b *backend, res *http.Response, began time.Time) outcome {
	x.patience.next(x.rt.config.Timeouts.Idle, errIdle)
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") && !encoded(res.Header) {
		return x.relayStream(ctx, b, res, began)
	}
	if x.target.shape == opaque || encoded(res.Header) {
		return x.relayOpaque(ctx, b, res, began)
	}
	return x.relayWhole(ctx, b, res, began)
}

// encoded tells whether a body cannot be looked into although the backend was
// not asked to compress.
func encoded(h http.Header) bool {
	e := h.Get("Content-Encoding")
	return e != "" && e != "identity"
}

// relayWhole holds the answer, looks at it and passes it on.
func (x *exchange) relayWhole(ctx context.Context, b *backend, res *http.Response, began time.Time) outcome {
	held := x.entry.newAnswer()
	err := held.readSome(x.patience.reading(res.Body, x.rt.config.Timeouts.Idle), maxAnswer)
	x.rec.Upstream += x.g.now().Sub(began)
	if err == errTooLarge {
		return x.relayOn(ctx, b, res, held.b, nil)
	}
	if err != nil {
		return x.failed(ctx, b, err)
	}
	if err := readUsage(held.b, &x.usage); err != nil {
		x.rec.ErrorMessage = "the answer is no JSON: " + err.Error()
		x.usage = usage{}
		return outcome{verdict: broken, fault: newFault(http.StatusBadGateway, "BackendFailed", "The deployment's answer is empty or no JSON.")}
	}
	if !x.usage.reported {
		x.text.wholeAnswer(held.b)
	}
	x.account(b)
	if x.target.shape == response || x.target.held == "" {
		x.g.memory.keep(x.target, x.usage.id, b.Name)
	}
	h := x.w.Header()
	x.copyResponseHeaders(h, res.Header)
	x.ownHeaders(h)
	h["Content-Length"] = []string{strconv.Itoa(len(held.b))}
	return x.send(res.StatusCode, held.b)
}

// send writes a whole answer.
func (x *exchange) send(status int, body []byte) outcome {
	x.rec.Status = status
	x.rec.FirstByte = x.g.now().Sub(x.started)
	x.committed = true
	if !x.deliver(status, body) {
		return outcome{verdict: clientGone}
	}
	return outcome{verdict: served}
}

// deliver writes an answer that is held whole. It reports false when writing
// to the client failed.
func (x *exchange) deliver(status int, body []byte) bool {
	there := !x.left()
	x.w.WriteHeader(status)
	n, err := x.w.Write(body)
	x.sent += int64(n)
	if err != nil {
		x.gone.Store(true)
	}
	x.delivered = there && err == nil
	return err == nil
}

// tailLength is how much of a long answer's end is kept to find its usage.
const tailLength = 4 << 10

// relayOpaque passes an answer on as it comes: images, audio, files, and
// whatever the gateway does not know.
func (x *exchange) relayOpaque(ctx context.Context, b *backend, res *http.Response, began time.Time) outcome {
	piece := newBuffer()
	defer piece.free()
	n, err := firstPiece(res.Body, piece.b[:cap(piece.b)])
	x.rec.Upstream += x.g.now().Sub(began)
	if err != nil && err != io.EOF {
		return x.failed(ctx, b, err)
	}
	return x.relayOn(ctx, b, res, piece.b[:n], err)
}

// relayOn begins the answer with its first piece and passes on what follows.
// readErr is what reading the first piece ended with.
func (x *exchange) relayOn(ctx context.Context, b *backend, res *http.Response, first []byte, readErr error) outcome {
	h := x.w.Header()
	x.copyResponseHeaders(h, res.Header)
	x.ownHeaders(h)
	if res.ContentLength >= 0 {
		h["Content-Length"] = []string{strconv.FormatInt(res.ContentLength, 10)}
	}
	x.rec.Status = res.StatusCode
	x.rec.FirstByte = x.g.now().Sub(x.started)
	x.committed = true
	x.w.WriteHeader(res.StatusCode)
	tail, err := x.copyPieces(res, first, readErr)
	if err != io.EOF && !x.delivered {
		x.abort = true
		o := x.failed(ctx, b, err)
		if o.verdict == broken {
			o.verdict = served // too late to ask anybody else
			x.rec.ErrorCode = "BackendFailed"
			b.breaker.Failed(x.g.at())
		}
		return o
	}
	if isJSON(res.Header.Get("Content-Type")) {
		readTail(tail, &x.usage)
		x.noteHeld(tail, b)
		x.account(b)
	}
	return outcome{verdict: served}
}

// copyPieces passes an answer on piece by piece and returns its end.
func (x *exchange) copyPieces(res *http.Response, piece []byte, err error) ([]byte, error) {
	next := newBuffer()
	defer next.free()
	var tail []byte
	for {
		if len(piece) > 0 {
			tail = keepTail(tail, piece)
			if !x.writePiece(piece, res.ContentLength < 0) {
				return tail, errWriteFailed
			}
			x.delivered = x.sent == res.ContentLength && !x.gone.Load()
			x.patience.touch(x.rt.config.Timeouts.Idle, x.g.now())
		}
		if err != nil {
			return tail, err
		}
		var n int
		n, err = res.Body.Read(next.b[:cap(next.b)])
		piece = next.b[:n]
	}
}

// noteHeld remembers whose the object is that was just made.
func (x *exchange) noteHeld(text []byte, b *backend) {
	if x.r.Method != http.MethodPost || x.target.held != "" || x.sent > tailLength {
		return
	}
	var u usage
	if readUsage(text, &u) == nil {
		x.g.memory.keep(x.target, u.id, b.Name)
	}
}

// keep remembers which backend holds a thing that was made at it.
func (m *memory) keep(t target, id, backend string) {
	if t.shape == response || strings.HasSuffix(t.id, "_Create") && t.shape == opaque {
		m.held.put(id, backend)
	}
}

// writePiece writes to the client, if there is still one. It reports false
// when the client has left and the call is to be cancelled.
func (x *exchange) writePiece(p []byte, flush bool) bool {
	if x.left() {
		return x.rt.config.OnClientGone == config.Drain
	}
	rc := http.NewResponseController(x.w)
	_ = rc.SetWriteDeadline(x.g.now().Add(x.rt.config.Timeouts.Idle))
	n, err := x.w.Write(p)
	x.sent += int64(n)
	if err == nil && flush {
		err = rc.Flush()
	}
	if err != nil {
		x.gone.Store(true)
		return x.rt.config.OnClientGone == config.Drain
	}
	return true
}

func firstPiece(r io.Reader, p []byte) (int, error) {
	for range 100 {
		if n, err := r.Read(p); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

// keepTail appends to the last tailLength bytes.
func keepTail(tail, p []byte) []byte {
	if len(p) >= tailLength {
		return append(tail[:0], p[len(p)-tailLength:]...)
	}
	tail = append(tail, p...)
	if len(tail) > 2*tailLength {
		tail = append(tail[:0], tail[len(tail)-tailLength:]...)
	}
	return tail
}
