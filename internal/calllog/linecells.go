package calllog

import (
	"strconv"
	"strings"

	"github.com/azptu/azptu/internal/kql/value"
	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// addLine adds a line as add does, but walks it only once: compaction wants
// every column, of lines that this program wrote. What looks otherwise is left
// to add.
func (r *lineRows) addLine(schema *Schema, object []byte) {
	clear(r.found)
	doc := string(object) + "}"
	if !r.split(schema, doc) {
		r.add(object)
		return
	}
	r.n++
	r.build(quickCell)
}

// split finds the members of a flat object; ok is false when it is not one as
// this program writes them.
func (r *lineRows) split(schema *Schema, doc string) (ok bool) {
	if doc == "" || doc[0] != '{' {
		return false
	}
	for at := 1; ; {
		name, from := memberName(doc, at)
		if from == 0 {
			return false
		}
		to := valueEnd(doc, from)
		if to <= from || to >= len(doc) {
			return false
		}
		if column, known := schema.index[name]; known {
			if place, wanted := r.want.place[column]; wanted {
				r.found[place] = doc[from:to]
			}
		}
		switch doc[to] {
		case '}':
			return to == len(doc)-1
		case ',':
			at = to + 1
		default:
			return false
		}
	}
}

// memberName is the name of the member that begins at a place, and where its
// value begins; 0 when no member without escapes begins there.
func memberName(doc string, at int) (name string, value int) {
	if at >= len(doc) || doc[at] != '"' {
		return "", 0
	}
	length := strings.IndexByte(doc[at+1:], '"')
	end := at + 1 + length
	if length < 0 || end+2 >= len(doc) || doc[end+1] != ':' || strings.IndexByte(doc[at+1:end], '\\') >= 0 {
		return "", 0
	}
	return doc[at+1 : end], end + 2
}

// valueEnd is where the value that begins at from ends, or -1.
func valueEnd(doc string, from int) int {
	depth := 0
	for at := from; at < len(doc); at++ {
		switch doc[at] {
		case '"':
			if at = stringEnd(doc, at); at < 0 {
				return -1
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth == 0 {
				return at
			}
			depth--
		case ',':
			if depth == 0 {
				return at
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return at + 1
		}
	}
	return -1
}

// stringEnd is where the quote stands that closes the string opened at open, or -1.
func stringEnd(doc string, open int) int {
	for at := open + 1; ; {
		next := strings.IndexByte(doc[at:], '"')
		if next < 0 {
			return -1
		}
		at += next
		slashes := 0
		for doc[at-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return at
		}
		at++
	}
}

// quickCell is cell for what rows mostly hold.
func quickCell(raw string, t value.Type) value.Value {
	switch {
	case raw == "":
		return value.NullOf(t)
	case t == value.String && raw[0] == '"':
		if text, ok := quickText(raw[1 : len(raw)-1]); ok {
			return value.OfString(text)
		}
	case t == value.Long:
		if n, err := strconv.ParseInt(raw, 10, 64); err == nil {
			return value.OfLong(n)
		}
	case t == value.Int:
		if n, err := strconv.ParseInt(raw, 10, 32); err == nil {
			return value.OfInt(n)
		}
	case t == value.Bool && (raw == "true" || raw == "false"):
		return value.OfBool(raw == "true")
	}
	return cell(raw, t)
}

// quickText is the meaning of a string's inside, unless it names characters by
// number.
func quickText(inner string) (text string, ok bool) {
	if strings.IndexByte(inner, '\\') < 0 {
		return inner, true
	}
	if strings.Contains(inner, `\u`) {
		return "", false
	}
	return string(jsonlex.Unescape(make([]byte, 0, len(inner)), []byte(inner))), true
}
