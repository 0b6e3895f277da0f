package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/azptu/azptu/internal/call"
)

// passUpload sends a request on whose body is not held: files, audio, images
// to be edited. There is one attempt, at the first backend that has room,
// because what was read of the body cannot be read again.
func (x *exchange) passUpload() *fault {
	s := &search{}
	s.order = s.small[:0]
	if x.pinned == "" || !x.pinTo(s) {
		s.order = x.pool.route.Order(s.order, wholePool{x.pool, x.g.at()}, x.draw())
	}
	for _, i := range s.order {
		b := x.pool.members[i]
		ticket, reason, wait := x.admission(b)
		if reason != call.NotSpilled {
			x.note(s, b, reason, wait)
			continue
		}
		switch o := x.try(b, ticket); o.verdict {
		case served:
			x.served = b
			return nil
		case clientGone:
			return newFault(statusClientGone, "ClientGone", "The client has left.")
		case full:
			x.rec.Refused++
			return busy("The deployment is at its limit. Please retry later.", o.wait)
		default:
			if o.answer != nil {
				x.pass(o.answer)
				return nil
			}
			return o.fault
		}
	}
	return x.give(s)
}

// Why an upload is given up that its client, not the backend, spoiled.
var (
	errUploadTooLarge = errors.New("the upload is larger than allowed")
	errUploadBroken   = errors.New("the request body could not be read")
)

// upload is the client's body on its way to a backend: bounded, and counted.
type upload struct {
	src  io.Reader
	left int64
	read atomic.Int64
	over context.CancelCauseFunc
}

func (u *upload) Read(p []byte) (int, error) {
	n, err := u.src.Read(p)
	if u.left -= int64(n); u.left < 0 {
		err = errUploadTooLarge
	}
	switch {
	case err == nil || err == io.EOF:
		u.read.Add(int64(n))
		return n, err
	case err != errUploadTooLarge && err != errModelTwice && err != errModelSize && err != errPart:
		err = errUploadBroken
	}
	u.over(err)
	return 0, err
}

func (u *upload) Close() error { return nil }

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

// patient bounds the time between two pieces of an upload.
type patient struct {
	src  io.Reader
	rc   *http.ResponseController
	now  func() time.Time
	idle time.Duration
}

func (p patient) Read(b []byte) (int, error) {
	_ = p.rc.SetReadDeadline(p.now().Add(p.idle))
	return p.src.Read(b)
}

// uploaded is the client's body.
func (x *exchange) uploaded() io.Reader {
	return patient{x.r.Body, http.NewResponseController(x.w), x.g.now, x.rt.config.Timeouts.Idle}
}

// attachUpload gives the request the client's own body, with b's name for the
// model where a form names it.
func (x *exchange) attachUpload(req *http.Request, b *backend) {
	body, length := x.uploaded(), x.r.ContentLength
	if x.form != nil {
		var longer int64
		if body, longer = x.form.renamed(b.Deployment, body); length >= 0 {
			length += longer
		}
	}
	req.Body = &upload{src: body, left: x.rt.config.Sizes.Upload, over: x.giveUp}
	req.ContentLength = length
}
