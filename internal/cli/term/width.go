package term

import (
	"strings"

	"github.com/mattn/go-runewidth"
)

// CellWidth is how many columns text takes on a screen.
func CellWidth(text string) int { return runewidth.StringWidth(text) }

// Pad fills text with spaces to width columns, on its left when right is set.
func Pad(text string, width int, right bool) string {
	missing := width - CellWidth(text)
	if missing <= 0 {
		return text
	}
	if right {
		return strings.Repeat(" ", missing) + text
	}
	return text + strings.Repeat(" ", missing)
}

// Fit cuts text to width columns; what was cut is marked by an ellipsis.
func Fit(text string, width int) string {
	if width <= 0 || CellWidth(text) <= width {
		return text
	}
	return runewidth.Truncate(text, width, "…")
}

// Wrap breaks lines that are wider than width between words. Lines that begin
// with a space are set in on purpose and stay as they are. A width below 20
// breaks nothing.
func Wrap(text string, width int) string {
	if width < 20 {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, " ") && CellWidth(line) > width {
			lines[i] = wrapLine(line, width)
		}
	}
	return strings.Join(lines, "\n")
}

func wrapLine(line string, width int) string {
	var b strings.Builder
	column := 0
	for _, word := range strings.Fields(line) {
		size := CellWidth(word)
		switch {
		case column == 0:
		case column+1+size > width:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += size
	}
	return b.String()
}
