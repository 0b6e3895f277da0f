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
