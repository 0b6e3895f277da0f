package render

import (
	"math"
	"strings"

	"github.com/azptu/azptu/internal/cli/term"
)

// levels are the eight heights a character cell can be filled to.
var levels = []rune("▁▂▃▄▅▆▇█")

// Spark draws values in one line, one cell each: the lowest block is nothing,
// the full one is most. A most of 0 takes the greatest value. NaN is a value
// that is not known, and leaves a gap.
func Spark(values []float64, most float64) string {
	if most <= 0 {
		most = greatest(values)
	}
	var b strings.Builder
	for _, v := range values {
		switch {
		case math.IsNaN(v):
			b.WriteByte(' ')
		case most <= 0:
			b.WriteRune(levels[0])
		default:
			b.WriteRune(levels[min(max(int(v/most*float64(len(levels)-1)+0.5), 0), len(levels)-1)])
		}
	}
	return b.String()
}

func greatest(values []float64) float64 {
	most := 0.0
	for _, v := range values {
		if !math.IsNaN(v) {
			most = max(most, v)
		}
	}
	return most
}

// Chart draws values as columns of blocks, height lines high and at most width
// cells wide with the scale at its left; scale writes a value of it. Where
// there are more values than cells, each cell shows the greatest of those it
// stands for. least is the smallest top of the scale, so that noise around
// nothing does not fill the picture.
func Chart(values []float64, width, height int, least float64, scale func(float64) string) []string {
	height = max(height, 2)
	top := max(greatest(values), least)
	if top <= 0 {
		top = 1
	}
	margin := max(term.CellWidth(scale(top)), term.CellWidth(scale(top/2)), term.CellWidth(scale(0)))
	columns := Squeeze(values, max(width-margin-2, 1))
	lines := make([]string, height)
	for row := range lines {
		label := ""
		switch row {
		case 0:
			label = scale(top)
		case height - 1:
			label = scale(0)
		case (height - 1) / 2:
			label = scale(top * float64(height-1-row) / float64(height-1))
		}
		var b strings.Builder
		b.WriteString(term.Pad(label, margin, true) + " │")
		for _, v := range columns {
			b.WriteRune(block(v/top*float64(height), height-1-row))
		}
		lines[row] = strings.TrimRight(b.String(), " ")
	}
	return lines
}

// block is what a column filled up to level shows in the row-th cell from below.
func block(level float64, row int) rune {
	switch filled := level - float64(row); {
	case math.IsNaN(filled) || filled <= 0.01:
		return ' '
	case filled >= 1:
		return levels[len(levels)-1]
	default:
		return levels[max(int(filled*float64(len(levels))), 0)]
	}
}

// Squeeze fits values into cells, keeping the greatest of each group.
func Squeeze(values []float64, cells int) []float64 {
	if len(values) <= cells {
		return values
	}
	out := make([]float64, cells)
	for i := range out {
		out[i] = math.NaN()
		for _, v := range values[i*len(values)/cells : max((i+1)*len(values)/cells, i*len(values)/cells+1)] {
			if math.IsNaN(out[i]) || v > out[i] {
				out[i] = v
			}
		}
	}
	return out
}
