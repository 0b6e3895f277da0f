package value

import (
	"math"
	"strconv"
	"strings"
)

// Span is a timespan inside a dynamic value, in ticks of 100 ns.
type Span int64

// String prints the span as Kusto does.
func (s Span) String() string { return FormatTimeSpan(int64(s)) }

// FormatTimeSpan prints ticks as [-][d.]hh:mm:ss[.fffffff].
func FormatTimeSpan(ticks int64) string {
	b := make([]byte, 0, 24)
	u := uint64(ticks)
	if ticks < 0 {
		b = append(b, '-')
		u = -u
	}
	if d := u / uint64(Day); d > 0 {
		b = strconv.AppendUint(b, d, 10)
		b = append(b, '.')
	}
	two := func(n uint64) { b = append(b, byte('0'+n/10), byte('0'+n%10)) }
	two(u / uint64(Hour) % 24)
	b = append(b, ':')
	two(u / uint64(Minute) % 60)
	b = append(b, ':')
	two(u / uint64(Second) % 60)
	if f := int64(u % uint64(Second)); f != 0 {
		b = appendFraction(b, f)
	}
	return string(b)
}

var spanUnits = map[string]int64{
	"d": Day, "day": Day, "days": Day, "h": Hour, "hr": Hour, "hrs": Hour, "hour": Hour, "hours": Hour,
	"m": Minute, "min": Minute, "minute": Minute, "minutes": Minute, "s": Second, "sec": Second, "second": Second, "seconds": Second,
	"ms": Millisecond, "milli": Millisecond, "millis": Millisecond, "millisec": Millisecond, "millisecond": Millisecond, "milliseconds": Millisecond,
	"micro": Microsecond, "micros": Microsecond, "microsec": Microsecond, "microsecond": Microsecond, "microseconds": Microsecond,
	"nano": 0, "nanos": 0, "nanosecond": 0, "nanoseconds": 0, "tick": Tick, "ticks": Tick,
}

// SpanUnit finds the ticks in a unit that may follow a number in a timespan literal.
// Nanoseconds answer 0 ticks with ok true: a hundred of them make a tick.
func SpanUnit(unit string) (ticks int64, ok bool) {
	t, ok := spanUnits[strings.ToLower(unit)]
	return t, ok
}

// ParseTimeSpan reads [-][d.]hh:mm[:ss[.fffffff]], a bare number of days, or a number with
// a unit such as 1.5h. ok is false when s is none of these.
func ParseTimeSpan(s string) (ticks int64, ok bool) {
	s = strings.TrimSpace(s)
	neg := strings.HasPrefix(s, "-")
	if neg || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	if s == "" || len(s) > 40 {
		return 0, false
	}
	if strings.Contains(s, ":") {
		ticks, ok = parseClock(s, neg)
		return ticks, ok
	}
	i := len(s) - len(strings.TrimLeft(s, "0123456789."))
	if i == 0 || i == len(s) && strings.Contains(s, ".") {
		return 0, false // days are whole: 1.5d is written with its unit
	}
	unit := Day
	nano := false
	if i < len(s) {
		if unit, ok = SpanUnit(strings.TrimSpace(s[i:])); !ok {
			return 0, false
		}
		nano = unit == 0
	}
	ticks, ok = scaleSpan(s[:i], unit, nano)
	if neg {
		ticks = -ticks
	}
	return ticks, ok
}

func scaleSpan(num string, unit int64, nano bool) (int64, bool) {
	if n, err := strconv.ParseInt(num, 10, 64); err == nil {
		if nano {
			return n / 100, true
		}
		if n > math.MaxInt64/unit {
			return 0, false
		}
		return n * unit, true
	}
	f, err := strconv.ParseFloat(num, 64)
	if err != nil {
		return 0, false
	}
	f *= float64(unit)
	if nano {
		f /= 100
	}
	if math.Abs(f) >= math.MaxInt64 {
		return 0, false
	}
	return int64(math.Round(f)), true
}

// parseClock reads [d.]hh:mm[:ss[.f]] or d:hh:mm:ss; the sign is applied here so that the
// smallest timespan can be read.
func parseClock(s string, neg bool) (int64, bool) {
	days := ""
	parts := strings.Split(s, ":")
	if d, h, ok := strings.Cut(parts[0], "."); ok {
		days, parts[0] = d, h
	} else if len(parts) == 4 {
		days, parts = parts[0], parts[1:]
	}
	var frac int64
	last := len(parts) - 1
	if sec, f, ok := strings.Cut(parts[last], "."); ok {
		if frac, ok = fraction(f); !ok || last < 2 {
			return 0, false
		}
		parts[last] = sec
	}
	d, ok := 0, true
	if days != "" {
		d, ok = digits(days)
	}
	clock, ok2 := clockTicks(parts)
	if !ok || !ok2 || d > 10675199 {
		return 0, false
	}
	total := uint64(d)*uint64(Day) + uint64(clock+frac)
	if neg {
		return int64(-total), total <= 1<<63
	}
	return int64(total), total <= math.MaxInt64
}

// clockTicks adds up hours, minutes and, if given, seconds.
func clockTicks(parts []string) (ticks int64, ok bool) {
	if len(parts) < 2 || len(parts) > 3 {
		return 0, false
	}
	units := [3]int64{Hour, Minute, Second}
	limits := [3]int{23, 59, 59}
	for i, p := range parts {
		n, ok := digits(p)
		if !ok || n > limits[i] {
			return 0, false
		}
		ticks += int64(n) * units[i]
	}
	return ticks, true
}
