package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// upload is a request whose body is not looked at as a whole: a file, audio, an
// image to be edited. What is small is held, and tried again like any other
// call. Of what is not, only the beginning is: up to the field of a form that
// names the model. The rest is passed on as it comes, to a backend that has room
// when it begins; what was read of it cannot be read again.
type upload struct {
	held    []byte
	whole   bool         // nothing comes after what is held
	scanner *formScanner // nil: no field names a model
	passing *passing     // what the present attempt reads; nil: what is held is all
}

// takeUpload reads as much of an upload as is to be held.
func (x *exchange) takeUpload() *fault {
	sizes := x.rt.config.Sizes
	u := x.upload
	if x.target.model && x.target.deployment == "" {
		var f *fault
		if u.scanner, f = newFormScanner(x.r.Header.Get("Content-Type")); f != nil {
			return f
		}
	}
	hold := min(sizes.Held, sizes.Upload)
	if x.r.ContentLength > hold {
		hold = 0 // no more than must be
	}
	most := max(hold, sizes.Body)
	src := x.uploaded()
	for !u.whole && (int64(len(u.held)) < hold || u.nameless()) {
		if int64(len(u.held)) >= most {
			return newFault(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge",
				"The form names its model behind "+byteCount(most)+" of other fields. Put 'model' before the file.")
		}
		if err := u.take(src); err == errModelTwice || err == errModelSize || err == errPart {
			return newFault(http.StatusBadRequest, "BadRequest", err.Error())
		} else if err != nil {
			x.abort = true
			return newFault(http.StatusBadRequest, "BadRequest", "The request body could not be read.")
		}
	}
	if u.scanner != nil {
		x.body.model = u.scanner.model
	}
	if u.whole {
		x.rec.RequestSize = int64(len(u.held))
	}
	return nil
}

// nameless tells whether the model is still to come.
func (u *upload) nameless() bool {
	return u.scanner != nil && u.scanner.model == "" && !u.scanner.over
}

// take holds another piece.
func (u *upload) take(src io.Reader) error {
	if len(u.held) == cap(u.held) {
		u.held = append(make([]byte, 0, max(2*cap(u.held), 8<<10)), u.held...)
	}
	n, err := src.Read(u.held[len(u.held):cap(u.held)])
	u.held = u.held[:len(u.held)+n]
	if u.scanner != nil {
		if err := u.scanner.write(u.held[len(u.held)-n:]); err != nil {
			return err
		}
	}
	if u.whole = err == io.EOF; u.whole {
		return nil
	}
	return err
}

// body is the upload with another name for the model, where a field names it,
// and how much longer that makes it.
func (u *upload) body(model string, rest io.Reader) (body io.Reader, longer int64) {
	body = bytes.NewReader(u.held)
	if s := u.scanner; s != nil && s.model != "" {
		at := s.modelAt
		body = io.MultiReader(bytes.NewReader(u.held[:at.from]), strings.NewReader(model), bytes.NewReader(u.held[at.to:]))
		longer = int64(len(model) - (at.to - at.from))
	}
	switch {
	case u.whole:
		return body, longer
	case u.scanner != nil:
		rest = &scanned{rest, u.scanner}
	}
	return io.MultiReader(body, rest), longer
}

// again tells whether the call can be sent once more: its body is held, or
// nothing of it has been read yet, and the attempt that is over never will.
func (u *upload) again() bool { return u == nil || u.passing == nil || u.passing.abandon() }

// Why an upload is given up that its client, not the backend, spoiled.
var (
	errUploadTooLarge = errors.New("the upload is larger than allowed")
	errUploadBroken   = errors.New("the request body could not be read")
)

// passing is the client's body on its way to a backend: bounded, and given up
// with the attempt.
type passing struct {
	src   io.Reader
	left  int64
	touch func() // another piece has come
	over  context.CancelCauseFunc
	state atomic.Int32
}

// What became of a passing body.
const (
	untouched int32 = iota
	begun
	abandoned
)

// abandon ends a body that nobody has begun to read; else it reports false.
func (p *passing) abandon() bool { return p.state.CompareAndSwap(untouched, abandoned) }

func (p *passing) Read(b []byte) (int, error) {
	if p.state.CompareAndSwap(untouched, begun); p.state.Load() == abandoned {
		return 0, errCallOver
	}
	n, err := p.src.Read(b)
	if p.left -= int64(n); p.left < 0 {
		err = errUploadTooLarge
	}
	switch {
	case err == nil || err == io.EOF:
		p.touch()
		return n, err
	case err != errUploadTooLarge && err != errModelTwice && err != errModelSize && err != errPart:
		err = errUploadBroken
	}
	p.over(err)
	return 0, err
}

func (p *passing) Close() error { return nil }

// spoiled is the answer to a client whose upload was given up for a reason of
// its own, nil for other reasons. The backend is not to blame.
func (x *exchange) spoiled(cause error) *fault {
	switch cause {
	case errUploadTooLarge:
		return tooLarge(x.rt.config.Sizes.Upload)
	case errUploadBroken:
		return newFault(http.StatusBadRequest, "BadRequest", "The request body could not be read.")
	case errModelTwice, errModelSize, errPart:
		return newFault(http.StatusBadRequest, "BadRequest", cause.Error())
	}
	return nil
}

// patient bounds the time between two pieces of an upload, and of the whole.
type patient struct {
	src  io.Reader
	rc   *http.ResponseController
	now  func() time.Time
	idle time.Duration
	end  time.Time
}

func (p patient) Read(b []byte) (int, error) {
	until := p.now().Add(p.idle)
	if p.end.Before(until) {
		until = p.end
	}
	_ = p.rc.SetReadDeadline(until)
	n, err := p.src.Read(b)
	if err == io.EOF {
		// The client has nothing more to say; how long the backend takes is
		// another matter.
		_ = p.rc.SetReadDeadline(time.Time{})
	}
	return n, err
}

// uploaded is the client's body.
func (x *exchange) uploaded() io.Reader {
	return patient{x.r.Body, http.NewResponseController(x.w), x.g.now, x.rt.config.Timeouts.Idle, x.deadline}
}

// attachUpload gives the request the client's own body, with b's name for the
// model where a form names it.
func (x *exchange) attachUpload(req *http.Request, b *backend) {
	u := x.upload
	body, longer := u.body(b.Deployment, x.uploaded())
	if u.whole {
		req.ContentLength = int64(len(u.held)) + longer
		req.Body = io.NopCloser(body)
		return
	}
	if req.ContentLength = x.r.ContentLength; req.ContentLength >= 0 {
		req.ContentLength += longer
	}
	u.passing = &passing{src: body, left: x.rt.config.Sizes.Upload + longer, over: x.giveUp,
		touch: func() { x.patience.sending(x.rt.config.Timeouts.FirstByte, x.g.now()) }}
	req.Body = u.passing
}
