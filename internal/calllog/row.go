package calllog

import (
	"math"
	"strconv"
	"time"

	"github.com/azptu/azptu/internal/kql/value"
)

// rowWriter writes one row of a table as a line of a segment. Columns that are
// empty or null are left out: a reader gives them their empty value again.
type rowWriter struct {
	b     []byte
	start int
}

// beginRow starts a row at the end of b.
func beginRow(b []byte, at time.Time) rowWriter {
	w := rowWriter{b: b, start: len(b)}
	w.b = append(w.b, `{"`+timeColumn+`":"`...)
	w.b = append(w.b, value.FormatDateTime(value.FromTime(at))...)
	w.b = append(w.b, '"')
	return w
}

func (w *rowWriter) name(column string) {
	w.b = append(w.b, ',', '"')
	w.b = append(w.b, column...)
	w.b = append(w.b, '"', ':')
}

// text writes a string unless it is empty.
func (w *rowWriter) text(column, s string) {
	if s == "" {
		return
	}
	w.name(column)
	w.b = value.AppendQuoted(w.b, s)
}

// whole writes an integer unless it is 0 and may be left out.
func (w *rowWriter) whole(column string, n int64) {
	w.name(column)
	w.b = strconv.AppendInt(w.b, n, 10)
}

// real writes a number; what JSON cannot say is left out.
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

// document writes text that is JSON already.
func (w *rowWriter) document(column string, raw []byte) {
	if len(raw) == 0 {
		return
	}
	w.name(column)
	w.b = append(w.b, raw...)
}

// end seals the row and returns the buffer.
func (w *rowWriter) end() []byte { return sealLine(w.b, w.start) }

func milliseconds(d time.Duration) int64 { return d.Round(time.Millisecond).Milliseconds() }

func fractional(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
