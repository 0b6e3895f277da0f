package sse

// framer finds where blocks of lines end. It remembers how far it has looked,
// so that an event arriving a byte at a time is scanned once.
type framer struct {
	started bool // the byte order mark, if any, is behind us
	skipLF  bool // the last block was ended by a CR; a LF right behind belongs to it
	looked  int  // bytes of the pending block that hold no block end
	atStart bool // looked stands at the start of a line
}

var bom = [3]byte{0xEF, 0xBB, 0xBF}

// lead drops what may stand before a block: the byte order mark at the start
// of the stream and the second half of a CRLF. ok is false when more bytes are
// needed to decide.
func (f *framer) lead(b []byte) (rest []byte, ok bool) {
	if !f.started {
		n := 0
		for n < len(bom) && n < len(b) && b[n] == bom[n] {
			n++
		}
		switch {
		case n == len(bom):
			b = b[n:]
		case n == len(b):
			return b, false
		}
		f.started = true
		f.atStart = true
	}
	if f.skipLF && len(b) > 0 {
		if b[0] == '\n' {
			b = b[1:]
		}
		f.skipLF = false
	}
	return b, true
}

// next cuts the first whole block off b: the lines before an empty line. ok is
// false when b holds none yet.
func (f *framer) next(b []byte) (block, rest []byte, ok bool) {
	i := f.looked
	for i < len(b) {
		if !f.atStart {
			n := lineEnd(b[i:])
			if n < 0 {
				break
			}
			i += n + 1
			f.atStart = true
			if b[i-1] == '\r' && !f.swallow(b, &i) {
				return nil, b, false
			}
			continue
		}
		switch b[i] {
		case '\n', '\r':
			block, rest = b[:i], b[i+1:]
			f.skipLF = b[i] == '\r'
			f.looked, f.atStart = 0, true
			return block, rest, true
		}
		f.atStart = false
	}
	f.looked = len(b)
	return nil, b, false
}

// swallow steps over the LF of a CRLF. It reports false when the CR is the
// last byte: whether the line is over is known only with the next one.
func (f *framer) swallow(b []byte, i *int) bool {
	if *i == len(b) {
		f.looked, f.atStart = *i-1, false
		return false
	}
	if b[*i] == '\n' {
		*i++
	}
	return true
}
