package value

import (
	"encoding/hex"
	"strings"
)

// UUID is a guid's sixteen bytes in the order they are printed.
type UUID [16]byte

// String prints the guid in its 8-4-4-4-12 form, lower case.
func (u UUID) String() string {
	var b [36]byte
	hex.Encode(b[0:8], u[0:4])
	hex.Encode(b[9:13], u[4:6])
	hex.Encode(b[14:18], u[6:8])
	hex.Encode(b[19:23], u[8:10])
	hex.Encode(b[24:], u[10:])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

// NetBytes gives the guid in the mixed byte order that .NET uses in memory.
func (u UUID) NetBytes() [16]byte {
	return [16]byte{u[3], u[2], u[1], u[0], u[5], u[4], u[7], u[6], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]}
}

// FromNetBytes is the reverse of NetBytes.
func FromNetBytes(b [16]byte) UUID { return UUID(UUID(b).NetBytes()) }

// ParseUUID reads a guid with or without dashes, braces or parentheses.
func ParseUUID(s string) (UUID, bool) {
	s = strings.TrimSpace(s)
	if len(s) >= 2 && (s[0] == '{' && s[len(s)-1] == '}' || s[0] == '(' && s[len(s)-1] == ')') {
		s = s[1 : len(s)-1]
	}
	var u UUID
	if len(s) > 32 {
		s = strings.ReplaceAll(s, "-", "")
	}
	if len(s) != 32 {
		return u, false
	}
	_, err := hex.Decode(u[:], []byte(s))
	return u, err == nil
}
