package logs

import (
	"io"
	"unicode/utf8"
)

// keys are what is typed, as the line editor takes it: text that is no UTF-8
// would make it wait for more of it, so that question marks stand for that. It
// notes whether the editor was interrupted.
type keys struct {
	in          io.Reader
	waiting     []byte // the beginning of a character that is not whole yet
	interrupted bool
}

const ctrlC = 3

// Read implements io.Reader.
func (k *keys) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n := copy(p, k.waiting)
		k.waiting = k.waiting[n:]
		var err error
		if len(k.waiting) == 0 {
			var more int
			more, err = k.in.Read(p[n:])
			n += more
		}
		n = k.clean(p[:n], err != nil, n == len(p))
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// clean makes text of p and tells how much of it there is. A character that is not
// whole at its end is kept for later, unless nothing comes after it, or p is full
// of it.
func (k *keys) clean(p []byte, last, full bool) int {
	for i := 0; i < len(p); {
		if p[i] == ctrlC {
			k.interrupted = true
		}
		r, size := utf8.DecodeRune(p[i:])
		switch {
		case r != utf8.RuneError:
			i += size
		case !last && (i > 0 || !full) && !utf8.FullRune(p[i:]):
			k.waiting = append([]byte(nil), p[i:]...)
			return i
		default: // broken, or the very character that stands for what is
			for j := range max(size, 1) {
				p[i+j] = '?'
			}
			i += max(size, 1)
		}
	}
	return len(p)
}
