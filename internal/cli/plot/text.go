package plot

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/term"
	"github.com/azptu/azptu/internal/locale"
)

// Size of a picture of characters.
const (
	textWidth  = 80
	textHeight = 8
	barLabel   = 28 // cells that the name of a bar may take
)

// Text draws the chart with characters, at most so many cells wide; 0 means 80.
// number writes a value.
func (c *Chart) Text(w io.Writer, width int, number func(float64) string) error {
	if width <= 20 {
		width = textWidth
	}
	var lines []string
	if c.Title != "" {
		lines = append(lines, c.Title)
	}
	for _, s := range c.Series {
		if len(c.Series) > 1 || c.Title == "" {
			lines = append(lines, clean(s.Name))
		}
		if c.Continuous {
			lines = append(lines, c.columns(s, width, number)...)
		} else {
			lines = append(lines, c.bars(s, width, number)...)
		}
	}
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}

// columns draws a series over a scale.
func (c *Chart) columns(s Series, width int, number func(float64) string) []string {
	cells := nothing(width)
	first, last := c.X[0], c.X[len(c.X)-1]
	span := last - first
	for i, v := range s.Values {
		at := 0
		if span > 0 {
			at = int((c.X[i] - first) / span * float64(width-1))
		}
		if at >= 0 && at < width && !math.IsNaN(v) && !(cells[at] >= v) {
			cells[at] = v
		}
	}
	if len(c.X) < width/2 {
		cells = widened(s.Values, min(width/2/len(c.X), 6)) // point by point, as they come
	}
	lines := render.Chart(cells, width, textHeight, 0, number)
	margin := strings.IndexRune(lines[0], '│')
	return append(lines, term.Pad("", max(term.CellWidth(lines[0][:max(margin, 0)]), 0), false)+"└ "+short(c.Labels[0])+" … "+short(c.Labels[len(c.Labels)-1]))
}

// widened gives each value so many cells.
func widened(values []float64, cells int) []float64 {
	out := make([]float64, 0, len(values)*cells)
	for _, v := range values {
		for range cells {
			out = append(out, v)
		}
	}
	return out
}

// bars draws a series of names.
func (c *Chart) bars(s Series, width int, number func(float64) string) []string {
	label, top, total := 0, 0.0, 0.0
	for i, v := range s.Values {
		if !math.IsNaN(v) {
			label, top, total = max(label, min(term.CellWidth(c.Labels[i]), barLabel)), max(top, math.Abs(v)), total+v
		}
	}
	if top == 0 {
		top = 1
	}
	var lines []string
	for i, v := range s.Values {
		if math.IsNaN(v) {
			continue
		}
		text := number(v)
		if c.Kind == "piechart" && total > 0 {
			text += fmt.Sprintf(" (%.1f%%)", 100*v/total)
		}
		room := max(width-label-term.CellWidth(text)-4, 4)
		bar := strings.Repeat("█", int(math.Round(math.Abs(v)/top*float64(room))))
		lines = append(lines, term.Pad(term.Fit(clean(c.Labels[i]), label), label, false)+" │"+bar+" "+text)
	}
	return lines
}

// clean makes sure that what callers wrote does not steer the terminal, and
// stays on its line.
func clean(s string) string { return oneLine.Replace(locale.Printable(s)) }

var oneLine = strings.NewReplacer("\n", "\uFFFD", "\t", "\uFFFD")
