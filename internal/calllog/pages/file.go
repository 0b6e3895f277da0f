package pages

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// What a file may ask of memory.
const (
	maxFooter         = 16 << 20
	maxFooterElements = 1 << 20
	maxPage           = 64 << 20  // bytes of a page, as it is in the file and unpacked
	maxValues         = 1 << 24   // of a page
	maxAtOnce         = 512 << 20 // bytes of the largest pages of a row group's columns together
)

// errSize marks what is larger than anybody will make room for.
var errSize = errors.New("it is larger than is read here")

// Footer checks the footer of a file before anybody reads it: that it is there,
// and that its lists are no longer than it is itself.
func Footer(file io.ReaderAt, size int64) error {
	var tail [8]byte
	if size < 12 {
		return errors.New("this is no Parquet file")
	}
	if _, err := file.ReadAt(tail[:], size-8); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	length := int64(binary.LittleEndian.Uint32(tail[:4]))
	switch {
	case string(tail[4:]) != "PAR1":
		return errors.New("this is no Parquet file, or an encrypted one")
	case length > size-12:
		return errors.New("the footer is cut short")
	case length > maxFooter:
		return fmt.Errorf("a footer of %d bytes: %w", length, errSize)
	}
	b := make([]byte, length)
	if _, err := file.ReadAt(b, size-8-length); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	t := thrift{b: b, elementsLeft: maxFooterElements}
	t.fields(0, func(int64, int64, int64) {})
	if t.bad {
		return errors.New("the footer cannot be read")
	}
	return nil
}

// Check goes over every page of a file whose footer was checked, unpacks it, and
// sees that reading it will take no more room than it says.
func Check(file io.ReaderAt, size int64, parsed *parquet.File) error {
	schema := parsed.Schema()
	for g, group := range parsed.Metadata().RowGroups {
		atOnce := int64(0)
		for i := range group.Columns {
			meta := &group.Columns[i].MetaData
			leaf, ok := schema.Lookup(meta.PathInSchema...)
			if !ok {
				return fmt.Errorf("row group %d has a column that the schema does not have", g+1)
			}
			c := column{meta: meta, repetition: leaf.MaxRepetitionLevel, definition: leaf.MaxDefinitionLevel}
			if err := c.check(file, size); err != nil {
				return fmt.Errorf("row group %d, column %.80q: %w", g+1, leaf.Path, err)
			}
			if atOnce += c.largest; atOnce > maxAtOnce {
				return fmt.Errorf("row group %d: %w", g+1, errSize)
			}
		}
	}
	return nil
}

// column is the column of a row group that is being checked.
type column struct {
	meta                   *format.ColumnMetaData
	repetition, definition int   // levels at most
	largest                int64 // bytes that its largest pages take: a dictionary and one of the others
	dictionary             int64
	unpacked               []byte
}

func (c *column) check(file io.ReaderAt, size int64) error {
	start := c.meta.DataPageOffset
	if d := c.meta.DictionaryPageOffset; d > 0 {
		if d >= start {
			return errors.New("the dictionary comes after the values")
		}
		start = d
	}
	length := c.meta.TotalCompressedSize
	if start < 0 || length < 0 || start > size || length > size-start {
		return errors.New("it lies outside the file")
	}
	in := bufio.NewReaderSize(io.NewSectionReader(file, start, length), maxHeaderBytes)
	begins := false // whether the first page of values is where the footer says
	for at := start; at < start+length; {
		begins = begins || at == c.meta.DataPageOffset
		took, err := c.page(in, start+length-at)
		if err != nil {
			return err
		}
		at += took
	}
	if !begins && length > 0 {
		return errors.New("its values do not begin where the footer says")
	}
	return nil
}

// page checks the next page of a column, of which so many bytes are left.
func (c *column) page(in *bufio.Reader, left int64) (took int64, err error) {
	head, err := in.Peek(maxHeaderBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	h, n, err := Read(head)
	if err != nil {
		return 0, err
	}
	switch {
	case h.Size > left-int64(n):
		return 0, errors.New("a page is cut short")
	case h.Size > maxPage || h.Unpacked > maxPage:
		return 0, fmt.Errorf("a page of %d bytes: %w", max(h.Size, h.Unpacked), errSize)
	case h.Values > maxValues:
		return 0, fmt.Errorf("a page of %d values: %w", h.Values, errSize)
	}
	if _, err := in.Discard(n); err != nil {
		return 0, err
	}
	raw := make([]byte, h.Size)
	if _, err := io.ReadFull(in, raw); err != nil {
		return 0, err
	}
	if err := c.content(&h, raw); err != nil {
		return 0, err
	}
	room := h.Unpacked + 8*h.Values
	if h.Kind == Dictionary {
		c.dictionary = max(c.dictionary, room)
	}
	c.largest = max(c.largest, c.dictionary+room)
	return int64(n) + h.Size, nil
}

// content checks what is in a page.
func (c *column) content(h *Header, raw []byte) (err error) {
	var levels []byte
	switch h.Kind {
	case DataV2:
		if h.Repetition+h.Definition > int64(len(raw)) {
			return errors.New("a page's levels are cut short")
		}
		levels, raw = raw[:h.Repetition+h.Definition], raw[h.Repetition+h.Definition:]
	case Data, Dictionary:
	default:
		return fmt.Errorf("a page of the unknown kind %d", h.Kind)
	}
	if h.Kind != DataV2 || !h.plainV2 {
		if raw, err = c.unpack(raw, h.Unpacked-int64(len(levels))); err != nil {
			return err
		}
	}
	if h.Kind == Dictionary {
		if h.Encoding != Plain && h.Encoding != PlainDictionary {
			return fmt.Errorf("a dictionary in the encoding %d", h.Encoding)
		}
		return nil
	}
	if h.Kind == DataV2 {
		if err := c.levels(h, levels); err != nil {
			return err
		}
	} else if raw, err = c.oldLevels(h, raw); err != nil {
		return err
	}
	return values(h, raw)
}

// levels checks those of a page of the second version.
func (c *column) levels(h *Header, levels []byte) error {
	if err := runs(levels[:h.Repetition], widthOf(c.repetition), h.Values); err != nil {
		return err
	}
	return runs(levels[h.Repetition:], widthOf(c.definition), h.Values)
}

// oldLevels checks the levels before the values of a page of the first version,
// and gives the values.
func (c *column) oldLevels(h *Header, raw []byte) (rest []byte, err error) {
	for i, most := range [...]int{c.repetition, c.definition} {
		if most == 0 {
			continue
		}
		if h.levelEncodings[1-i] != Runs {
			return nil, fmt.Errorf("levels in the encoding %d", h.levelEncodings[1-i])
		}
		of, after, err := prefixed(raw)
		if err == nil {
			err = runs(of, widthOf(most), h.Values)
		}
		if err != nil {
			return nil, err
		}
		raw = after
	}
	return raw, nil
}
