package calllog

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"time"
)

// rowWriter writes one row of a table as a line of a segment. Texts that are
// empty and numbers that JSON cannot say are left out: a reader gives their
// columns the empty value again.
type rowWriter struct {
	b     []byte
	start int
	brief bool // a value was written as the same as another's
}

// beginRow starts a row at the end of b. head is the object's beginning: its
// brace and first member, as timeMember writes it.
func beginRow(b, head []byte) rowWriter {
	return rowWriter{b: append(b, head...), start: len(b)}
}

// timeMember appends the beginning of every row: when it happened, to the
// hundred nanoseconds that Kusto counts in.
func timeMember(b []byte, at time.Time) []byte {
	b = append(b, `{"`+timeColumn+`":"`...)
	b = at.UTC().AppendFormat(b, "2006-01-02T15:04:05.0000000Z")
	return append(b, '"')
}

func (w *rowWriter) name(column string) {
	n := len(w.b)
	end := n + len(column) + len(`,"":`)
	w.b = slices.Grow(w.b, end-n)[:end]
	w.b[n], w.b[n+1] = ',', '"'
	copy(w.b[n+2:], column)
	w.b[end-2], w.b[end-1] = '"', ':'
}

// text writes a string unless it is empty.
func (w *rowWriter) text(column, s string) {
	if s == "" {
		return
	}
	w.name(column)
	w.b = appendQuoted(w.b, s)
}

// whole writes an integer.
func (w *rowWriter) whole(column string, n int64) {
	w.name(column)
	w.b = strconv.AppendInt(w.b, n, 10)
}

// digits writes an integer into a column of texts.
func (w *rowWriter) digits(column string, n int64) {
	w.name(column)
	w.b = append(strconv.AppendInt(append(w.b, '"'), n, 10), '"')
}

// real writes a number.
func (w *rowWriter) real(column string, f float64) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return
	}
	w.name(column)
	w.b = strconv.AppendFloat(w.b, f, 'g', -1, 64)
}

// truth writes a bool.
func (w *rowWriter) truth(column string, t bool) {
	w.name(column)
	w.b = strconv.AppendBool(w.b, t)
}

// document writes text that is JSON already, without line ends.
func (w *rowWriter) document(column string, raw []byte) {
	if len(raw) == 0 {
		return
	}
	w.name(column)
	w.b = append(w.b, raw...)
}

// same writes that the text of a column is that of the column it repeats.
func (w *rowWriter) same(column string, raw []byte) {
	if len(raw) == 0 {
		return
	}
	w.name(column)
	w.b = append(w.b, sameMark[column]...)
	w.brief = true
}

// span writes a duration in milliseconds, to the microsecond.
func (w *rowWriter) span(column string, d time.Duration) {
	n := d.Microseconds()
	if n < 0 {
		w.real(column, float64(n)/1000)
		return
	}
	w.name(column)
	w.b = strconv.AppendInt(w.b, n/1000, 10)
	if n %= 1000; n == 0 {
		return
	}
	w.b = append(w.b, '.', byte('0'+n/100), byte('0'+n/10%10), byte('0'+n%10))
	w.b = bytes.TrimRight(w.b, "0")
}

// members writes what begins with a comma and is whole members already.
func (w *rowWriter) members(raw []byte) { w.b = append(w.b, raw...) }

// end seals the row and returns the buffer.
func (w *rowWriter) end() []byte { return sealLine(w.b, w.start, w.brief) }

func milliseconds(d time.Duration) int64 { return d.Round(time.Millisecond).Milliseconds() }
