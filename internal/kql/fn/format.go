package fn

import (
	"strconv"
	"strings"

	"github.com/azptu/azptu/internal/kql/value"
)

// run counts how often the first letter of s repeats.
func run(s string) int {
	n := 1
	for n < len(s) && s[n] == s[0] {
		n++
	}
	return n
}

func pad(n int64, width int) string {
	s := strconv.FormatInt(n, 10)
	if len(s) < width {
		s = strings.Repeat("0", width-len(s)) + s
	}
	return s
}

// fractionDigits prints the fraction of a second with n digits; capital F drops zeros at
// the end.
func fractionDigits(frac int64, n int, trim bool) string {
	s := pad(frac, 7)
	s = s[:min(n, 7)]
	if trim {
		s = strings.TrimRight(s, "0")
	}
	return s
}

// dateFields prints one field of a datetime format: the letter and how often it stands.
var dateFields = map[byte]func(ticks int64, n int) string{
	'd': func(k int64, n int) string { return pad(int64(value.ToTime(k).Day()), min(n, 2)) },
	'M': func(k int64, n int) string { return pad(int64(value.ToTime(k).Month()), min(n, 2)) },
	'y': func(k int64, n int) string {
		y := int64(value.ToTime(k).Year())
		if n <= 2 {
			y %= 100
		}
		return pad(y, n)
	},
	'h': func(k int64, n int) string { return pad((k/value.Hour%24+11)%12+1, min(n, 2)) },
	'H': func(k int64, n int) string { return pad(k/value.Hour%24, min(n, 2)) },
	'm': func(k int64, n int) string { return pad(k/value.Minute%60, min(n, 2)) },
	's': func(k int64, n int) string { return pad(k/value.Second%60, min(n, 2)) },
	'f': func(k int64, n int) string { return fractionDigits(k%value.Second, n, false) },
	'F': func(k int64, n int) string { return fractionDigits(k%value.Second, n, true) },
	't': func(k int64, n int) string {
		if k/value.Hour%24 < 12 {
			return "AM"[:min(n, 2)]
		}
		return "PM"[:min(n, 2)]
	},
}

func formatDateTime(ticks int64, format string) string {
	var b strings.Builder
	for i := 0; i < len(format); {
		f := dateFields[format[i]]
		if f == nil {
			b.WriteByte(format[i])
			i++
			continue
		}
		n := min(run(format[i:]), longestField(format[i]))
		b.WriteString(f(ticks, n))
		i += n
	}
	return b.String()
}

// longestField is how many times the letter of a field may stand; one that stands more
// often is several fields.
func longestField(letter byte) int {
	switch letter {
	case 'y':
		return 4
	case 'f', 'F':
		return 7
	}
	return 2
}

func formatTimeSpan(ticks int64, format string) string {
	var b strings.Builder
	if ticks < 0 {
		b.WriteByte('-')
		ticks = -ticks
	}
	for i := 0; i < len(format); {
		n := run(format[i:])
		switch c := format[i]; c {
		case 'd', 'D':
			b.WriteString(pad(ticks/value.Day, n))
		case 'h', 'H', 'm', 's', 'f', 'F':
			if c == 'h' {
				c = 'H'
			}
			b.WriteString(dateFields[c](ticks, n))
		default:
			b.WriteString(strings.Repeat(string(c), n))
		}
		i += n
	}
	return b.String()
}

// ValidFormat says whether a format for format_datetime (or format_timespan) holds only
// what Kusto knows.
func ValidFormat(format string, span bool) bool {
	fields := "dMyhHmsfFt"
	if span {
		fields = "dhHmsfF"
	}
	for i := range len(format) {
		if !strings.ContainsRune(fields+" /-:,.[]_", rune(format[i])) {
			return false
		}
	}
	return true
}
