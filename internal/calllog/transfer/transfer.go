// Package transfer carries rows of log tables in and out of files: lines of
// JSON, CSV and Parquet, as this program, Log Analytics, Data Explorer, DuckDB
// or Spark write them. Reading hands each row on as a JSON object; what is no
// row is passed over and counted, so that one bad line does not cost the file.
package transfer

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/azptu/azptu/internal/calllog"
	"github.com/azptu/azptu/internal/kql/value"
	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// Formats are those of files, by the words of the command line.
var Formats = []string{"jsonl", "csv", "parquet"}

// Take is handed one row, a JSON object. It must not keep it.
type Take func(row []byte) error

// Outcome tells how reading a file went.
type Outcome struct {
	Rows   int // handed on
	Faulty int // lines that are no rows
	First  int // number of the first faulty line, from 1; 0 when there is none
}

func (o *Outcome) faulty(line int) {
	if o.Faulty++; o.First == 0 {
		o.First = line
	}
}

// maxRow bounds one row, in bytes.
const maxRow = 64 << 20

// Lines reads one JSON object a line.
func Lines(r io.Reader, take Take) (Outcome, error) {
	var o Outcome
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 1<<20), maxRow)
	for number := 1; lines.Scan(); number++ {
		row := lines.Bytes()
		if len(row) == 0 {
			continue
		}
		if !isObject(row) {
			o.faulty(number)
			continue
		}
		if err := take(row); err != nil {
			return o, err
		}
		o.Rows++
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return o, rowTooLong("lines", o.Rows+o.Faulty+1)
	} else if err != nil {
		return o, fmt.Errorf("reading lines: %w", err)
	}
	return o, nil
}

func isObject(row []byte) bool {
	l := jsonlex.New(row)
	return l.Kind() == jsonlex.Object && jsonlex.Valid(row) == nil
}

// CSV reads rows under a head of column names. A cell of a dynamic column is
// JSON where it can be; an empty cell is a missing value.
func CSV(r io.Reader, schema *calllog.Schema, take Take) (Outcome, error) {
	var o Outcome
	source := &rationed{r: r, left: maxRow}
	in := csv.NewReader(source)
	in.ReuseRecord = true
	head, err := in.Read()
	if err != nil {
		return o, fmt.Errorf("reading the head of the CSV: %w", err)
	}
	head = slices.Clone(head)
	var row []byte
	for {
		source.left = maxRow
		cells, err := in.Read()
		var parse *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return o, nil
		case errors.Is(err, errRation):
			return o, rowTooLong("CSV", o.Rows+o.Faulty+1)
		case errors.As(err, &parse):
			o.faulty(parse.StartLine)
			continue
		case err != nil:
			return o, fmt.Errorf("reading CSV: %w", err)
		}
		row = append(row[:0], '{')
		for i, cell := range cells {
			if cell != "" {
				row = appendMember(row, head[i], cellText(schema, head[i], cell))
			}
		}
		if err := take(append(row, '}')); err != nil {
			return o, err
		}
		o.Rows++
	}
}

// rationed is a reader of which one row may take so many bytes: a quote that is
// never closed would take the whole file.
type rationed struct {
	r    io.Reader
	left int
}

// errRation says that a row took more.
var errRation = errors.New("the row is too long")

// Read implements io.Reader.
func (r *rationed) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, errRation
	}
	n, err := r.r.Read(p)
	r.left -= n
	return n, err
}

func rowTooLong(of string, row int) error {
	return fmt.Errorf("reading %s: row %d is longer than %d MB", of, row, maxRow>>20)
}

// cellText is a cell as JSON.
func cellText(schema *calllog.Schema, column, cell string) []byte {
	if place, ok := schema.Column(column); ok && schema.Columns[place].Type == value.Dynamic && jsonlex.Valid([]byte(cell)) == nil {
		return []byte(cell)
	}
	return jsonlex.AppendString(nil, cell)
}

func appendMember(row []byte, name string, text []byte) []byte {
	if len(row) > 1 {
		row = append(row, ',')
	}
	return append(append(jsonlex.AppendString(row, name), ':'), text...)
}
