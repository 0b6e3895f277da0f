package calllog

import (
	"bytes"
	"encoding/hex"
	"errors"
	"hash/crc32"
)

// A line of a segment is a JSON object of the row's columns, so that any tool
// reads it. Its last member is the CRC-32C of every byte before that member,
// so that a torn or altered line is noticed.
const (
	crcMember = `,"_crc":"`
	crcEnd    = `"}` + "\n"
	crcLength = len(crcMember) + 8 + len(crcEnd)
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errLine means that a line is not whole.
var errLine = errors.New("the checksum of the line does not match")

// sealLine ends the line that begins at start in b: a JSON object without its
// closing brace becomes a whole line with its checksum.
func sealLine(b []byte, start int) []byte {
	sum := crc32.Checksum(b[start:], castagnoli)
	b = append(b, crcMember...)
	b = hex.AppendEncode(b, []byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
	return append(b, crcEnd...)
}

// openLine checks a line, with or without its line end, and returns the JSON
// object without its closing brace and checksum.
func openLine(line []byte) (object []byte, err error) {
	line = bytes.TrimSuffix(line, []byte("\n"))
	body := len(line) - (crcLength - 1)
	if body < 1 || !bytes.HasPrefix(line[body:], []byte(crcMember)) {
		return nil, errLine
	}
	var want [4]byte
	if _, err := hex.Decode(want[:], line[body+len(crcMember):body+len(crcMember)+8]); err != nil {
		return nil, errLine
	}
	sum := crc32.Checksum(line[:body], castagnoli)
	if want != [4]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)} {
		return nil, errLine
	}
	return line[:body], nil
}
