// Package sse reads and writes server-sent events, the framing in which a
// model's answer is streamed. Three shapes of one parser serve three users:
// Reader pulls events out of a body, Splitter watches bytes that somebody else
// is relaying, Writer and the Append functions produce events. Events may be
// split anywhere, lines may end in LF, CR or CRLF, and no event may grow past
// a bound that the caller sets, because the bytes come from outside.
//
// The format is the one of the HTML standard, section "Server-sent events".
package sse

import (
	"bytes"
	"errors"
)

// DefaultMaxEvent bounds one event, in bytes, where the caller names no bound.
const DefaultMaxEvent = 1 << 20

// ErrTooLong means that an event grew past the bound; the stream cannot be
// followed any further.
var ErrTooLong = errors.New("server-sent event is longer than the bound")

// Event is one dispatched event. Its slices are valid until the next event is
// asked for, and must not be written to.
type Event struct {
	Name []byte // field "event"; empty means "message"
	Data []byte // every "data" field, joined by LF
	ID   []byte // field "id"

	// HasData tells an event without any data field (a comment used as a
	// keep-alive, or a lone "event:" line) from one whose data is empty.
	HasData bool
}

var doneMark = []byte("[DONE]")

// Done tells whether e is the mark that ends a model's stream.
func (e Event) Done() bool { return bytes.Equal(e.Data, doneMark) }

// parse reads the fields of one block of lines. Data that spans several lines
// is joined in scratch; everything else aliases block.
func parse(block []byte, scratch []byte) (Event, []byte) {
	var e Event
	joined := false
	for len(block) > 0 {
		line, rest := cutLine(block)
		block = rest
		name, value := cutField(line)
		switch string(name) {
		case "data":
			switch {
			case !e.HasData:
				e.Data, e.HasData = value, true
			case !joined:
				scratch = append(append(append(scratch[:0], e.Data...), '\n'), value...)
				joined = true
			default:
				scratch = append(append(scratch, '\n'), value...)
			}
		case "event":
			e.Name = value
		case "id":
			if bytes.IndexByte(value, 0) < 0 {
				e.ID = value
			}
		}
	}
	if joined {
		e.Data = scratch
	}
	return e, scratch
}

// cutLine splits b behind its first line, whatever ends that line.
func cutLine(b []byte) (line, rest []byte) {
	i := lineEnd(b)
	if i < 0 {
		return b, nil
	}
	if b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n' {
		return b[:i], b[i+2:]
	}
	return b[:i], b[i+1:]
}

// lineEnd finds the first LF or CR. Both are looked for with IndexByte, which
// the runtime vectorizes, because lines are long and their ends are rare.
func lineEnd(b []byte) int {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return bytes.IndexByte(b, '\r')
	}
	if j := bytes.IndexByte(b[:i], '\r'); j >= 0 {
		return j
	}
	return i
}

// cutField splits "name: value"; one space behind the colon is not part of the
// value, and a line that starts with a colon is a comment, whose name is empty.
func cutField(line []byte) (name, value []byte) {
	i := bytes.IndexByte(line, ':')
	if i < 0 {
		return line, nil
	}
	name, value = line[:i], line[i+1:]
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	return name, value
}
