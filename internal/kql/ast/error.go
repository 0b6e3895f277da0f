package ast

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Pos is a place in a query text: a byte offset.
type Pos int

// Error is a query's fault at a place in its text.
type Error struct {
	// Line and Column count from 1; Column counts characters.
	Line, Column int
	// Offset is the place in bytes.
	Offset int
	// Message says what is wrong, and what was expected when something was.
	Message string
	// Near is the closest name that would have been right, "" when there is none.
	Near string
	// Corrected is the whole query put right, "" when that is not known.
	Corrected string
}

// Error gives the place, the fault and the hints in one text.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "line %d, column %d: %s", e.Line, e.Column, e.Message)
	if e.Near != "" {
		fmt.Fprintf(&b, "; did you mean %s?", e.Near)
	}
	if e.Corrected != "" {
		fmt.Fprintf(&b, "\ncorrected:\n%s", e.Corrected)
	}
	return b.String()
}

// Locate makes an Error at a byte offset of the text.
func Locate(text string, at Pos, message string) *Error {
	off := min(max(int(at), 0), len(text))
	before := text[:off]
	line := strings.Count(before, "\n") + 1
	col := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return &Error{Line: line, Column: col, Offset: off, Message: message}
}

// Nearest finds the candidate most like name, or "" when none is near.
func Nearest(name string, candidates []string) string {
	best, bestD := "", len(name)/3+2
	low := strings.ToLower(name)
	if len(low) > 64 {
		return ""
	}
	for _, c := range candidates {
		if len(c) > 64 {
			continue
		}
		d := distance(low, strings.ToLower(c))
		if d < bestD || d == bestD && best != "" && c < best {
			best, bestD = c, d
		}
	}
	return best
}

// distance counts the single-letter edits between two short words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diag := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diag
			if a[i-1] != b[j-1] {
				cost = min(diag, row[j-1], row[j]) + 1
			}
			diag, row[j] = row[j], cost
		}
	}
	return row[len(b)]
}
