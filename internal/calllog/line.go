package calllog

import (
	"bytes"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"slices"

	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// A line of a segment is a JSON object of the row's columns, so that any tool
// reads it. Its last member is the CRC-32C of every byte before that member,
// so that a torn or altered line is noticed. That member's name tells the line's
// format: in a brief line some values are the same as another's and say so. A
// reader that does not know a name takes the line for damaged and passes it over.
const (
	crcMember   = `,"_crc":"`
	briefMember = `,"_crc2":"`
	crcDigits   = 8
	crcEnd      = `"}` + "\n"
)

// sameMark stands for the text of a column that repeats another's, by column.
// No such column holds anything but a string otherwise.
var sameMark = map[string]string{
	"BackendRequestBody":  `{"same":"RequestBody"}`,
	"BackendResponseBody": `{"same":"ResponseBody"}`,
}

// repeated is the column that each column of sameMark repeats.
var repeated = map[string]string{"BackendRequestBody": "RequestBody", "BackendResponseBody": "ResponseBody"}

func isSame(column string, raw []byte) bool {
	mark, may := sameMark[column]
	return may && string(raw) == mark
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errLine means that a line is not whole.
var errLine = errors.New("the checksum of the line does not match")

// sealLine ends the line that begins at start in b: a JSON object without its
// closing brace becomes a whole line with its checksum.
func sealLine(b []byte, start int, brief bool) []byte {
	sum := crc32.Checksum(b[start:], castagnoli)
	member := crcMember
	if brief {
		member = briefMember
	}
	b = append(b, member...)
	b = hex.AppendEncode(b, []byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
	return append(b, crcEnd...)
}

// openLine checks a line, with or without its line end, and returns the JSON
// object without its closing brace and checksum.
func openLine(line []byte) (object []byte, err error) {
	line, ok := bytes.CutSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte(`"}`))
	digits := len(line) - crcDigits
	if !ok || digits < 1 {
		return nil, errLine
	}
	var want [crcDigits / 2]byte
	if _, err := hex.Decode(want[:], line[digits:]); err != nil {
		return nil, errLine
	}
	object, ok = bytes.CutSuffix(line[:digits], []byte(crcMember))
	if !ok {
		object, ok = bytes.CutSuffix(line[:digits], []byte(briefMember))
	}
	sum := crc32.Checksum(object, castagnoli)
	if !ok || len(object) == 0 || want != [crcDigits / 2]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)} {
		return nil, errLine
	}
	return object, nil
}

// whole is the row of a line's object with every value written out.
func whole(l *jsonlex.Lexer, object []byte) []byte {
	row := append(slices.Clip(object), '}')
	if !bytes.Contains(row, []byte(`{"same":"`)) {
		return row
	}
	l.Reset(row)
	l.Object()
	out := make([]byte, 0, 2*len(row))
	said := map[string][]byte{} // values that others repeat
	for field, ok := l.Field(); ok; field, ok = l.Field() {
		name := string(field)
		raw := l.Skip()
		if isSame(name, raw) {
			raw = said[repeated[name]]
		} else if isRepeated(name) {
			said[name] = raw
		}
		if len(raw) > 0 {
			out = append(append(appendQuoted(append(out, opener(len(out))), name), ':'), raw...)
		}
	}
	return append(out, '}')
}

// isRepeated tells whether others may repeat a column.
func isRepeated(column string) bool { return column == "RequestBody" || column == "ResponseBody" }
