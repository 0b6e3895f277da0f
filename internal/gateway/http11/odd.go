package http11

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// oddAnswer lets net/http read an answer that is out of the ordinary. Its
// connection is not used again.
func (k *conn) oddAnswer(req *http.Request, limit int) (*http.Response, error) {
	ahead := bytes.NewReader(bytes.Clone(k.buf[k.r:k.w]))
	bounded := &bound{src: io.MultiReader(ahead, reader{k}), left: limit}
	in := bufio.NewReaderSize(bounded, bufferSize)
	for {
		res, err := http.ReadResponse(in, req)
		if err != nil {
			if bounded.left <= 0 {
				return nil, errHeadLong
			}
			return nil, fmt.Errorf("reading the answer: %w", err)
		}
		if s := res.StatusCode; s >= 100 && s < 200 && s != http.StatusSwitchingProtocols {
			continue
		}
		bounded.left = -1
		res.Body = &oddBody{res.Body, k}
		return res, nil
	}
}

// bound stops a head that does not end.
type bound struct {
	src  io.Reader
	left int // -1: no longer bounded
}

func (b *bound) Read(p []byte) (int, error) {
	if b.left < 0 {
		return b.src.Read(p)
	}
	if b.left == 0 {
		return 0, errHeadLong
	}
	n, err := b.src.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

type reader struct{ k *conn }

func (r reader) Read(p []byte) (int, error) { return r.k.read(p) }

// oddBody takes the connection with it when it is closed.
type oddBody struct {
	io.ReadCloser
	k *conn
}

func (b *oddBody) Close() error {
	if b.k != nil {
		b.k.discard()
		b.k = nil
	}
	return nil
}
