package calllog

import (
	"encoding/binary"
	"errors"
)

var errCodes = errors.New("a page's codes cannot be read")

// codeReader unpacks the codes of a page: runs of one code, and codes packed into as few
// bits as the largest needs (Apache Parquet format, RLE and bit-packing hybrid).
type codeReader struct {
	b     []byte // what is left of the page; readable some bytes beyond its end
	end   int    // where the page ends in b
	at    int
	width uint
	// The run at hand: so many more of one code, or so many packed ones from a bit on.
	same   int
	code   uint32
	packed int
	bit    int
	most   uint32 // no code so far was larger
}

// beyond is how many bytes after a page may be looked at.
const beyond = 8

// newCodeReader begins a page of codes; page must be followed by so many bytes more.
func newCodeReader(page []byte) (codeReader, error) {
	if len(page) == 0 || cap(page) < len(page)+beyond || page[0] > 32 {
		return codeReader{}, errCodes
	}
	return codeReader{b: page[:len(page)+beyond], end: len(page), at: 1, width: uint(page[0])}, nil
}

// read fills out, or as much of it as the page has codes for.
func (r *codeReader) read(out []uint32) (n int, err error) {
	for n < len(out) {
		switch {
		case r.same > 0:
			run := out[n:min(len(out), n+r.same)]
			for i := range run {
				run[i] = r.code
			}
			r.same -= len(run)
			n += len(run)
		case r.packed > 0:
			part := out[n:min(len(out), n+r.packed)]
			r.unpack(part)
			r.packed -= len(part)
			n += len(part)
		case r.at >= r.end:
			return n, nil
		default:
			if err := r.turn(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// turn begins the next run.
func (r *codeReader) turn() error {
	head, n := binary.Uvarint(r.b[r.at:r.end])
	if n <= 0 || head>>1 > 1<<31 {
		return errCodes
	}
	r.at += n
	if count := int(head >> 1); head&1 == 0 { //nolint:gosec // bounded above
		size := int(r.width+7) / 8 //nolint:gosec // at most 32 bits
		if r.at+size > r.end {
			return errCodes
		}
		r.code = 0
		for i := range size {
			r.code |= uint32(r.b[r.at+i]) << (8 * i)
		}
		r.at += size
		r.same = count
		if count > 0 {
			r.most = max(r.most, r.code)
		}
		return nil
	}
	count := int(head >> 1) //nolint:gosec // bounded above
	size := count * int(r.width)
	if size > r.end-r.at {
		// The last run may leave off the bytes that hold no values.
		if count = (r.end - r.at) / max(int(r.width), 1); count == 0 {
			return errCodes
		}
		size = r.end - r.at
	}
	r.packed, r.bit = 8*count, 8*r.at
	r.at += size
	return nil
}

// unpack takes packed codes out, four from one look at 64 bits while they are narrow.
func (r *codeReader) unpack(out []uint32) {
	width, bit, b := r.width, r.bit, r.b
	mask := uint64(1)<<width - 1
	var seen uint64
	i := 0
	if width <= 14 {
		for ; i+4 <= len(out); i += 4 {
			w := binary.LittleEndian.Uint64(b[bit>>3:]) >> (bit & 7)
			o := out[i : i+4 : i+4]
			c0, c1, c2, c3 := w&mask, w>>width&mask, w>>(2*width)&mask, w>>(3*width)&mask
			o[0], o[1], o[2], o[3] = uint32(c0), uint32(c1), uint32(c2), uint32(c3) //nolint:gosec // masked
			seen = max(seen, c0, c1, c2, c3)
			bit += 4 * int(width) //nolint:gosec // at most 14
		}
	}
	for ; i < len(out); i++ {
		c := binary.LittleEndian.Uint64(b[bit>>3:]) >> (bit & 7) & mask
		out[i] = uint32(c) //nolint:gosec // masked
		seen = max(seen, c)
		bit += int(width) //nolint:gosec // at most 32
	}
	r.bit = bit
	r.most = max(r.most, uint32(seen)) //nolint:gosec // masked
}
