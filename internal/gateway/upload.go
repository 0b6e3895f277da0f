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

var errUploadTooLarge = errors.New("the upload is larger than allowed")

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
		u.over(errUploadTooLarge)
		return 0, errUploadTooLarge
	}
	u.read.Add(int64(n))
	return n, err
}

func (u *upload) Close() error { return nil }

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

// attachUpload gives the request the client's own body.
func (x *exchange) attachUpload(req *http.Request) {
	limit := x.rt.config.Sizes.Upload
	req.Body = &upload{src: patient{x.r.Body, http.NewResponseController(x.w), x.g.now, x.rt.config.Timeouts.Idle}, left: limit, over: x.giveUp}
	req.ContentLength = x.r.ContentLength
}
