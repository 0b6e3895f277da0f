package calllog

import (
	"fmt"
	"io"
	"math"
	"slices"
	"unsafe"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/azptu/azptu/internal/kql/scan"
	"github.com/azptu/azptu/internal/kql/value"
)

// fileColumn is one column of a compacted segment.
type fileColumn struct {
	name   string
	kind   value.Type
	hidden bool            // missing numbers are written as missingNumber, so that no levels are needed
	parts  []*value.Vector // one for each row group
}

// missingNumber stands for a missing value in a hidden column of numbers.
const missingNumber = math.MinInt64

// maxDictionary is how many distinct strings a column may have to be
// dictionary-coded.
const maxDictionary = 1 << 14

// empty tells whether the column holds nothing at all; it is then left out of
// the file, and readers give nulls or empty strings.
func (c *fileColumn) empty() bool {
	return !slices.ContainsFunc(c.parts, func(v *value.Vector) bool {
		for i := range v.Len {
			if v.Type == value.String && v.Text(i) != "" || v.Type != value.String && !v.Null(i) {
				return true
			}
		}
		return false
	})
}

func (c *fileColumn) nullable() bool {
	return slices.ContainsFunc(c.parts, func(v *value.Vector) bool {
		for i := range v.Len {
			if v.Type != value.String && v.Null(i) {
				return true
			}
		}
		return false
	})
}

// repeats tells whether the column is worth a dictionary: its codes are then
// packed into few bits, which is smaller and faster to read than compression.
func (c *fileColumn) repeats() bool {
	switch c.kind {
	case value.String:
		return few(c.parts, (*value.Vector).Text)
	case value.Int, value.Long:
		return few(c.parts, func(v *value.Vector, i int) int64 { return v.I64[i&v.Mask()] })
	}
	return false
}

// few tells whether values come again often enough for a dictionary.
func few[T comparable](parts []*value.Vector, at func(*value.Vector, int) T) bool {
	seen, rows := map[T]struct{}{}, 0
	for _, v := range parts {
		for i := range v.Len {
			seen[at(v, i)] = struct{}{}
			if len(seen) > maxDictionary {
				return false
			}
		}
		rows += v.Len
	}
	return len(seen)*2 <= rows+2
}

// node is the column's place in the file's schema.
func (c *fileColumn) node() parquet.Node {
	var n parquet.Node
	switch c.kind {
	case value.Bool:
		n = parquet.Leaf(parquet.BooleanType)
	case value.Int:
		n = parquet.Int(32)
	case value.Long:
		n = parquet.Int(64)
	case value.Real:
		n = parquet.Leaf(parquet.DoubleType)
	case value.DateTime:
		n = parquet.Timestamp(parquet.Nanosecond)
	default:
		n = parquet.String()
		if c.kind == value.Dynamic {
			n = parquet.JSON()
		}
	}
	if c.repeats() {
		n = parquet.Encoded(n, &parquet.RLEDictionary)
	} else {
		n = parquet.Compressed(n, &zstd.Codec{Level: zstd.SpeedFastest})
	}
	if !c.hidden && c.kind != value.String && c.nullable() {
		return parquet.Optional(n)
	}
	return n
}

// A compacted segment says what format it is of.
const (
	fileFormatKey = "azptu.format"
	fileFormat    = "azptu-log 1"
)

// writeParquet writes columns as one compacted segment. Column order in the
// file is alphabetical; readers go by name.
func writeParquet(out io.Writer, table string, columns []*fileColumn) error {
	return writeColumns(out, table, slices.DeleteFunc(slices.Clone(columns), (*fileColumn).empty))
}

// WriteParquet writes columns, which are equally long, as a file of its own.
func WriteParquet(out io.Writer, name string, columns []scan.Column, vectors []*value.Vector) error {
	all := make([]*fileColumn, len(columns))
	for i, c := range columns {
		all[i] = &fileColumn{name: c.Name, kind: c.Type, parts: []*value.Vector{vectors[i].Flat()}}
	}
	return writeColumns(out, name, all)
}

func writeColumns(out io.Writer, table string, columns []*fileColumn) error {
	group := parquet.Group{}
	byName := make(map[string]*fileColumn, len(columns))
	for _, c := range columns {
		group[c.name], byName[c.name] = c.node(), c
	}
	schema := parquet.NewSchema(table, group)
	w := parquet.NewWriter(out, schema, parquet.CreatedBy("azptu", "1", ""), parquet.KeyValueMetadata(fileFormatKey, fileFormat))
	if len(columns) == 0 {
		return fmt.Errorf("segment of %s has no columns", table)
	}
	for part := range columns[0].parts {
		rows := w.BeginRowGroup()
		for i, field := range schema.Fields() {
			c := byName[field.Name()]
			cw := rows.ColumnWriters()[i]
			if err := writeVector(cw, c.parts[part], field.Optional(), i); err != nil {
				return fmt.Errorf("writing column %s: %w", c.name, err)
			}
		}
		if _, err := rows.Commit(); err != nil {
			return fmt.Errorf("writing a row group: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("finishing a segment: %w", err)
	}
	return nil
}

// writeVector writes a column's part of a row group.
func writeVector(cw *parquet.ColumnWriter, v *value.Vector, optional bool, column int) error {
	const step = 4096
	defined := 0
	if optional {
		defined = 1
	}
	buf := make([]parquet.Value, 0, step)
	for i := range v.Len {
		switch {
		case optional && v.Null(i):
			buf = append(buf, parquet.NullValue().Level(0, 0, column))
		case v.Type == value.Long && v.Null(i):
			buf = append(buf, parquet.Int64Value(missingNumber).Level(0, 0, column))
		default:
			buf = append(buf, fileValue(v, i).Level(0, defined, column))
		}
		if len(buf) == step || i == v.Len-1 {
			if _, err := cw.WriteRowValues(buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
	}
	return cw.Close()
}

// ticksToUnix are the ticks of 1970.
const ticksToUnix = 621355968000000000

func fileValue(v *value.Vector, i int) parquet.Value {
	switch v.Type {
	case value.Bool:
		return parquet.BooleanValue(v.I64[i&v.Mask()] != 0)
	case value.Int:
		return parquet.Int32Value(int32(v.I64[i&v.Mask()])) //nolint:gosec // an int column holds 32 bits
	case value.Long:
		return parquet.Int64Value(v.I64[i&v.Mask()])
	case value.Real:
		return parquet.DoubleValue(v.F64[i&v.Mask()])
	case value.DateTime:
		return parquet.Int64Value((v.I64[i&v.Mask()] - ticksToUnix) * 100)
	case value.Dynamic:
		return parquet.ByteArrayValue(value.AppendJSON(nil, v.Dynamic(i)))
	case value.String:
		return parquet.ByteArrayValue(bytesOf(v.Text(i)))
	}
	return parquet.ByteArrayValue([]byte(value.Text(v.Value(i))))
}

// bytesOf is a text as bytes that nobody changes, without copying it.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
