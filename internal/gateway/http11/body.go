package http11

import (
	"context"
	"errors"
	"io"
)

// Streamer is what the body of an answer is besides an io.ReadCloser.
type Streamer interface {
	// Stream hands on what arrives, at once and from the memory it was read
	// into, which take must not keep. When nothing more is there for the time
	// being pause is called, so that what was put together out of several
	// pieces can be sent; then more is waited for. An error of either ends
	// the stream, and so does the end of the body, with nil.
	Stream(take func(piece []byte) error, pause func() error) error
}

// body is the body of an answer. It has the connection until its end.
type body struct {
	k       *conn  // nil when the body is over
	left    uint64 // of the body or of the present chunk
	chunked bool
	open    bool // ends when the connection does
	close   bool // the connection is not used again
	begun   bool // a chunk lies behind: its end is still to be read
	last    bool // and so does the last one
	excess  int64
	err     error // how the body ended
}

var errClosed = errors.New("the answer's body is closed")

// Read reads some of the body. It waits only when there is nothing to be had
// at once.
func (b *body) Read(p []byte) (int, error) {
	if b.k == nil {
		return 0, b.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	n := 0
	for n < len(p) {
		piece, err := b.next(p[n:], n > 0)
		n += piece
		if err != nil {
			return n, b.fail(err)
		}
		if b.k == nil {
			return n, b.err
		}
		if piece == 0 {
			break
		}
	}
	return n, nil
}

// next reads one piece into p. With some there already it does not wait, and
// 0 tells that there is nothing more at once.
func (b *body) next(p []byte, some bool) (int, error) {
	k := b.k
	if b.chunked && b.left == 0 {
		if ready, err := b.chunk(some); !ready || err != nil {
			return 0, err
		}
	}
	p = p[:b.share(len(p))]
	n := 0
	switch {
	case k.r < k.w:
		n = copy(p, k.buf[k.r:k.w])
		k.r += n
	case some:
		return 0, nil
	case len(p) >= bufferSize || b.open:
		var err error
		if n, err = k.read(p); err != nil {
			return 0, err
		}
	default:
		if err := k.fill(); err != nil {
			return 0, err
		}
		n = copy(p, k.buf[k.r:k.w])
		k.r += n
	}
	b.took(n)
	return n, nil
}

// share is how much of n bytes may belong to the body, or to its present
// chunk.
func (b *body) share(n int) int {
	if b.open || uint64(n) <= b.left {
		return n
	}
	return int(b.left)
}

// took books n bytes that were handed on.
func (b *body) took(n int) {
	if b.open {
		return
	}
	if b.left -= uint64(n); b.left == 0 && !b.chunked {
		b.finish()
	}
}

// Stream implements Streamer.
func (b *body) Stream(take func([]byte) error, pause func() error) error {
	for b.k != nil {
		k := b.k
		if b.chunked && b.left == 0 {
			if err := b.await(pause); err != nil {
				return err
			}
			continue
		}
		if k.r == k.w {
			if err := pause(); err != nil {
				return err
			}
			if err := k.fill(); err != nil {
				return ended(b.fail(err))
			}
		}
		n := b.share(k.w - k.r)
		piece := k.buf[k.r : k.r+n]
		k.r += n
		if err := take(piece); err != nil {
			return err
		}
		b.took(n)
	}
	return ended(b.err)
}

// await brings more of the line before the next chunk, or the end of the body.
func (b *body) await(pause func() error) error {
	ready, err := b.chunk(true)
	if err == nil && !ready && b.k != nil {
		if err := pause(); err != nil {
			return err
		}
		if b.last {
			_, err = b.chunk(false)
		} else {
			err = b.k.fill() // the deepest call of an idle stream: its stack stays small
		}
	}
	if err != nil {
		return ended(b.fail(err))
	}
	return nil
}

// ended is how a stream ended: its good end is no error.
func ended(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// finish is the good end: the connection goes back.
func (b *body) finish() {
	k := b.k
	b.k, b.err = nil, io.EOF
	if b.close {
		k.discard()
		return
	}
	k.release()
}

// fail is the end that an error makes. A body without a length ends well
// where its connection does.
func (b *body) fail(err error) error {
	if err == io.EOF {
		if b.open {
			b.finish()
			return io.EOF
		}
		err = io.ErrUnexpectedEOF
	}
	if b.k != nil {
		if ctx := b.k.ctx; ctx != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		b.k.discard()
		b.k = nil
	}
	b.err = err
	return err
}

// Close ends the body. Before its end, it ends the connection too.
func (b *body) Close() error {
	if b.k != nil {
		b.k.discard()
		b.k = nil
		b.err = errClosed
	}
	return nil
}
