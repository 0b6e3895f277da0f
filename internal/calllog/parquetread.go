package calllog

import (
	"errors"
	"fmt"
	"io"
	"os"
	"unsafe"

	"github.com/parquet-go/parquet-go"

	"github.com/azptu/azptu/internal/kql/value"
)

// parquetFile is an open compacted segment.
type parquetFile struct {
	file   *os.File
	parsed *parquet.File
	column map[string]int
}

func openParquet(path string) (*parquetFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening segment: %w", err)
	}
	info, err := f.Stat()
	if err == nil {
		var parsed *parquet.File
		parsed, err = parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(256<<10))
		if err == nil && isNewer(parsed) {
			err = errNewer
		}
		if err == nil {
			p := &parquetFile{file: f, parsed: parsed, column: map[string]int{}}
			for i, field := range parsed.Schema().Fields() {
				if field.Leaf() {
					p.column[field.Name()] = i
				}
			}
			return p, nil
		}
	}
	return nil, errors.Join(fmt.Errorf("opening segment %s: %w", path, err), f.Close())
}

// errNewer means that a later azptu wrote a file in a way that is not known here.
var errNewer = errors.New("the segment is of a newer format")

// isNewer tells whether a file says that it is of a format that this program
// does not write. A file that says nothing may be anybody's.
func isNewer(file *parquet.File) bool {
	format, said := file.Lookup(fileFormatKey)
	return said && format != fileFormat
}

func (p *parquetFile) close() { _ = p.file.Close() }

// times are the first and last instant of a row group, in ticks, where the
// file says so.
func (p *parquetFile) times(group int) (from, to int64, ok bool) {
	i, ok := p.column[timeColumn]
	if !ok {
		return 0, 0, false
	}
	stats := p.parsed.Metadata().RowGroups[group].Columns[i].MetaData.Statistics
	if len(stats.MinValue) != 8 || len(stats.MaxValue) != 8 {
		return 0, 0, false
	}
	low, high := parquet.Int64.Value(stats.MinValue).Int64(), parquet.Int64.Value(stats.MaxValue).Int64()
	return low/100 + ticksToUnix - 1, high/100 + ticksToUnix + 1, true
}

// read gives one column of a row group as a vector of type t. A column that
// the segment does not have is null, or empty strings.
func (p *parquetFile) read(group int, name string, t value.Type, hidden bool) (*value.Vector, error) {
	rows := p.parsed.RowGroups()[group]
	i, ok := p.column[name]
	if !ok {
		return value.ConstOf(value.NullOf(t), int(rows.NumRows())), nil
	}
	r := columnReader{kind: t, hidden: hidden, rows: int(rows.NumRows())}
	pages := rows.ColumnChunks()[i].Pages()
	defer pages.Close()
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return r.finish(name)
		}
		if err != nil {
			return nil, fmt.Errorf("reading column %s: %w", name, err)
		}
		err = r.add(page)
		parquet.Release(page)
		if err != nil {
			return nil, fmt.Errorf("reading column %s: %w", name, err)
		}
	}
}

// columnReader makes a vector of the pages of one column.
type columnReader struct {
	kind   value.Type
	hidden bool
	rows   int
	n      int
	nulls  value.Bitmap
	i64    []int64
	f64    []float64
	str    []string
	codes  []uint32
	dict   []string

	numbers []int64 // a dictionary of numbers
	missing int32   // the one that stands for a missing value; -1 for none
}

func (r *columnReader) add(page parquet.Page) error {
	values := int(page.NumValues())
	if values < 0 || r.n+values > r.rows {
		return fmt.Errorf("%d values for %d rows", r.n+values, r.rows)
	}
	data := page.Data()
	if dictionary := page.Dictionary(); dictionary != nil {
		if err := r.addCodes(dictionary, data.Int32()); err != nil {
			return err
		}
	} else {
		r.addPlain(&data, values-int(page.NumNulls()))
	}
	if page.NumNulls() > 0 {
		r.spread(page.DefinitionLevels(), values)
	}
	r.n += values
	return nil
}

func (r *columnReader) addCodes(dictionary parquet.Dictionary, indexes []int32) error {
	size := dictionary.Len()
	for _, index := range indexes {
		if index < 0 || int(index) >= size {
			return errors.New("a code is outside its dictionary")
		}
	}
	switch r.kind {
	case value.Int, value.Long:
		r.addNumbers(dictionary, indexes)
		return nil
	case value.String:
		r.addWords(dictionary, indexes)
		return nil
	}
	return fmt.Errorf("a %s column has a dictionary", r.kind)
}

// addNumbers looks the numbers of a page up. In a hidden column one of them
// stands for a missing value.
func (r *columnReader) addNumbers(dictionary parquet.Dictionary, indexes []int32) {
	if r.numbers == nil {
		r.numbers, r.missing = make([]int64, dictionary.Len()), -1
		for i := range r.numbers {
			n := dictionary.Index(int32(i)) //nolint:gosec // bounded by Len
			if r.kind == value.Int {
				r.numbers[i] = int64(n.Int32())
			} else {
				r.numbers[i] = n.Int64()
			}
			if r.hidden && r.numbers[i] == missingNumber {
				r.missing = int32(i) //nolint:gosec // bounded by Len
			}
		}
	}
	if r.i64 == nil {
		r.i64 = make([]int64, 0, r.rows)
	}
	start := len(r.i64)
	for _, index := range indexes {
		r.i64 = append(r.i64, r.numbers[index])
	}
	if r.missing < 0 {
		return
	}
	if r.nulls == nil {
		r.nulls = value.NewBitmap(r.rows)
	}
	for i, index := range indexes {
		if index == r.missing {
			r.nulls.Set(start + i)
			r.i64[start+i] = 0
		}
	}
}

// addWords takes the codes of a page of text over.
func (r *columnReader) addWords(dictionary parquet.Dictionary, indexes []int32) {
	if r.dict == nil {
		r.dict = make([]string, dictionary.Len())
		for i := range r.dict {
			r.dict[i] = string(dictionary.Index(int32(i)).ByteArray()) //nolint:gosec // bounded by Len
		}
	}
	if r.str != nil {
		for _, index := range indexes {
			r.str = append(r.str, r.dict[index])
		}
		return
	}
	if r.codes == nil {
		r.codes = make([]uint32, 0, r.rows)
	}
	if len(indexes) > 0 {
		// int32 and uint32 are laid out alike, and no code is negative.
		r.codes = append(r.codes, unsafe.Slice((*uint32)(unsafe.Pointer(&indexes[0])), len(indexes))...)
	}
}

func (r *columnReader) addPlain(data interface {
	Boolean() []byte
	Int32() []int32
	Int64() []int64
	Double() []float64
	ByteArray() ([]byte, []uint32)
}, values int) {
	switch r.kind {
	case value.Int:
		for _, x := range data.Int32() {
			r.i64 = append(r.i64, int64(x))
		}
	case value.Long:
		for _, x := range data.Int64() {
			if r.hidden && x == missingNumber {
				if r.nulls == nil {
					r.nulls = value.NewBitmap(r.rows)
				}
				r.nulls.Set(len(r.i64))
				x = 0
			}
			r.i64 = append(r.i64, x)
		}
	case value.DateTime:
		for _, x := range data.Int64() {
			r.i64 = append(r.i64, x/100+ticksToUnix)
		}
	case value.Real:
		r.f64 = append(r.f64, data.Double()...)
	case value.Bool:
		r.addBits(data.Boolean(), values)
	default:
		bytes, offsets := data.ByteArray()
		r.addText(string(bytes), offsets)
	}
}

// addBits unpacks a page of booleans, least significant bit first.
func (r *columnReader) addBits(packed []byte, values int) {
	for i := range min(values, 8*len(packed)) {
		r.i64 = append(r.i64, int64(packed[i/8]>>(i%8)&1))
	}
}

func (r *columnReader) addText(text string, offsets []uint32) {
	if r.str == nil {
		r.str = make([]string, 0, r.rows)
		for _, c := range r.codes { // pages after the dictionary was full
			r.str = append(r.str, r.dict[c])
		}
		r.codes = nil
	}
	for i := 0; i+1 < len(offsets); i++ {
		r.str = append(r.str, text[offsets[i]:offsets[i+1]])
	}
}

// spread puts the values of a page, which leave the nulls out, to their rows.
func (r *columnReader) spread(levels []byte, values int) {
	if r.nulls == nil {
		r.nulls = value.NewBitmap(r.rows)
	}
	dense := 0
	for _, level := range levels[:values] {
		if level != 0 {
			dense++
		}
	}
	r.i64 = spread(r.i64, r.n, dense, levels[:values])
	r.f64 = spread(r.f64, r.n, dense, levels[:values])
	r.str = spread(r.str, r.n, dense, levels[:values])
	for i, level := range levels[:values] {
		if level == 0 {
			r.nulls.Set(r.n + i)
		}
	}
}

// spread moves the dense values after the first n apart, from the last one on.
func spread[T any](s []T, n, dense int, levels []byte) []T {
	if s == nil {
		return nil
	}
	s = s[:n+dense]
	var zero T
	for len(s) < n+len(levels) {
		s = append(s, zero)
	}
	from := n + dense
	for i := len(levels) - 1; i >= 0; i-- {
		if levels[i] == 0 {
			s[n+i] = zero
			continue
		}
		from--
		s[n+i] = s[from]
	}
	return s
}

func (r *columnReader) finish(name string) (*value.Vector, error) {
	v := &value.Vector{Type: r.kind, Len: r.rows, Nulls: r.nulls, I64: r.i64, F64: r.f64, Str: r.str, Codes: r.codes, Dict: r.dict}
	if r.str != nil {
		v.Codes, v.Dict = nil, nil
	}
	if r.kind == value.Dynamic {
		v.Raw, v.Nulls = true, nil
	}
	if got := max(len(v.I64), len(v.F64), len(v.Str), len(v.Codes)); r.n != r.rows || got != r.rows {
		return nil, fmt.Errorf("column %s has %d values for %d rows", name, got, r.rows)
	}
	return v, nil
}
