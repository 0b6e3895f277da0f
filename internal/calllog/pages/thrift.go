package pages

import "encoding/binary"

// thrift reads the compact protocol of Apache Thrift, passing over what nobody asks for.
type thrift struct {
	b     []byte
	at    int
	bad   bool
	depth int

	elementsLeft int64 // of lists, sets and maps
}

// fields reads a structure and tells of its numbers: the field, its value, and the field of
// the enclosing structure that this one is in (0 for the outermost).
func (t *thrift) fields(in int64, tell func(id, v, in int64)) {
	if t.depth++; t.depth > maxHeaderNesting {
		t.bad = true
	}
	id := int64(0)
	for !t.bad {
		head := t.next()
		kind := int(head & 15)
		if kind == 0 {
			break
		}
		if delta := int64(head >> 4); delta != 0 {
			id += delta
		} else {
			id = t.signed()
		}
		t.value(kind, id, in, tell)
	}
	t.depth--
}

func (t *thrift) value(kind int, id, in int64, tell func(id, v, in int64)) {
	switch kind {
	case thriftTrue, thriftFalse:
		tell(id, int64(kind), in)
	case thriftByte:
		tell(id, int64(t.next()), in)
	case 4, 5, 6: // 16, 32 and 64 bits
		tell(id, t.signed(), in)
	case thriftDouble:
		t.skip(8)
	case thriftBinary:
		t.skip(t.length())
	case thriftList, thriftSet:
		head := t.next()
		n := uint64(head >> 4)
		if n == 15 {
			n = t.length()
		}
		t.elements(n, int(head&15))
	case thriftMap:
		if n := t.length(); n > 0 {
			kinds := t.next()
			for i := uint64(0); i < n && !t.bad; i++ {
				t.elements(1, int(kinds>>4))
				t.elements(1, int(kinds&15))
			}
		}
	case thriftStruct:
		below := id
		if in != 0 {
			below = -1 // deeper than anything of interest
		}
		t.fields(below, tell)
	default:
		t.bad = true
	}
}

// elements passes over n elements of a list. Each takes a byte at least.
func (t *thrift) elements(n uint64, kind int) {
	if n > uint64(len(t.b)-t.at) || int64(n) > t.elementsLeft { //nolint:gosec // at never passes the end, and n is small then
		t.bad = true
		return
	}
	t.elementsLeft -= int64(n) //nolint:gosec // bounded above
	if t.depth++; t.depth > maxHeaderNesting {
		t.bad = true
	}
	defer func() { t.depth-- }()
	for i := uint64(0); i < n && !t.bad; i++ {
		if kind == thriftTrue || kind == thriftFalse {
			t.skip(1)
			continue
		}
		t.value(kind, 0, -1, func(int64, int64, int64) {})
	}
}

func (t *thrift) next() byte {
	if t.at >= len(t.b) {
		t.bad = true
		return 0
	}
	t.at++
	return t.b[t.at-1]
}

func (t *thrift) skip(n uint64) {
	if n > uint64(len(t.b)-t.at) { //nolint:gosec // at never passes the end
		t.bad = true
		return
	}
	t.at += int(n) //nolint:gosec // within b
}

func (t *thrift) length() uint64 {
	x, n := binary.Uvarint(t.b[t.at:])
	if n <= 0 {
		t.bad = true
		return 0
	}
	t.at += n
	return x
}

func (t *thrift) signed() int64 {
	x := t.length()
	return int64(x>>1) ^ -int64(x&1) //nolint:gosec // zigzag
}
