package calllog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"sync"

	"github.com/parquet-go/parquet-go/format"

	"github.com/azptu/azptu/internal/calllog/pages"
	"github.com/azptu/azptu/internal/kql/value"
)

// transientRows is how many rows a batch has that the receiver does not keep: few enough
// that what is computed over them stays in the processor's cache.
const transientRows = 16 << 10

// chunk reads one column of a row group some rows at a time. Where the column has a
// dictionary its codes are unpacked straight from the file into a buffer that is used
// again; other columns are read whole, in the general way.
type chunk struct {
	file   *parquetFile
	group  int
	name   string
	kind   value.Type
	hidden bool

	coded bool
	raw   *[]byte // the column's bytes in the file
	left  []byte  // the pages that were not begun yet
	page  codeReader
	words *value.Vector // the dictionary
	codes []uint32      // of the batch
	row   int
	whole *value.Vector // the column, when it is not read by codes
}

// errNoDictionary says that a column has to be read in the general way.
var errNoDictionary = errors.New("the column has no dictionary")

// rawChunks are buffers for columns as they are in files.
var rawChunks = sync.Pool{New: func() any { return new([]byte) }}

// maxRawChunk bounds the columns that are read by codes.
const maxRawChunk = 256 << 20

// openChunk begins to read a column.
func (p *parquetFile) openChunk(group int, name string, kind value.Type, hidden bool) *chunk {
	c := &chunk{file: p, group: group, name: name, kind: kind, hidden: hidden}
	i, ok := p.column[name]
	if !ok || kind != value.String && kind != value.Int && kind != value.Long || !p.parsed.Schema().Fields()[i].Required() {
		return c
	}
	meta := p.parsed.Metadata().RowGroups[group].Columns[i].MetaData
	c.coded = meta.Codec == format.Uncompressed && meta.DictionaryPageOffset > 0 && meta.TotalCompressedSize > 0 && meta.TotalCompressedSize < maxRawChunk && plainType(meta.Type, kind)
	return c
}

// plainType says whether the file keeps values of a kind as it is read here.
func plainType(t format.Type, kind value.Type) bool {
	switch kind {
	case value.Int:
		return t == format.Int32
	case value.Long:
		return t == format.Int64
	}
	return t == format.ByteArray
}

func (c *chunk) close() {
	if c.raw != nil {
		rawChunks.Put(c.raw)
	}
	c.raw, c.left, c.coded = nil, nil, false
}

// next gives the next n rows. They are good until it is called again.
func (c *chunk) next(n int) (*value.Vector, error) {
	if c.coded {
		err := c.take(n)
		if err == nil {
			c.row += n
			return value.CodedOf(c.words, c.codes), nil
		}
		if !errors.Is(err, errNoDictionary) {
			return nil, fmt.Errorf("reading column %s: %w", c.name, err)
		}
		c.close()
	}
	if c.whole == nil {
		var err error
		if c.whole, err = c.file.read(c.group, c.name, c.kind, c.hidden); err != nil {
			return nil, err
		}
	}
	c.row += n
	return c.whole.Slice(c.row-n, c.row), nil
}

// take unpacks the codes of the next n rows.
func (c *chunk) take(n int) error {
	if c.raw == nil {
		if err := c.load(); err != nil {
			return err
		}
	}
	c.codes = slices.Grow(c.codes[:0], n)[:n]
	for done := 0; done < n; {
		k, err := c.page.read(c.codes[done:])
		if err != nil {
			return err
		}
		if done += k; done == n {
			break
		}
		if err := c.turn(); err != nil {
			return err
		}
	}
	if int64(c.page.most) >= int64(c.words.Len) {
		return errors.New("a code is outside its dictionary")
	}
	return nil
}

// load reads the column's bytes and its dictionary.
func (c *chunk) load() error {
	meta := c.file.parsed.Metadata().RowGroups[c.group].Columns[c.file.column[c.name]].MetaData
	size := int(meta.TotalCompressedSize)
	c.raw = rawChunks.Get().(*[]byte)
	*c.raw = slices.Grow((*c.raw)[:0], size+beyond)[:size]
	if _, err := c.file.file.ReadAt(*c.raw, meta.DictionaryPageOffset); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	c.left = *c.raw
	h, body, err := c.nextPage()
	if err != nil {
		return err
	}
	if h.Kind != pages.Dictionary || h.Encoding != pages.Plain && h.Encoding != pages.PlainDictionary {
		return errNoDictionary
	}
	c.words, err = wordsOf(body, int(h.Values), c.kind, c.hidden)
	return err
}

// turn goes to the next page of codes.
func (c *chunk) turn() error {
	h, body, err := c.nextPage()
	if err != nil {
		return err
	}
	if h.Kind != pages.Data && h.Kind != pages.DataV2 || h.Encoding != pages.Codes && h.Encoding != pages.PlainDictionary || h.Repetition+h.Definition != 0 || h.Nulls != 0 {
		return errNoDictionary
	}
	most := c.page.most
	if c.page, err = newCodeReader(body); err != nil {
		return err
	}
	c.page.most = most
	return nil
}

// nextPage takes a page off the column's bytes and checks it.
func (c *chunk) nextPage() (pages.Header, []byte, error) {
	if len(c.left) == 0 {
		return pages.Header{}, nil, io.ErrUnexpectedEOF
	}
	h, n, err := pages.Read(c.left)
	if err != nil {
		return h, nil, err
	}
	if h.Size > int64(len(c.left)-n) {
		return h, nil, io.ErrUnexpectedEOF
	}
	body := c.left[n : n+int(h.Size)]
	c.left = c.left[n+int(h.Size):]
	if h.HasCRC && crc32.ChecksumIEEE(body) != h.CRC {
		return h, nil, errors.New("a page's checksum does not match")
	}
	return h, body, nil
}

// wordsOf reads a dictionary of n values. In a hidden column of numbers one of them stands
// for a missing value.
func wordsOf(page []byte, n int, kind value.Type, hidden bool) (*value.Vector, error) {
	width := map[value.Type]int{value.Int: 4, value.Long: 8, value.String: 4}[kind]
	if n < 0 || n > len(page)/width {
		return nil, errors.New("a dictionary is cut short")
	}
	words := &value.Vector{Type: kind, Len: n}
	if kind == value.String {
		return words, textWords(words, string(page), n)
	}
	words.I64 = make([]int64, n)
	for i := range words.I64 {
		if kind == value.Int {
			words.I64[i] = int64(int32(binary.LittleEndian.Uint32(page[4*i:]))) //nolint:gosec // 32 bits, signed
			continue
		}
		if words.I64[i] = int64(binary.LittleEndian.Uint64(page[8*i:])); hidden && words.I64[i] == missingNumber { //nolint:gosec // 64 bits, signed
			if words.Nulls == nil {
				words.Nulls = value.NewBitmap(n)
			}
			words.Nulls.Set(i)
			words.I64[i] = 0
		}
	}
	return words, nil
}

// textWords cuts a page of texts, each after its length, without copying them.
func textWords(words *value.Vector, page string, n int) error {
	words.Str = make([]string, n)
	for i := range words.Str {
		if len(page) < 4 {
			return errors.New("a dictionary is cut short")
		}
		size := uint32(page[0]) | uint32(page[1])<<8 | uint32(page[2])<<16 | uint32(page[3])<<24
		if page = page[4:]; uint64(size) > uint64(len(page)) {
			return errors.New("a dictionary is cut short")
		}
		words.Str[i], page = page[:size], page[size:]
	}
	return nil
}
