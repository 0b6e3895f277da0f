// Package term is the terminal a command talks to: the three streams, whether
// a person sits at each of them, how wide the screen is, whether colour is
// wanted, questions and progress. Everything is a field, so a test can be the
// terminal. Data goes to Out; all talk (warnings, progress, questions) to Err.
package term

import (
	"io"
	"os"
	"strconv"

	xterm "golang.org/x/term"
)

// Terminal is where a command reads and writes.
type Terminal struct {
	In  io.Reader
	Out io.Writer // data: what a script reads
	Err io.Writer // talk: what a person reads

	InTTY, OutTTY, ErrTTY bool // whether each stream is a terminal (Err: one that can be written over)
	Width                 int  // columns of the screen; 0 when unknown

	OutColour, ErrColour bool // whether Style may write escape codes there
}

// System is the terminal of the process. getenv is read for COLUMNS,
// NO_COLOR (https://no-color.org), CLICOLOR_FORCE and TERM.
func System(in, out, err *os.File, getenv func(string) string) *Terminal {
	t := &Terminal{
		In: in, Out: out, Err: err,
		InTTY: isTTY(in), OutTTY: isTTY(out), ErrTTY: isTTY(err),
	}
	if t.OutTTY {
		if width, _, sizeErr := xterm.GetSize(int(out.Fd())); sizeErr == nil {
			t.Width = width
		}
		if columns, convErr := strconv.Atoi(getenv("COLUMNS")); convErr == nil && columns > 0 {
			t.Width = columns
		}
	}
	// A console that does not understand escape codes is no screen to draw on.
	t.ErrTTY = t.ErrTTY && understandsEscapes(err)
	t.OutColour = wantsColour(t.OutTTY && understandsEscapes(out), getenv)
	t.ErrColour = wantsColour(t.ErrTTY, getenv)
	return t
}

func isTTY(f *os.File) bool { return xterm.IsTerminal(int(f.Fd())) }

func wantsColour(tty bool, getenv func(string) string) bool {
	if getenv("NO_COLOR") != "" {
		return false
	}
	if force := getenv("CLICOLOR_FORCE"); force != "" && force != "0" {
		return true
	}
	return tty && getenv("TERM") != "dumb"
}

// SetColour overrides what was found out about colour: "always" or "never".
// Any other word changes nothing.
func (t *Terminal) SetColour(mode string) {
	switch mode {
	case "always":
		t.OutColour, t.ErrColour = true, true
	case "never":
		t.OutColour, t.ErrColour = false, false
	}
}

// A Style is how a piece of text stands out. Colour never carries meaning
// alone: the words say the same.
type Style string

// The styles in use.
const (
	Bold   Style = "1"
	Faint  Style = "2"
	Red    Style = "31"
	Green  Style = "32"
	Yellow Style = "33"
	Cyan   Style = "36"
)

// OutStyle dresses text for Out.
func (t *Terminal) OutStyle(s Style, text string) string { return dress(t.OutColour, s, text) }

// ErrStyle dresses text for Err.
func (t *Terminal) ErrStyle(s Style, text string) string { return dress(t.ErrColour, s, text) }

func dress(colour bool, s Style, text string) string {
	if !colour || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}
