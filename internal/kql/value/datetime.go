package value

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Ticks is a datetime inside a dynamic value: 100 ns units since 0001-01-01 UTC.
type Ticks int64

// Units of time in ticks.
const (
	Tick        int64 = 1
	Microsecond       = 10 * Tick
	Millisecond       = 1000 * Microsecond
	Second            = 1000 * Millisecond
	Minute            = 60 * Second
	Hour              = 60 * Minute
	Day               = 24 * Hour
)

// MaxDateTime is the last tick of year 9999.
const MaxDateTime int64 = 3155378975999999999

// UnixEpoch is 1970-01-01 in ticks.
const UnixEpoch int64 = 621355968000000000

// FromTime turns t into ticks, dropping what is finer than 100 ns.
func FromTime(t time.Time) int64 {
	return UnixEpoch + t.Unix()*Second + int64(t.Nanosecond()/100)
}

// ToTime turns ticks into a UTC time.
func ToTime(ticks int64) time.Time {
	d := ticks - UnixEpoch
	sec, rem := d/Second, d%Second
	if rem < 0 {
		sec, rem = sec-1, rem+Second
	}
	return time.Unix(sec, rem*100).UTC()
}

// FormatDateTime prints ticks as Kusto does: ISO 8601 with seven fraction digits and Z.
func FormatDateTime(ticks int64) string {
	t := ToTime(ticks)
	b := make([]byte, 0, 28)
	b = t.AppendFormat(b, "2006-01-02T15:04:05")
	return string(appendFraction(b, ticks%Second)) + "Z"
}

func appendFraction(b []byte, frac int64) []byte {
	b = append(b, '.')
	for d := int64(1000000); d > 0; d /= 10 {
		b = append(b, byte('0'+frac/d%10))
	}
	return b
}

var dateLayouts = []string{
	"2006-1-2", "2006-1-2 15:4:5", "2006-1-2 15:4", "2006-1-2T15:4:5", "2006-1-2T15:4", "2006-1-2T15", "2006-1-2 15", "2006-1",
	"1/2/2006 15:4:5", "1/2/2006 3:4:5 PM", "1/2/2006 15:4", "1/2/2006 3:4 PM", "1/2/2006", "2/1/2006 15:4:5", "2/1/2006 15:4", "2/1/2006", "2006/1/2", "2006/1/2 15:4:5", "2006/1/2 15:4", "2006/1/2T15:4:5",
	"Mon, 2 Jan 2006 15:4:5", "Mon, 2 Jan 06 15:4:5", "2 Jan 2006 15:4:5", "2 Jan 06 15:4:5", "Mon, 2 Jan 06 15:4", "2 Jan 06 15:4", "2 Jan 2006 15:4", "2 Jan 2006", "Monday, 2-Jan-06 15:4:5", "Monday, 02-Jan-06 15:04:05", "Mon Jan _2 15:4:5 2006", "Jan 2 2006 15:4:5", "Jan 2, 2006 15:4:5", "Jan 2, 2006", "January 2, 2006", "January 2, 2006 15:4:5",
	"1-2-2006", "1-2-2006 15:4:5", "2-1-2006", "2-1-2006 15:4:5", "20060102", "20060102150405", "20060102T150405", "2006-1-2 3:4:5 PM", "2006-1-2 3:4 PM", "2006-01",
}

// ParseDateTime reads a datetime in ISO 8601, RFC 822, RFC 850 or the other notations that
// Kusto's todatetime accepts. A bare year means its first moment. ok is false when s is none.
func ParseDateTime(s string) (ticks int64, ok bool) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 64 {
		return 0, false
	}
	if t, ok := parseISO(s); ok {
		return t, true
	}
	if strings.Contains(s, " - ") {
		s = strings.ReplaceAll(s, " - ", "-")
	}
	body, offset := cutZone(s)
	body, frac, ok := cutFraction(body)
	if !ok {
		return 0, false
	}
	if n, err := strconv.Atoi(body); err == nil && len(body) == 4 && n > 0 {
		return FromTime(time.Date(n, 1, 1, 0, 0, 0, 0, time.UTC)) + frac - offset, true
	}
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, body); err == nil && t.Year() > 0 {
			v := FromTime(t) + frac - offset
			return v, v >= 0 && v <= MaxDateTime
		}
	}
	return 0, false
}

// parseISO is the fast way for 2006-01-02[T ]15:04:05[.fffffff][Z].
func parseISO(s string) (int64, bool) {
	if len(s) < 10 {
		return 0, false
	}
	day, ok := isoDay(s[:10])
	rest := strings.TrimSuffix(s[10:], "Z")
	if !ok || rest == "" {
		return day, ok
	}
	clock, ok := isoClock(rest)
	return day + clock, ok
}

func isoDay(s string) (int64, bool) {
	y, ok1 := digits(s[0:4])
	mo, ok2 := digits(s[5:7])
	d, ok3 := digits(s[8:10])
	if !ok1 || !ok2 || !ok3 || s[4] != '-' || s[7] != '-' || y < 1 || mo < 1 || mo > 12 || d < 1 || d > daysIn(y, mo) {
		return 0, false
	}
	return dayNumber(y, mo, d) * Day, true
}

// isoClock reads T15:04:05 with a fraction or without.
func isoClock(s string) (int64, bool) {
	if len(s) < 9 || s[0] != 'T' && s[0] != ' ' || s[3] != ':' || s[6] != ':' {
		return 0, false
	}
	h, ok1 := digits(s[1:3])
	mi, ok2 := digits(s[4:6])
	sec, ok3 := digits(s[7:9])
	if !ok1 || !ok2 || !ok3 || h > 23 || mi > 59 || sec > 59 {
		return 0, false
	}
	ticks := int64(h)*Hour + int64(mi)*Minute + int64(sec)*Second
	if s = s[9:]; s == "" {
		return ticks, true
	}
	frac, ok := fraction(s[1:])
	return ticks + frac, ok && s[0] == '.'
}

func digits(s string) (int, bool) {
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, len(s) > 0
}

func daysIn(y, m int) int {
	if m == 2 && (y%4 == 0 && y%100 != 0 || y%400 == 0) {
		return 29
	}
	return [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[m-1]
}

// dayNumber counts days since 0001-01-01.
func dayNumber(y, m, d int) int64 {
	return (time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).Unix() + UnixEpoch/Second) / 86400
}

// fraction reads up to seven digits as ticks; digits after the seventh are dropped.
func fraction(s string) (int64, bool) {
	if s == "" {
		return 0, false
	}
	var f int64
	for i := range 7 {
		f *= 10
		if i < len(s) {
			if s[i] < '0' || s[i] > '9' {
				return 0, false
			}
			f += int64(s[i] - '0')
		}
	}
	if len(s) > 7 {
		if _, ok := digits(s[7:]); !ok {
			return 0, false
		}
	}
	return f, true
}

// cutZone takes a zone off the end: Z, GMT, UTC or ±hh:mm. The offset is in ticks.
func cutZone(s string) (string, int64) {
	for _, z := range []string{"Z", "z", " GMT", " UTC", " UT", "GMT", "UTC"} {
		if rest, ok := strings.CutSuffix(s, z); ok {
			return strings.TrimSpace(rest), 0
		}
	}
	i := strings.LastIndexAny(s, "+-")
	if i < 8 || !strings.Contains(s[:i], ":") {
		return s, 0
	}
	z := strings.Replace(s[i+1:], ":", "", 1)
	n, ok := digits(z)
	if !ok || len(z) != 4 && len(z) != 2 {
		return s, 0
	}
	if len(z) == 2 {
		n *= 100
	}
	off := int64(n/100)*Hour + int64(n%100)*Minute
	if s[i] == '-' {
		off = -off
	}
	return strings.TrimSpace(s[:i]), off
}

// cutFraction takes the fraction of a second out of a text that has a time of day.
func cutFraction(s string) (string, int64, bool) {
	i := strings.LastIndexByte(s, '.')
	if i < 0 || !strings.Contains(s[:i], ":") {
		return s, 0, true
	}
	end := i + 1
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	f, ok := fraction(s[i+1 : end])
	return s[:i] + s[end:], f, ok
}

// DateTimeOf builds ticks from calendar parts; ok is false when a part is out of range.
func DateTimeOf(y, mo, d, h, mi int, sec float64) (int64, bool) {
	if y < 1 || y > 9999 || mo < 1 || mo > 12 || d < 1 || d > daysIn(y, mo) || h < 0 || h > 23 || mi < 0 || mi > 59 || sec < 0 || sec >= 60 {
		return 0, false
	}
	return dayNumber(y, mo, d)*Day + int64(h)*Hour + int64(mi)*Minute + int64(sec*float64(Second)+0.5), true
}

var _ fmt.Stringer = Ticks(0)

// String prints the moment as Kusto does.
func (t Ticks) String() string { return FormatDateTime(int64(t)) }
