package gateway

import (
	"bytes"
	"regexp"
	"sync"

	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// builtinMasks find what has no place in a log: addresses, numbers of cards
// and documents, credentials. Each stands under what a text must at least have
// for it to find anything; looking for that is hundreds of times cheaper.
var builtinMasks = sync.OnceValue(func() map[trait][]*regexp.Regexp {
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
		switch {
		case c >= '0' && c <= '9':
			digits++
			word++
		case c == '-':
			word++
		case c == ' ' || c == '.':
			word = 0
		case c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_':
			digits = 0
			word++
			if c|0x20 == 'b' && isBearer(text[i:]) {
				t |= hasBearer
			}
		case c == '@':
			t |= hasAt
			digits, word = 0, 0
		default:
			digits, word = 0, 0
		}
		t |= enough[min(digits/leastDigits, 1)][min(word/leastWord, 1)]
	}
	return t
}

// enough are the traits of a text by whether its digits and its word are many.
var enough = [2][2]trait{{0, hasLongWord}, {hasDigits, hasDigits | hasLongWord}}

func isBearer(text []byte) bool {
	return len(text) > len(bearerWord) && bytes.EqualFold(text[:len(bearerWord)], bearerWord)
}

var bearerWord = []byte("bearer")

// maskBody replaces what the rules find inside the texts of a JSON body. Keys,
// numbers and the structure stay, so that the body stays JSON.
func maskBody(body []byte, own []*regexp.Regexp) []byte {
	if len(body) == 0 {
		return body
	}
	out := make([]byte, 0, len(body))
	at := 0
	for at < len(body) {
		if body[at] != '"' {
			out = append(out, body[at])
			at++
			continue
		}
		end := closingQuote(body, at+1)
		text := body[at+1 : end]
		out = append(out, '"')
		out = append(out, maskText(text, own)...)
		at = end
		if at < len(body) {
			out = append(out, '"')
			at++
		}
	}
	return out
}

func closingQuote(body []byte, at int) int {
	for ; at < len(body); at++ {
		switch body[at] {
		case '\\':
			at++
		case '"':
			return at
		}
	}
	return len(body)
}

var stars = []byte("***")

func maskText(text []byte, own []*regexp.Regexp) []byte {
	if has := traits(text); has != 0 {
		for _, t := range [...]trait{hasAt, hasDigits, hasBearer, hasLongWord} {
			if has&t != 0 {
				text = maskBy(text, builtinMasks()[t])
			}
		}
	}
	return maskBy(text, own)
}

func maskBy(text []byte, rules []*regexp.Regexp) []byte {
	for _, rule := range rules {
		if rule.Match(text) {
			text = rule.ReplaceAllLiteral(text, stars)
		}
	}
	return text
}

// shorten cuts the longest texts of a JSON body until it fits. A body that is
// no JSON is cut at its end.
func shorten(body []byte, limit int) []byte {
	if jsonlex.Valid(body) != nil {
		return body[:limit]
	}
	for most := limit / 2; most >= 16; most /= 4 {
		if out := cutTexts(body, most); len(out) <= limit {
			return out
		}
	}
	return skeleton(body)
}

// cutTexts cuts every text that is longer than most bytes.
func cutTexts(body []byte, most int) []byte {
	out := make([]byte, 0, min(len(body), 4*most))
	for at := 0; at < len(body); {
		if body[at] != '"' {
			out = append(out, body[at])
			at++
			continue
		}
		end := closingQuote(body, at+1)
		text := body[at+1 : end]
		if len(text) > most {
			text = append(append([]byte{}, whole(text[:most])...), "…"...)
		}
		out = append(append(append(out, '"'), text...), '"')
		at = min(end+1, len(body))
	}
	return out
}

// skeleton is what is left of a body that is long without long texts: its
// model and usage.
func skeleton(body []byte) []byte {
	out := []byte("{")
	l := jsonlex.New(body)
	for name := range l.Fields() {
		key := string(name)
		value := l.Skip()
		if (key == "model" || key == "usage" || key == "id" || key == "object") && len(value) < 4096 {
			if len(out) > 1 {
				out = append(out, ',')
			}
			out = append(append(jsonlex.AppendString(out, key), ':'), value...)
		}
	}
	return append(out, '}')
}
