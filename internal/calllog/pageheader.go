package calllog

import (
	"encoding/binary"
	"errors"
)

// pageHeader is what a page of a column says of itself (Apache Parquet format,
// PageHeader), as far as readers of codes go by it.
type pageHeader struct {
	kind     int64 // see the constants below
	size     int64 // bytes of the page after its header
	crc      uint32
	hasCRC   bool
	values   int64
	encoding int64
	nulls    int64
	levels   int64 // bytes of definition and repetition levels
}

const (
	pageData       = 0
	pageDictionary = 2
	pageDataV2     = 3

	encodingPlain     = 0
	encodingOldCodes  = 2 // PLAIN_DICTIONARY
	encodingCodes     = 8 // RLE_DICTIONARY
	maxHeaderBytes    = 1 << 16
	maxHeaderNesting  = 16
	thriftTrue        = 1
	thriftFalse       = 2
	thriftByte        = 3
	thriftDouble      = 7
	thriftBinary      = 8
	thriftList        = 9
	thriftSet         = 10
	thriftMap         = 11
	thriftStruct      = 12
	maxHeaderElements = 1 << 16
)

var errPageHeader = errors.New("a page's header cannot be read")

// readPageHeader reads the header at the beginning of b and tells how long it is.
func readPageHeader(b []byte) (h pageHeader, n int, err error) {
	t := thrift{b: b[:min(len(b), maxHeaderBytes)]}
	t.fields(0, h.take)
	if t.bad || h.size < 0 || h.values < 0 || h.nulls < 0 || h.levels < 0 {
		return h, 0, errPageHeader
	}
	return h, t.at, nil
}

// The structures inside a page header, by their field.
const (
	inDataPage   = 5
	inDictionary = 7
	inDataPageV2 = 8
)

// take notes a number of the header: field id of the structure in.
func (h *pageHeader) take(id, v, in int64) {
	switch in {
	case 0:
		h.own(id, v)
	case inDataPage, inDictionary:
		if id == 1 {
			h.values = v
		} else if id == 2 {
			h.encoding = v
		}
	case inDataPageV2:
		switch id {
		case 1:
			h.values = v
		case 2:
			h.nulls = v
		case 4:
			h.encoding = v
		case 5, 6:
			h.levels += v
		}
	}
}

func (h *pageHeader) own(id, v int64) {
	switch id {
	case 1:
		h.kind = v
	case 3:
		h.size = v
	case 4:
		h.crc, h.hasCRC = uint32(v), true //nolint:gosec // 32 bits, signed in the format
	}
}

// thrift reads the compact protocol of Apache Thrift, passing over what nobody asks for.
type thrift struct {
	b     []byte
	at    int
	bad   bool
	depth int
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
			for range min(n, maxHeaderElements) {
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

func (t *thrift) elements(n uint64, kind int) {
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
