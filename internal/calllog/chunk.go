package calllog

import (
	"errors"
	"fmt"
	"io"
	"unsafe"

	"github.com/parquet-go/parquet-go"

	"github.com/azptu/azptu/internal/kql/value"
)

// transientRows is how many rows a batch has that the receiver does not keep: few enough
// that what is computed over them stays in the processor's cache.
const transientRows = 16 << 10

// chunk reads one column of a row group some rows at a time. Where the column has a
// dictionary the codes are handed out as the file has them.
type chunk struct {
	file   *parquetFile
	group  int
	name   string
	kind   value.Type
	hidden bool

	pages parquet.Pages
	page  parquet.Page
	codes []uint32      // those of the page that were not yet handed out
	words *value.Vector // the dictionary
	join  []uint32      // codes of a batch that lies in two pages
	row   int
	whole *value.Vector // the column, when it has no dictionary
}

// errNoDictionary says that a column has to be read in the general way.
var errNoDictionary = errors.New("the column has no dictionary")

// openChunk begins to read a column. One without a dictionary, or with nulls, is read whole
// when it is first asked for.
func (p *parquetFile) openChunk(group int, name string, kind value.Type, hidden bool) *chunk {
	c := &chunk{file: p, group: group, name: name, kind: kind, hidden: hidden}
	if i, ok := p.column[name]; ok && (kind == value.String || kind == value.Int || kind == value.Long) && p.parsed.Schema().Fields()[i].Required() {
		c.pages = p.parsed.RowGroups()[group].ColumnChunks()[i].Pages()
	}
	return c
}

func (c *chunk) close() {
	if c.page != nil {
		parquet.Release(c.page)
		c.page = nil
	}
	if c.pages != nil {
		_ = c.pages.Close()
		c.pages = nil
	}
}

// next gives the next n rows. They are good until it is called again.
func (c *chunk) next(n int) (*value.Vector, error) {
	if c.pages != nil {
		codes, err := c.take(n)
		if err == nil {
			c.row += n
			return value.CodedOf(c.words, codes), nil
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

// take gives the codes of the next n rows.
func (c *chunk) take(n int) ([]uint32, error) {
	if len(c.codes) >= n {
		out := c.codes[:n:n]
		c.codes = c.codes[n:]
		return out, nil
	}
	c.join = append(c.join[:0], c.codes...)
	for len(c.join) < n {
		if err := c.turn(); err != nil {
			return nil, err
		}
		if len(c.join) == 0 && len(c.codes) >= n {
			return c.take(n)
		}
		part := c.codes[:min(n-len(c.join), len(c.codes))]
		c.join = append(c.join, part...)
		c.codes = c.codes[len(part):]
	}
	return c.join, nil
}

// turn goes to the next page.
func (c *chunk) turn() error {
	if c.page != nil {
		parquet.Release(c.page)
		c.page = nil
	}
	page, err := c.pages.ReadPage()
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	c.page = page
	dictionary := page.Dictionary()
	if dictionary == nil || page.NumNulls() > 0 {
		return errNoDictionary
	}
	if c.words == nil {
		c.words = wordsOf(dictionary, c.kind, c.hidden)
	}
	data := page.Data()
	c.codes = unsigned(data.Int32())
	if !within(c.codes, c.words.Len) {
		return errors.New("a code is outside its dictionary")
	}
	return nil
}

// unsigned reads codes as what they are: int32 and uint32 are laid out alike.
func unsigned(codes []int32) []uint32 {
	if len(codes) == 0 {
		return nil
	}
	return unsafe.Slice((*uint32)(unsafe.Pointer(&codes[0])), len(codes))
}

// within says whether all codes are below n.
func within(codes []uint32, n int) bool {
	var most uint32
	for _, c := range codes {
		most = max(most, c)
	}
	return len(codes) == 0 || uint64(most) < uint64(n)
}

// wordsOf reads a dictionary. In a hidden column of numbers one of them stands for a
// missing value.
func wordsOf(dictionary parquet.Dictionary, kind value.Type, hidden bool) *value.Vector {
	n := dictionary.Len()
	words := &value.Vector{Type: kind, Len: n}
	if kind == value.String {
		text := make([]string, n)
		for i := range text {
			text[i] = string(dictionary.Index(int32(i)).ByteArray()) //nolint:gosec // bounded by Len
		}
		words.Str = text
		return words
	}
	words.I64 = make([]int64, n)
	for i := range words.I64 {
		x := dictionary.Index(int32(i)) //nolint:gosec // bounded by Len
		if kind == value.Int {
			words.I64[i] = int64(x.Int32())
			continue
		}
		if words.I64[i] = x.Int64(); hidden && words.I64[i] == missingNumber {
			if words.Nulls == nil {
				words.Nulls = value.NewBitmap(n)
			}
			words.Nulls.Set(i)
			words.I64[i] = 0
		}
	}
	return words
}
