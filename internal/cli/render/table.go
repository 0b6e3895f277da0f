package render

import (
	"bufio"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/cli/term"
	"github.com/azptu/azptu/internal/locale"
)

const gap = "  " // between two columns

// writeTable writes v for a person. A table wider than the screen is cut at
// the screen's edge unless -o wide asked for everything.
func writeTable(w io.Writer, v View, o Options) error {
	if len(v.Rows) == 0 {
		if v.Empty != "" && o.Talk != nil {
			fmt.Fprintln(o.Talk, v.Empty)
		}
		return nil
	}
	shown := shownColumns(v, o.Format == Wide || v.Card)
	if v.Card {
		return writeCard(w, v, shown, o)
	}
	lines := cells(v, shown, o.Numbers)
	widths := columnWidths(lines)
	out := bufio.NewWriter(w)
	for n, line := range lines {
		text := layOut(v, shown, line, widths)
		if o.Format != Wide {
			text = term.Fit(text, o.Width)
		}
		if n == 0 && titled(v) && o.Bold != nil {
			text = o.Bold(text)
		}
		fmt.Fprintln(out, text)
	}
	return out.Flush()
}

// cells writes out every cell that is shown, the head first if there is one.
func cells(v View, shown []int, numbers *locale.Printer) [][]string {
	lines := make([][]string, 0, len(v.Rows)+1)
	if titled(v) {
		head := make([]string, len(shown))
		for i, column := range shown {
			head[i] = v.Columns[column].Title
		}
		lines = append(lines, head)
	}
	for _, row := range v.Rows {
		line := make([]string, len(shown))
		for i, column := range shown {
			line[i] = people(cell(row, column), numbers)
		}
		lines = append(lines, line)
	}
	return lines
}

// layOut puts the cells of one line under each other's columns.
func layOut(v View, shown []int, line []string, widths []int) string {
	var b strings.Builder
	for i, text := range line {
		if i > 0 {
			b.WriteString(gap)
		}
		b.WriteString(term.Pad(text, widths[i], v.Columns[shown[i]].Right))
	}
	return strings.TrimRight(b.String(), " ")
}

func writeCard(w io.Writer, v View, shown []int, o Options) error {
	width := 0
	for _, column := range shown {
		width = max(width, term.CellWidth(v.Columns[column].Title))
	}
	out := bufio.NewWriter(w)
	for _, row := range v.Rows {
		for _, column := range shown {
			title := term.Pad(v.Columns[column].Title+":", width+1, false)
			if o.Bold != nil {
				title = o.Bold(title)
			}
			fmt.Fprintln(out, strings.TrimRight(title+" "+people(cell(row, column), o.Numbers), " "))
		}
	}
	return out.Flush()
}

func shownColumns(v View, wide bool) []int {
	var shown []int
	for i, column := range v.Columns {
		if wide || !column.Wide {
			shown = append(shown, i)
		}
	}
	return shown
}

func titled(v View) bool {
	for _, column := range v.Columns {
		if column.Title != "" {
			return true
		}
	}
	return false
}

func columnWidths(lines [][]string) []int {
	var widths []int
	for _, line := range lines {
		for i, text := range line {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], term.CellWidth(text))
		}
	}
	return widths
}

func cell(row []any, column int) any {
	if column < len(row) {
		return row[column]
	}
	return nil
}

// people writes one cell for a person, on one line. A cell is JSON when it is
// no plain value.
func people(v any, numbers *locale.Printer) string {
	if numbers != nil {
		switch n := v.(type) {
		case int, int8, int16, int32, int64, uint8, uint16, uint32:
			return numbers.Number(reflect.ValueOf(n).Convert(reflect.TypeFor[int64]()).Int())
		case float64:
			return numbers.Decimal(n, -1)
		}
	}
	text := strings.TrimSpace(strings.NewReplacer("\n", " ", "\t", " ").Replace(plain(v)))
	text = strings.TrimSuffix(text, midnight(v))
	if text == "" {
		return "-"
	}
	return locale.Printable(text)
}

// midnight is the part of a cell that says nothing: a date needs no time.
func midnight(v any) string {
	if t, ok := v.(time.Time); ok && t.Equal(t.Truncate(24*time.Hour)) {
		return "T00:00:00Z"
	}
	return ""
}

// plain writes one cell for a program: no grouping, times in RFC 3339, nothing
// for an unknown value.
func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.UTC().Format(time.RFC3339)
	case map[string]any, []any:
		raw, err := toJSON(v, "")
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(raw))
	}
	return fmt.Sprint(v)
}
