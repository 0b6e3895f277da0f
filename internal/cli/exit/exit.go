// Package exit is how a command ends: an Error says what failed, why, what to
// do about it and where to read more, and its Kind fixes the exit code that
// scripts rely on. Verbs return an *Error with texts already in the user's
// language; the root prints it with Print and leaves with CodeOf.
package exit

import (
	"context"
	"errors"
)

// Kind is what sort of failure an Error is. It decides the exit code and the
// words the message begins with.
type Kind int

// The kinds of failure.
const (
	Failed      Kind = iota // 1: something went wrong
	Usage                   // 2: the command line is wrong
	Validation              // 2: refused before anything was sent
	Missing                 // 2: a value is neither given nor remembered; the message stands alone
	NotFound                // 3
	SignIn                  // 4: no token
	Permission              // 4: a token, but not the right
	Quota                   // 5: the subscription has no more
	Capacity                // 5: the region has no more
	Conflict                // 6
	Pending                 // 8: accepted, not finished
	Interrupted             // 130: Ctrl-C
)

// Code is the exit code of k.
func (k Kind) Code() int {
	switch k {
	case Usage, Validation, Missing:
		return 2
	case NotFound:
		return 3
	case SignIn, Permission:
		return 4
	case Quota, Capacity:
		return 5
	case Conflict:
		return 6
	case Pending:
		return 8
	case Interrupted:
		return 130
	}
	return 1
}

// Error is a failure as the user is told of it.
type Error struct {
	Kind      Kind
	Message   string   // what failed, in the user's language
	Reason    string   // the code behind it, such as ARM's "InsufficientQuota"; may be ""
	Hints     []string // what to do, one sentence or command each
	Link      string   // where to read more
	RequestID string   // what support asks for
	Cause     error    // shown by --debug
}

// New makes an error of kind with a message in the user's language.
func New(kind Kind, message string) *Error { return &Error{Kind: kind, Message: message} }

// Because notes the code behind the failure.
func (e *Error) Because(reason string) *Error { e.Reason = reason; return e }

// Hint adds what to do about it.
func (e *Error) Hint(hints ...string) *Error { e.Hints = append(e.Hints, hints...); return e }

// See notes where to read more.
func (e *Error) See(link string) *Error { e.Link = link; return e }

// Request notes the id under which the service remembers the request.
func (e *Error) Request(id string) *Error { e.RequestID = id; return e }

// Wrap keeps the error that led here.
func (e *Error) Wrap(cause error) *Error { e.Cause = cause; return e }

// Error is the message alone.
func (e *Error) Error() string { return e.Message }

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Cause }

// quiet ends a command whose output already said all there is to say.
type quiet struct{ code int }

func (quiet) Error() string { return "" }

// Quietly ends with code and prints nothing, as `check` does after it listed
// what it found.
func Quietly(code int) error { return quiet{code} }

// CodeOf is the exit code for err: 0 for nil, 130 when the user interrupted,
// an *Error's own, 1 for any other.
func CodeOf(err error) int {
	var silent quiet
	var known *Error
	switch {
	case err == nil:
		return 0
	case errors.As(err, &silent):
		return silent.code
	case errors.As(err, &known):
		return known.Kind.Code()
	case errors.Is(err, context.Canceled):
		return Interrupted.Code()
	}
	return 1
}
