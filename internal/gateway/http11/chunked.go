package http11

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/textproto"
)

var (
	errChunk       = errors.New("malformed chunked encoding")
	errChunkLine   = errors.New("the line before a chunk is too long")
	errChunkExcess = errors.New("chunked encoding contains too much that is no data")
	errTrailer     = errors.New("malformed end of chunked encoding")
)

// chunk reads the line before the next chunk, and the end of the one before
// it. With some data there already it does not wait; ready is false then. The
// last chunk ends the body. What is accepted is what net/http accepts.
func (b *body) chunk(some bool) (ready bool, err error) {
	k := b.k
	if b.last {
		return false, b.trailer(some)
	}
	if b.begun {
		for k.w-k.r < 2 {
			if some {
				return false, nil
			}
			if err := k.fill(); err != nil {
				return false, err
			}
		}
		if k.buf[k.r] != '\r' || k.buf[k.r+1] != '\n' {
			return false, errChunk
		}
		k.r += 2
		b.begun = false
	}
	line, ready, err := b.line(some)
	if !ready || err != nil {
		return false, err
	}
	size, err := chunkSize(line)
	if err != nil {
		return false, err
	}
	if err := b.count(len(line), size); err != nil {
		return false, err
	}
	if size == 0 {
		b.last = true
		return false, b.trailer(some)
	}
	b.left, b.begun = size, true
	return true, nil
}

// line takes a line off the buffer.
func (b *body) line(some bool) (line []byte, ready bool, err error) {
	k := b.k
	for {
		if i := bytes.IndexByte(k.buf[k.r:k.w], '\n'); i >= 0 {
			line = k.buf[k.r : k.r+i]
			k.r += i + 1
			break
		}
		if k.w-k.r >= bufferSize {
			return nil, false, errChunkLine
		}
		if some {
			return nil, false, nil
		}
		if err := k.fill(); err != nil {
			return nil, false, err
		}
	}
	n := len(line) - 1
	if bytes.IndexByte(line, '\r') != n || n < 0 {
		return nil, false, errChunk
	}
	if n >= bufferSize {
		return nil, false, errChunkLine
	}
	return line[:n], true, nil
}

// chunkSize reads the number before a chunk. Extensions are passed over.
func chunkSize(line []byte) (n uint64, err error) {
	line = bytes.TrimRight(line, " \t")
	if i := bytes.IndexByte(line, ';'); i >= 0 {
		line = line[:i]
	}
	if len(line) == 0 || len(line) > 16 {
		return 0, errChunk
	}
	for _, c := range line {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, errChunk
		}
		n = n<<4 | uint64(c)
	}
	return n, nil
}

// count bounds what a backend may send besides data: sixteen bytes a chunk and
// twice the data are free, as in net/http.
func (b *body) count(line int, size uint64) error {
	b.excess += int64(line) + 2
	b.excess = max(b.excess-16-2*int64(size), 0)
	if b.excess > 16<<10 {
		return errChunkExcess
	}
	return nil
}

// trailer reads what stands behind the last chunk and ends the body. Trailers
// are read and forgotten; a connection that sent some is not used again.
func (b *body) trailer(some bool) error {
	k := b.k
	for k.w-k.r < 2 {
		if some {
			return nil
		}
		if err := k.fill(); err != nil {
			return err
		}
	}
	if k.buf[k.r] == '\r' && k.buf[k.r+1] == '\n' {
		k.r += 2
		b.finish()
		return nil
	}
	if some {
		return nil
	}
	ahead := bytes.NewReader(bytes.Clone(k.buf[k.r:k.w]))
	in := bufio.NewReaderSize(io.MultiReader(ahead, reader{k}), bufferSize)
	for n := 4; ; n++ {
		seen, err := in.Peek(n)
		if bytes.HasSuffix(seen, []byte("\r\n\r\n")) {
			break
		}
		if err != nil {
			return errTrailer
		}
	}
	if _, err := textproto.NewReader(in).ReadMIMEHeader(); err != nil {
		return fmt.Errorf("%w: %w", errTrailer, err)
	}
	b.close = true
	b.finish()
	return nil
}
