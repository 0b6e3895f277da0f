package transfer

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/azptu/azptu/internal/calllog/pages"
	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// Parquet reads the flat columns of a file, after every page of it was looked
// at: of a file that is damaged, or made to take more memory than it should, no
// row is handed on. Nested ones are left out, as are
// the columns that a compacted segment holds beside those of its table.
func Parquet(file io.ReaderAt, size int64, take Take) (o Outcome, err error) {
	defer func() { // a damaged file must not end the program
		if r := recover(); r != nil {
			err = fmt.Errorf("reading Parquet: the file is damaged: %v", r)
		}
	}()
	if err := pages.Footer(file, size); err != nil {
		return o, fmt.Errorf("reading Parquet: %w", err)
	}
	f, err := parquet.OpenFile(file, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return o, fmt.Errorf("reading Parquet: %w", err)
	}
	if err := pages.Check(file, size, f); err != nil {
		return o, fmt.Errorf("reading Parquet: %w", err)
	}
	columns := flatColumns(f.Schema())
	for _, group := range f.RowGroups() {
		if err := readGroup(group, columns, take, &o); err != nil {
			return o, err
		}
	}
	return o, nil
}

// column is how the values of a leaf are written as JSON; nil leaves it out.
type column struct {
	name  string
	write func([]byte, parquet.Value) []byte
}

func flatColumns(schema *parquet.Schema) []column {
	known := map[string]bool{}
	for _, path := range schema.Columns() {
		known[path[0]] = len(path) == 1
	}
	columns := make([]column, len(schema.Columns()))
	for i, path := range schema.Columns() {
		body, _, hidden := strings.Cut(path[0], "__")
		leaf, ok := schema.Lookup(path...)
		if !ok || len(path) > 1 || leaf.MaxRepetitionLevel > 0 || hidden && known[body] {
			continue
		}
		columns[i] = column{path[0], writerFor(leaf.Node.Type())}
	}
	return columns
}

func readGroup(group parquet.RowGroup, columns []column, take Take, o *Outcome) (err error) {
	rows := group.Rows()
	defer func() { err = errors.Join(err, rows.Close()) }()
	buffer := make([]parquet.Row, 256)
	var text []byte
	for {
		n, err := rows.ReadRows(buffer)
		for _, row := range buffer[:n] {
			text = append(text[:0], '{')
			for _, v := range row {
				c := columns[v.Column()]
				if c.write == nil || v.IsNull() {
					continue
				}
				if text = appendMember(text, c.name, c.write(nil, v)); len(text) > maxRow {
					return rowTooLong("Parquet", o.Rows+1)
				}
			}
			if err := take(append(text, '}')); err != nil {
				return err
			}
			o.Rows++
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && n == 0 {
			err = io.ErrNoProgress // a damaged file promises rows that it does not have
		}
		if err != nil {
			return fmt.Errorf("reading Parquet: %w", err)
		}
	}
}

// writerFor tells how values of a Parquet type read as JSON.
func writerFor(t parquet.Type) func([]byte, parquet.Value) []byte {
	if logical := t.LogicalType(); logical != nil {
		switch l := logical.Value.(type) {
		case *format.TimestampType:
			unit := time.Nanosecond
			if l.Unit.Value != nil {
				unit = l.Unit.Value.Duration()
			}
			return func(b []byte, v parquet.Value) []byte { return appendTime(b, v.Int64(), unit) }
		case *format.DateType:
			return func(b []byte, v parquet.Value) []byte { return appendTime(b, int64(v.Int32())*86400, time.Second) }
		case *format.JsonType:
			return appendDocument
		}
	}
	switch t.Kind() {
	case parquet.Boolean:
		return func(b []byte, v parquet.Value) []byte { return strconv.AppendBool(b, v.Boolean()) }
	case parquet.Int32:
		return func(b []byte, v parquet.Value) []byte { return strconv.AppendInt(b, int64(v.Int32()), 10) }
	case parquet.Int64:
		return func(b []byte, v parquet.Value) []byte { return strconv.AppendInt(b, v.Int64(), 10) }
	case parquet.Float, parquet.Double:
		return func(b []byte, v parquet.Value) []byte { return appendReal(b, v) }
	}
	return func(b []byte, v parquet.Value) []byte { return jsonlex.AppendString(b, v.ByteArray()) }
}

// appendTime writes an instant given in units since 1970.
func appendTime(b []byte, n int64, unit time.Duration) []byte {
	per := int64(time.Second / unit)
	at := time.Unix(n/per, n%per*int64(unit)).UTC()
	return append(at.AppendFormat(append(b, '"'), "2006-01-02T15:04:05.0000000Z"), '"')
}

func appendReal(b []byte, v parquet.Value) []byte {
	f := v.Double()
	if v.Kind() == parquet.Float {
		f = float64(v.Float())
	}
	if f-f != 0 { // infinite, or no number: JSON has neither
		return append(b, "null"...)
	}
	return strconv.AppendFloat(b, f, 'g', -1, 64)
}

func appendDocument(b []byte, v parquet.Value) []byte {
	if text := v.ByteArray(); jsonlex.Valid(text) == nil {
		return append(b, text...)
	}
	return jsonlex.AppendString(b, v.ByteArray())
}
