package pages

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"github.com/parquet-go/parquet-go/encoding/delta"
)

var errRuns = errors.New("a page holds other than as many values as it says")

// values checks that a page holds no more values than it says. Where each value
// has bytes of its own there is nothing to check.
func values(h *Header, raw []byte) error {
	switch h.Encoding {
	case Plain, StreamSplit:
		return nil
	case Codes, PlainDictionary:
		if len(raw) == 0 {
			return nil
		}
		if raw[0] > 32 {
			return errors.New("codes of more than 32 bits")
		}
		return runs(raw[1:], int(raw[0]), h.Values)
	case Runs:
		of, _, err := prefixed(raw)
		if err != nil {
			return err
		}
		return runs(of, 1, h.Values)
	case DeltaPacked, DeltaLengths:
		return deltas(raw, h.Values)
	case DeltaTexts:
		return texts(raw, h.Values)
	}
	return fmt.Errorf("the encoding %d is not read here; write the file anew with plain or dictionary encoding", h.Encoding)
}

// padding is how many values more than there are the last group of packed ones
// may stand for.
const padding = 512

// runs counts the values of the hybrid of runs and packed groups.
func runs(raw []byte, width int, values int64) error {
	seen := uint64(0)
	for len(raw) > 0 {
		head, n := binary.Uvarint(raw)
		if n <= 0 {
			return errRuns
		}
		raw = raw[n:]
		count, bytes := head>>1, uint64(width+7)/8 //nolint:gosec // at most 32
		if head&1 != 0 {
			if count > maxValues {
				return errRuns
			}
			count, bytes = 8*count, count*uint64(width) //nolint:gosec // at most 32
		}
		if count > uint64(values)+padding || bytes > uint64(len(raw)) { //nolint:gosec // never negative
			return errRuns
		}
		if seen += count; seen > uint64(values)+padding { //nolint:gosec // never negative
			return errRuns
		}
		raw = raw[bytes:]
	}
	return nil
}

// deltas checks the head of packed differences: sizes of blocks and their number.
func deltas(raw []byte, values int64) error {
	var head [3]uint64 // values of a block, parts of it, values
	for i := range head {
		x, n := binary.Uvarint(raw)
		if n <= 0 {
			return errRuns
		}
		head[i], raw = x, raw[n:]
	}
	if block, parts := head[0], head[1]; block == 0 || block > 1<<16 || parts == 0 || parts > block || head[2] > uint64(values) { //nolint:gosec // never negative
		return errRuns
	}
	return nil
}

// texts adds up what texts become that begin like the one before: a page of a
// megabyte can stand for more than any memory holds.
func texts(raw []byte, values int64) error {
	if err := deltas(raw, values); err != nil {
		return err
	}
	shared, err := new(delta.BinaryPackedEncoding).DecodeInt32(nil, raw)
	if err != nil {
		return err
	}
	sum := int64(len(raw))
	for _, n := range shared {
		if sum += int64(n); n < 0 || sum > maxPage {
			return fmt.Errorf("texts of a page: %w", errSize)
		}
	}
	return nil
}

// prefixed takes what has its length before it.
func prefixed(raw []byte) (of, rest []byte, err error) {
	if len(raw) < 4 {
		return nil, nil, errRuns
	}
	n := binary.LittleEndian.Uint32(raw)
	if raw = raw[4:]; uint64(n) > uint64(len(raw)) {
		return nil, nil, errRuns
	}
	return raw[:n], raw[n:], nil
}

// widthOf is how many bits levels up to most take.
func widthOf(most int) int { return bits.Len(uint(most)) } //nolint:gosec // never negative
