package calllog

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/kql/scan"
	"github.com/azptu/azptu/internal/kql/value"
	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// ErrTable means that there is no such table.
var ErrTable = errors.New("no such table")

// RowError tells which row of a batch is no JSON object. None of them was taken.
type RowError struct {
	Row int // from 0
	Err error
}

func (e *RowError) Error() string { return fmt.Sprintf("row %d: %v", e.Row, e.Err) }

// Unwrap is what is wrong with the row.
func (e *RowError) Unwrap() error { return e.Err }

// intake takes rows that come from elsewhere.
type intake struct {
	lexer jsonlex.Lexer
	open  map[string]*openColumns // of each open table
	lines []byte
	said  map[string][]byte // of one row of ours, values that others repeat
	rest  []byte            // members that no column is for, for AdditionalFields
}

// AppendRows takes rows of one table that were not calls: imported, or sent by
// another machine. Each is a JSON object whose members are columns; values are
// converted to the column's type, and what does not fit is null. Members that no
// column is for become columns of an open table if their names tell their types,
// and are dropped otherwise; it returns how many were. A row without a time gets
// the present one. The error is ErrTable, a *RowError, or ErrLost when there is
// no room at present; then no row was taken.
func (s *Store) AppendRows(table string, rows [][]byte) (dropped int, err error) {
	schema, ok := SchemaOf(table)
	if !ok {
		return 0, fmt.Errorf("%w: %s", ErrTable, table)
	}
	s.taking.Lock()
	defer s.taking.Unlock()
	in := &s.intake
	in.lines = in.lines[:0]
	for i, row := range rows {
		n, err := s.takeRow(schema, row)
		if err != nil {
			return 0, &RowError{i, err}
		}
		dropped += n
	}
	if cap(in.lines) > keepSpare {
		defer func() { in.lines = nil }()
	}
	if err := s.saveOpen(schema); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || s.held >= s.opt.MaxPending {
		return 0, ErrLost
	}
	p := s.tables[table]
	p.rows = append(p.rows, in.lines...)
	s.held += len(in.lines)
	s.wakeWhenFull()
	return dropped, nil
}

// takeRow writes one row as a line.
func (s *Store) takeRow(schema *Schema, row []byte) (dropped int, err error) {
	in := &s.intake
	at, err := rowTime(&in.lexer, row)
	if err != nil {
		return 0, err
	}
	if at.IsZero() {
		at = s.opt.Now()
	}
	start := len(in.lines)
	w := rowWriter{b: timeMember(in.lines, at), start: start}
	in.rest = in.rest[:0]
	typed := false
	clear(in.said)
	in.lexer.Reset(row)
	in.lexer.Object()
	for name, ok := in.lexer.Field(); ok; name, ok = in.lexer.Field() {
		member := string(name)
		raw := in.lexer.Skip()
		column, known := s.columnFor(schema, member)
		switch {
		case member == timeColumn || member == "_crc" || member == "_crc2" || len(raw) == 0:
		case known:
			typed = typed || column.Name == "Type"
			writeCell(&w, column, s.maskedCell(schema, column, in.whole(column.Name, raw)))
		case schema.additional:
			in.rest = appendOneLine(append(appendQuoted(append(in.rest, opener(len(in.rest))), member), ':'), raw)
		default:
			dropped++
		}
	}
	if _, has := schema.Column("Type"); has && !typed {
		w.text("Type", schema.Table)
	}
	if len(in.rest) > 0 {
		w.document("AdditionalFields", append(in.rest, '}'))
	}
	in.lines = w.end()
	return dropped, nil
}

// whole is a value of a row that may be a line of ours, written out.
func (in *intake) whole(column string, raw []byte) []byte {
	if isSame(column, raw) {
		return in.said[repeated[column]]
	}
	if isRepeated(column) {
		in.said[column] = raw
	}
	return raw
}

func opener(written int) byte {
	if written == 0 {
		return '{'
	}
	return ','
}

// rowTime checks that a row is an object and finds its time.
func rowTime(l *jsonlex.Lexer, row []byte) (at time.Time, err error) {
	l.Reset(row)
	if l.Object() {
		for name, ok := l.Field(); ok; name, ok = l.Field() {
			isTime := string(name) == timeColumn
			if raw := l.Skip(); isTime && len(raw) > 0 {
				if v := fitting(raw, value.DateTime); !v.Null {
					at = value.ToTime(v.I)
				}
			}
		}
	}
	return at, l.End()
}

// columnFor finds the column that a member belongs to: by its name, or in any
// case of letters. An open table gets a new one if the name tells its type.
func (s *Store) columnFor(schema *Schema, member string) (scan.Column, bool) {
	if place, ok := schema.Column(member); ok {
		return schema.Columns[place], true
	}
	for _, c := range schema.Columns {
		if strings.EqualFold(c.Name, member) {
			return c, true
		}
	}
	if !schema.Open {
		return scan.Column{}, false
	}
	return s.openTable(schema).column(member)
}

// writeCell writes a JSON value as one of the column's type, or not at all.
func writeCell(w *rowWriter, c scan.Column, raw []byte) {
	switch {
	case len(raw) == 0 || raw[0] == 'n' || string(raw) == `""`:
	case c.Type == value.Dynamic:
		w.name(c.Name)
		w.b = appendOneLine(w.b, raw)
	case c.Type == value.String && raw[0] == '"':
		w.document(c.Name, raw)
	case c.Type == value.String:
		w.name(c.Name)
		w.b = quote(w.b, raw)
	default:
		writeValue(w, c.Name, fitting(raw, c.Type))
	}
}

// fitting is a JSON value as one of a type, or null.
func fitting(raw []byte, t value.Type) value.Value {
	x, ok := value.ParseJSON(string(raw))
	if !ok {
		return value.NullOf(t)
	}
	if text, ok := x.(string); ok {
		return value.Convert(value.OfString(text), t)
	}
	return value.Convert(value.OfDynamic(x), t)
}

func writeValue(w *rowWriter, column string, v value.Value) {
	switch {
	case v.Null:
	case v.T == value.Bool:
		w.truth(column, v.I != 0)
	case v.T == value.Int || v.T == value.Long:
		w.whole(column, v.I)
	case v.T == value.Real:
		w.real(column, v.F)
	default:
		w.text(column, value.Text(v))
	}
}
