// Package mask finds what has no place in a log: addresses, numbers of cards and
// documents, credentials, and whatever else somebody names. Everything that
// writes bodies into a log goes by the same Rules: a gateway by those of its
// configuration, product by product, and a store whose rows come from elsewhere
// by those it was opened with. What is found becomes three stars; the structure
// of JSON stays, so that a masked body can still be asked for its model and usage.
package mask

import (
	"bytes"
	"fmt"
	"regexp"
	"sync"

	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// Rules are the built-in ones and further ones. The zero value has the built-in
// ones alone. They are safe for concurrent use.
type Rules struct {
	own     []*regexp.Regexp
	nothing bool
}

// Nothing keeps nothing of what is masked by it.
func Nothing() *Rules { return &Rules{nothing: true} }

// New makes rules of the built-in ones and regular expressions.
func New(patterns ...string) (*Rules, error) {
	r := &Rules{}
	for _, pattern := range patterns {
		rule, err := regexp.Compile(pattern)
		if err != nil {
			return nil, fmt.Errorf("the mask %q is no regular expression: %w", pattern, err)
		}
		r.own = append(r.own, rule)
	}
	return r, nil
}

// Body masks the texts of a JSON document; numbers and the structure stay. What
// does not begin like one is masked as a text. The result is body
// itself where nothing was found.
func (r *Rules) Body(body []byte) []byte {
	if r.nothing {
		return nil
	}
	if start := bytes.TrimLeft(body, " \t\r\n"); len(start) == 0 || start[0] != '{' && start[0] != '[' && start[0] != '"' {
		return r.Text(body)
	}
	var out []byte // nil until something is found
	done := 0      // what of body is in out
	for at := bytes.IndexByte(body, '"'); at >= 0 && at < len(body); {
		end := jsonlex.ClosingQuote(body, at+1)
		text := body[at+1 : end]
		if masked, found := r.quoted(text); found {
			out = append(append(out, body[done:at+1]...), masked...)
			done = end
		}
		next := bytes.IndexByte(body[min(end+1, len(body)):], '"')
		if next < 0 {
			break
		}
		at = end + 1 + next
	}
	if out == nil {
		return body
	}
	return append(out, body[done:]...)
}

// quoted masks the inside of a JSON string by its meaning: an escape is not part
// of an address, and an address with an escape in it is one all the same.
func (r *Rules) quoted(inside []byte) (masked []byte, found bool) {
	if bytes.IndexByte(inside, '\\') < 0 {
		return r.text(inside)
	}
	inside = bytes.ToValidUTF8(inside, []byte("\uFFFD"))
	whole := append(append(append(make([]byte, 0, len(inside)+2), '"'), inside...), '"')
	if jsonlex.Valid(whole) != nil {
		return r.text(inside)
	}
	meaning, found := r.text(jsonlex.Unescape(make([]byte, 0, len(inside)), inside))
	if !found {
		return inside, false
	}
	return jsonlex.AppendEscaped(nil, meaning), true
}

// Text masks a text that is no JSON.
func (r *Rules) Text(text []byte) []byte {
	if r.nothing {
		return nil
	}
	masked, _ := r.text(text)
	return masked
}

func (r *Rules) text(text []byte) (masked []byte, found bool) {
	if has := traits(text); has != 0 {
		for _, t := range [...]trait{hasAt, hasDigits, hasBearer, hasLongWord} {
			if has&t != 0 {
				text, found = by(builtin()[t], text, found)
			}
		}
	}
	return by(r.own, text, found)
}

var stars = []byte("***")

func by(rules []*regexp.Regexp, text []byte, before bool) (masked []byte, found bool) {
	found = before
	for _, rule := range rules {
		if rule.Match(text) {
			text, found = rule.ReplaceAllLiteral(text, stars), true
		}
	}
	return text, found
}

// builtin find what has no place in a log: addresses, numbers of cards
// and documents, credentials. Each stands under what a text must at least have
// for it to find anything; looking for that is hundreds of times cheaper.
var builtin = sync.OnceValue(func() map[trait][]*regexp.Regexp {
	return map[trait][]*regexp.Regexp{
		hasAt: {regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+`)},
		hasDigits: {
			regexp.MustCompile(`\b(?:\d[ -]?){13,19}\b`),
			regexp.MustCompile(`\b\d{3}\.\d{3}\.\d{3}-\d{2}\b`),
			regexp.MustCompile(`\b\d{3}-\d{2}-\d{4}\b`),
		},
		hasBearer: {regexp.MustCompile(`(?i)\bbearer\s+[A-Za-z0-9._~+/=-]{16,}`)},
		hasLongWord: {
			regexp.MustCompile(`\b(?:sk|pk|ghp|xox[abp])[-_][A-Za-z0-9_-]{16,}`),
			regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*`),
		},
	}
})

// trait is what a text has that may have to be masked.
type trait uint8

const (
	hasAt       trait = 1 << iota
	hasDigits         // so many digits with nothing but blanks, dots and dashes between them
	hasBearer         // in whatever case
	hasLongWord       // as long as the shortest token

	leastDigits = 9  // of an American social security number
	leastWord   = 13 // of the first part of a JSON Web Token
)

// traits looks through a text once.
func traits(text []byte) (t trait) {
	digits, word := 0, 0
	for i, c := range text {
		switch kinds[c] {
		case letter:
			digits = 0
			word++
		case blank:
			word = 0
			continue
		case digit:
			if digits++; digits == leastDigits {
				t |= hasDigits
			}
			word++
		case dash:
			word++
		case letterB:
			digits = 0
			word++
			if isBearer(text[i:]) {
				t |= hasBearer
			}
		case at:
			t |= hasAt
			digits, word = 0, 0
		default:
			digits, word = 0, 0
		}
		if word == leastWord {
			t |= hasLongWord
		}
	}
	return t
}

// What a byte can be a part of.
const (
	letter = 1 + iota // of a word; the underscore too
	letterB
	blank // or dot, between digits
	digit
	dash
	at
)

// kinds tells what each byte is.
var kinds = func() (k [256]uint8) {
	for c := range k {
		switch {
		case c >= '0' && c <= '9':
			k[c] = digit
		case c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_':
			k[c] = letter
		}
	}
	k['b'], k['B'], k[' '], k['.'], k['-'], k['@'] = letterB, letterB, blank, blank, dash, at
	return k
}()

func isBearer(text []byte) bool {
	return len(text) > len(bearerWord) && bytes.EqualFold(text[:len(bearerWord)], bearerWord)
}

var bearerWord = []byte("bearer")
