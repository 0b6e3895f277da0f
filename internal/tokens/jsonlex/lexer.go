// Package jsonlex walks a JSON text once, hands out only the parts that are
// asked for and still refuses everything that is not JSON: it is how request
// bodies are read where thousands a second have to be looked at and a few of
// their fields matter. Strings without escapes alias the text. The first fault
// sticks, so a caller may check once, at the end, as with bufio.Scanner. Depth
// is bounded and nothing recurses, so hostile nesting costs nothing.
package jsonlex

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math/bits"
	"strconv"
)

// MaxDepth is how deep objects and arrays may nest.
const MaxDepth = 512

// Kind is what a value is, told by its first byte.
type Kind byte

// The kinds of JSON values; Invalid is the end of the text or a byte that
// starts no value.
const (
	Invalid Kind = 0
	Object  Kind = '{'
	Array   Kind = '['
	String  Kind = '"'
	Number  Kind = '0'
	Bool    Kind = 't'
	Null    Kind = 'n'
)

func (k Kind) String() string {
	switch k {
	case Object:
		return "object"
	case Array:
		return "array"
	case String:
		return "string"
	case Number:
		return "number"
	case Bool:
		return "boolean"
	case Null:
		return "null"
	}
	return "nothing"
}

// SyntaxError is the first fault of a text that is not JSON.
type SyntaxError struct {
	Offset int // byte of the text
	Reason string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s at byte %d", e.Reason, e.Offset)
}

// TypeError is a well-formed value of another kind than was asked for.
type TypeError struct {
	Offset    int
	Want, Got Kind
}

func (e *TypeError) Error() string {
	return fmt.Sprintf("expected %s but got %s at byte %d", e.Want, e.Got, e.Offset)
}

// Lexer walks one JSON text. The zero value is empty; Reset gives it a text.
type Lexer struct {
	text  []byte
	pos   int
	depth int
	first bool // just behind the opening bracket
	err   error
	buf   []byte // holds the last unescaped string
	nest  [MaxDepth / 64]uint64
}

// New returns a Lexer at the start of text.
func New(text []byte) *Lexer {
	l := new(Lexer)
	l.Reset(text)
	return l
}

// Reset puts l at the start of text; its buffers are kept.
func (l *Lexer) Reset(text []byte) {
	l.text, l.pos, l.depth, l.first, l.err = text, 0, 0, false, nil
}

// Err is the first fault, a *SyntaxError or a *TypeError, or nil.
func (l *Lexer) Err() error { return l.err }

// Offset is the byte that is looked at next.
func (l *Lexer) Offset() int { return l.pos }

// Text is the text from start, an earlier Offset, up to what is looked at next.
func (l *Lexer) Text(start int) []byte { return l.text[start:l.pos] }

// End checks that nothing but white space is left and returns Err.
func (l *Lexer) End() error {
	l.space()
	if l.err == nil && l.pos < len(l.text) {
		l.fail("trailing data after the value")
	}
	return l.err
}

func (l *Lexer) fail(reason string) {
	if l.err == nil {
		l.err = &SyntaxError{min(l.pos, len(l.text)), reason}
	}
	l.pos = len(l.text)
}

// mismatch notes a value of the wrong kind and ends the walk.
func (l *Lexer) mismatch(want Kind) {
	if l.err != nil {
		return
	}
	got := l.Kind()
	if got == Invalid {
		l.fail("expected a value")
		return
	}
	l.err = &TypeError{l.pos, want, got}
	l.pos = len(l.text)
}

func (l *Lexer) space() {
	for l.pos < len(l.text) {
		switch l.text[l.pos] {
		case ' ', '\n', '\t', '\r':
			l.pos++
		default:
			return
		}
	}
}

// Kind tells what the next value is without consuming it.
func (l *Lexer) Kind() Kind {
	l.space()
	if l.err != nil || l.pos >= len(l.text) {
		return Invalid
	}
	switch c := l.text[l.pos]; c {
	case '{', '[', '"', 'n':
		return Kind(c)
	case 't', 'f':
		return Bool
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return Number
	}
	return Invalid
}

// Object enters an object. Then Field is called until it reports false.
func (l *Lexer) Object() bool { return l.enter(Object) }

// Array enters an array. Then Element is called until it reports false.
func (l *Lexer) Array() bool { return l.enter(Array) }

func (l *Lexer) enter(k Kind) bool {
	if l.Kind() != k {
		l.mismatch(k)
		return false
	}
	if l.depth >= MaxDepth {
		l.fail("nested too deep")
		return false
	}
	l.depth++
	l.pos++
	l.first = true
	return true
}

// Field steps to the next member of the object last entered and returns its
// name, which is valid until the next string is read. The caller must consume
// the value. ok is false at the end of the object and after a fault.
func (l *Lexer) Field() (name []byte, ok bool) {
	if !l.name() {
		return nil, false
	}
	name = l.str()
	return name, l.colon()
}

// Fields enters the object that is next and walks its members. For each it
// yields the name, which is valid until the next string is read; the loop's body
// must consume the value. A value of another kind is consumed and has none.
func (l *Lexer) Fields() iter.Seq[[]byte] {
	return func(yield func(name []byte) bool) {
		if l.Kind() != Object {
			l.Skip()
			return
		}
		l.Object()
		for {
			if name, ok := l.Field(); !ok || !yield(name) {
				return
			}
		}
	}
}

// name steps to the quote of the next member's name.
func (l *Lexer) name() bool {
	if !l.next('}') {
		return false
	}
	if l.pos >= len(l.text) || l.text[l.pos] != '"' {
		l.fail("expected a member name")
		return false
	}
	return true
}

func (l *Lexer) colon() bool {
	l.space()
	if l.err != nil || l.pos >= len(l.text) || l.text[l.pos] != ':' {
		l.fail("expected ':' after a member name")
		return false
	}
	l.pos++
	return true
}

// Element steps to the next element of the array last entered. The caller must
// consume it. It reports false at the end of the array and after a fault.
func (l *Lexer) Element() bool { return l.next(']') }

func (l *Lexer) next(closing byte) bool {
	first := l.first
	l.first = false
	l.space()
	if l.err != nil {
		return false
	}
	if l.pos >= len(l.text) {
		l.fail("unexpected end of the text")
		return false
	}
	switch c := l.text[l.pos]; {
	case c == closing:
		l.pos++
		l.depth--
		return false
	case first:
		return true
	case c == ',':
		l.pos++
		l.space()
		return true
	}
	l.fail("expected ',' or the closing bracket")
	return false
}

// String consumes a string and returns it unescaped. The bytes alias the text
// when nothing was escaped, otherwise they are valid until the next string is
// read. Lone surrogates become U+FFFD.
func (l *Lexer) String() []byte {
	if l.Kind() != String {
		l.mismatch(String)
		return nil
	}
	l.first = false
	return l.str()
}

// Bool consumes true or false.
func (l *Lexer) Bool() bool {
	if l.Kind() != Bool {
		l.mismatch(Bool)
		return false
	}
	l.first = false
	if l.text[l.pos] == 't' {
		l.word("true")
		return l.err == nil
	}
	l.word("false")
	return false
}

// Null consumes null when it is next, and reports whether it was.
func (l *Lexer) Null() bool {
	if l.Kind() != Null {
		return false
	}
	l.first = false
	l.word("null")
	return l.err == nil
}

// Float consumes a number.
func (l *Lexer) Float() float64 {
	raw := l.NumberText()
	if l.err != nil {
		return 0
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		l.fail("number out of range")
		return 0
	}
	return f
}

// Int consumes a number that is a whole one; 3.0 and 3e2 count as whole.
func (l *Lexer) Int() int {
	at := l.pos
	raw := l.NumberText()
	if l.err != nil {
		return 0
	}
	if n, err := strconv.Atoi(string(raw)); err == nil {
		return n
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || f != float64(int64(f)) || f > 1<<53 || f < -1<<53 {
		l.pos = at
		l.fail("expected a whole number")
		return 0
	}
	return int(f)
}

// NumberText consumes a number and returns it as it is written.
func (l *Lexer) NumberText() []byte {
	if l.Kind() != Number {
		l.mismatch(Number)
		return nil
	}
	l.first = false
	start := l.pos
	l.number()
	if l.err != nil {
		return nil
	}
	return l.text[start:l.pos]
}

// Skip consumes the next value, whatever it is, and returns its text. The
// value is checked like any other.
func (l *Lexer) Skip() []byte {
	if l.Kind() == Invalid {
		l.mismatch(Null)
		return nil
	}
	start := l.pos
	l.skip()
	if l.err != nil {
		return nil
	}
	l.first = false
	return l.text[start:l.pos]
}

// Valid checks that text is one JSON value.
func Valid(text []byte) error {
	var l Lexer
	l.Reset(text)
	l.Skip()
	return l.End()
}

// skip walks one value without recursion: nest holds one bit for each open
// bracket, set for an object.
func (l *Lexer) skip() {
	base := l.depth
	for l.err == nil {
		switch l.Kind() {
		case Object, Array:
			isObject := l.text[l.pos] == '{'
			if !l.enter(l.Kind()) {
				return
			}
			word, bit := (l.depth-1)/64, uint64(1)<<((l.depth-1)%64)
			l.nest[word] &^= bit
			if isObject {
				l.nest[word] |= bit
			}
		case String:
			l.rawString()
		case Number:
			l.number()
		case Bool:
			if l.text[l.pos] == 't' {
				l.word("true")
			} else {
				l.word("false")
			}
		case Null:
			l.word("null")
		default:
			l.fail("expected a value")
			return
		}
		if !l.unwind(base) {
			return
		}
	}
}

// unwind closes what ends here and reports whether another value follows.
func (l *Lexer) unwind(base int) bool {
	for l.depth > base && l.err == nil {
		isObject := l.nest[(l.depth-1)/64]>>((l.depth-1)%64)&1 == 1
		if isObject {
			if l.name() {
				l.rawString()
				return l.colon()
			}
		} else if l.Element() {
			return true
		}
	}
	return false
}

func (l *Lexer) word(w string) {
	l.first = false
	if len(l.text)-l.pos < len(w) || string(l.text[l.pos:l.pos+len(w)]) != w {
		l.fail("expected " + w)
		return
	}
	l.pos += len(w)
}

func (l *Lexer) number() {
	l.first = false
	b, i := l.text, l.pos
	if b[i] == '-' {
		i++
	}
	switch {
	case i < len(b) && b[i] == '0':
		i++
	case i < len(b) && b[i] >= '1' && b[i] <= '9':
		i = digits(b, i)
	default:
		l.pos = i
		l.fail("expected a digit")
		return
	}
	if i < len(b) && b[i] == '.' {
		if i = l.someDigits(i+1, "expected a digit after '.'"); l.err != nil {
			return
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		if i = l.someDigits(sign(b, i+1), "expected a digit in the exponent"); l.err != nil {
			return
		}
	}
	l.pos = i
}

func sign(b []byte, i int) int {
	if i < len(b) && (b[i] == '+' || b[i] == '-') {
		i++
	}
	return i
}

// someDigits steps over at least one digit.
func (l *Lexer) someDigits(i int, otherwise string) int {
	end := digits(l.text, i)
	if end == i {
		l.pos = i
		l.fail(otherwise)
	}
	return end
}

func digits(b []byte, i int) int {
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	return i
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special finds the first byte from i on that is a quote, a backslash, a
// control character or not ASCII. It looks at eight bytes at once.
func special(b []byte, i int) int {
	for i+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[i:])
		quote := w ^ ones*'"'
		slash := w ^ ones*'\\'
		hit := (w - ones*0x20) | (quote - ones) | (slash - ones) | w
		if hit &= highs; hit != 0 {
			return i + bits.TrailingZeros64(hit)/8
		}
		i += 8
	}
	for i < len(b) && b[i] >= 0x20 && b[i] < 0x80 && b[i] != '"' && b[i] != '\\' {
		i++
	}
	return i
}
