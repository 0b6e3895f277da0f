package pages

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/compress/snappy"
	"github.com/parquet-go/parquet-go/format"
)

var errUnpacked = errors.New("a page is not as long as it says")

// unpack unpacks a page whose header says how long it then is. It makes no more
// room than that, whatever is packed.
func (c *column) unpack(raw []byte, size int64) ([]byte, error) {
	if size < 0 {
		return nil, errUnpacked
	}
	if c.meta.Codec == format.Uncompressed {
		if int64(len(raw)) != size {
			return nil, errUnpacked
		}
		return raw, nil
	}
	if size == 0 && len(raw) == 0 {
		return nil, nil
	}
	var err error
	switch c.meta.Codec {
	case format.Snappy:
		if n, w := binary.Uvarint(raw); w <= 0 || n != uint64(size) {
			return nil, errUnpacked
		}
		c.unpacked, err = new(snappy.Codec).Decode(c.room(size), raw)
	case format.Gzip:
		var in *gzip.Reader
		if in, err = gzip.NewReader(bytes.NewReader(raw)); err == nil {
			err = c.drain(in, size)
		}
	case format.Zstd:
		var in *zstd.Decoder
		if in, err = zstd.NewReader(bytes.NewReader(raw), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(2*maxPage), zstd.WithDecoderMaxWindow(maxPage)); err == nil {
			err = c.drain(in, size)
			in.Close()
		}
	default:
		return nil, fmt.Errorf("the compression %s is not read here; write the file anew with zstd, snappy or gzip", c.meta.Codec)
	}
	if err != nil {
		return nil, fmt.Errorf("unpacking a page: %w", err)
	}
	if int64(len(c.unpacked)) != size {
		return nil, errUnpacked
	}
	return c.unpacked, nil
}

// room is memory for a page; that of the page before is used again.
func (c *column) room(size int64) []byte {
	if int64(cap(c.unpacked)) < size {
		c.unpacked = make([]byte, size)
	}
	return c.unpacked[:size]
}

// drain reads a page, and sees that nothing is behind it.
func (c *column) drain(in io.Reader, size int64) error {
	c.unpacked = c.room(size)
	if _, err := io.ReadFull(in, c.unpacked); err != nil {
		return err
	}
	var more [1]byte
	if n, err := in.Read(more[:]); n > 0 || err == nil || !errors.Is(err, io.EOF) {
		return errUnpacked
	}
	return nil
}
