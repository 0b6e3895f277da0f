package exit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/azptu/azptu/internal/locale"
)

// Speaker says a message in the user's language.
type Speaker interface {
	T(key string, args ...any) string
}

// Style dresses the first words of an error for the terminal.
type Style func(text string) string

// Print tells the user of err: what failed and its code, hints, a link, the
// request id, and the cause when debug is set. It prints nothing for nil.
func Print(w io.Writer, say Speaker, heading Style, err error, debug bool) {
	var silent quiet
	if err == nil || errors.As(err, &silent) {
		return
	}
	var known *Error
	if !errors.As(err, &known) {
		known = New(Failed, err.Error())
		if errors.Is(err, context.Canceled) {
			known = New(Interrupted, say.T("exit.interrupted"))
		}
	}
	var b strings.Builder
	if prefix := known.heading(say); prefix != "" {
		b.WriteString(heading(prefix) + " ")
	}
	b.WriteString(locale.Printable(strings.TrimRight(known.Message, "\n")))
	if known.Reason != "" && !strings.Contains(known.Message, known.Reason) {
		b.WriteString(" (" + locale.Printable(known.Reason) + ")")
	}
	b.WriteByte('\n')
	for _, hint := range known.Hints {
		b.WriteString(say.T("exit.hint", "Hint", hint) + "\n")
	}
	if known.Link != "" {
		b.WriteString(say.T("exit.link", "Link", known.Link) + "\n")
	}
	if known.RequestID != "" {
		b.WriteString(say.T("exit.request-id", "ID", known.RequestID) + "\n")
	}
	if debug && known.Cause != nil {
		b.WriteString(say.T("exit.cause", "Cause", known.Cause.Error()) + "\n")
	}
	fmt.Fprint(w, b.String())
}

// heading is what the message begins with: "Validation error:".
func (e *Error) heading(say Speaker) string {
	switch e.Kind {
	case Missing, Pending, Interrupted:
		return ""
	case Validation:
		return say.T("exit.heading.validation")
	case SignIn:
		return say.T("exit.heading.sign-in")
	}
	return say.T("exit.heading.error")
}
