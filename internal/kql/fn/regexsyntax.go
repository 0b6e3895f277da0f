package fn

import "strings"

// GoRegexp writes a pattern of Kusto's for Go. Kusto's regular expressions are those of the
// Rust crate regex, whose \d, \w and \s mean Unicode's digits, words and spaces; Go's are
// ASCII.
func GoRegexp(pattern string) string {
	if !strings.ContainsRune(pattern, '\\') {
		return pattern
	}
	var b strings.Builder
	inClass := false
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		switch {
		case c == '\\' && i+1 < len(pattern):
			i++
			if inClass {
				b.WriteString(inClassEscape(pattern[i]))
			} else {
				b.WriteString(plainEscape(pattern[i]))
			}
			continue
		case c == '[' && !inClass:
			inClass = true
			if strings.HasPrefix(pattern[i+1:], "^") {
				i++
				b.WriteByte('[')
				c = '^'
			}
			if strings.HasPrefix(pattern[i+1:], "]") { // a bracket that stands for itself
				b.WriteByte(c)
				i++
				c = ']'
			}
		case c == '[' && strings.HasPrefix(pattern[i:], "[:"):
			if end := strings.Index(pattern[i:], ":]"); end > 0 {
				b.WriteString(pattern[i : i+end+2])
				i += end + 1
				continue
			}
		case c == ']':
			inClass = false
		}
		b.WriteByte(c)
	}
	return b.String()
}

const (
	wordClass  = `\p{L}\p{Nl}\p{M}\p{Nd}\p{Pc}`
	spaceClass = `\t-\r \x{85}\p{Z}`
)

func plainEscape(c byte) string {
	switch c {
	case 'd':
		return `\p{Nd}`
	case 'D':
		return `\P{Nd}`
	case 'w':
		return "[" + wordClass + "]"
	case 'W':
		return "[^" + wordClass + "]"
	case 's':
		return "[" + spaceClass + "]"
	case 'S':
		return "[^" + spaceClass + "]"
	}
	return `\` + string([]byte{c})
}

// inClassEscape is for escapes between brackets, where the opposites of several classes
// cannot be written and stay as they are.
func inClassEscape(c byte) string {
	switch c {
	case 'd':
		return `\p{Nd}`
	case 'D':
		return `\P{Nd}`
	case 'w':
		return wordClass
	case 's':
		return spaceClass
	}
	return `\` + string([]byte{c})
}
