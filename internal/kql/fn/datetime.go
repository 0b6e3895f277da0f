package fn

import (
	"math"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/kql/value"
)

// part makes a function of one datetime that gives an int.
func part(f func(t time.Time) int) Func {
	return Func{Row: func(_ *Context, a []value.Value) value.Value { return value.OfInt(int64(f(value.ToTime(a[0].I)))) }}
}

var datetimeFuncs = func() group {
	return group{
		"now": {Row: func(c *Context, a []value.Value) value.Value {
			return value.OfDateTime(c.Now + arg(a, 0, value.OfTimeSpan(0)).I)
		}},
		"ago":         {Row: func(c *Context, a []value.Value) value.Value { return value.OfDateTime(c.Now - a[0].I) }},
		"getyear":     part(time.Time.Year),
		"getmonth":    part(func(t time.Time) int { return int(t.Month()) }),
		"monthofyear": part(func(t time.Time) int { return int(t.Month()) }),
		"dayofmonth":  part(time.Time.Day),
		"dayofyear":   part(time.Time.YearDay),
		"hourofday":   part(time.Time.Hour),
		"week_of_year": part(func(t time.Time) int {
			_, w := t.ISOWeek()
			return w
		}),
		// The old function's weeks begin on Sunday, the first being that of the first Wednesday.
		"weekofyear": part(func(t time.Time) int {
			return (t.AddDate(0, 0, int(time.Wednesday-t.Weekday())).YearDay() + 6) / 7
		}),
		"dayofweek": {Row: func(_ *Context, a []value.Value) value.Value {
			day := int64(value.ToTime(a[0].I).Weekday())
			if a[0].I > value.MaxDateTime-(6-day)*value.Day {
				return null(value.TimeSpan) // the week's end is beyond the calendar
			}
			return value.OfTimeSpan(day * value.Day)
		}},
		"startofday": startOf("day"), "startofweek": startOf("week"), "startofmonth": startOf("month"), "startofyear": startOf("year"),
		"endofday": endOf("day"), "endofweek": endOf("week"), "endofmonth": endOf("month"), "endofyear": endOf("year"),
		"datetime_add":  {Row: datetimeAdd},
		"datetime_diff": {Row: datetimeDiff},
		"datetime_part": {Row: datetimePart},
		"make_datetime": {Row: makeDateTime}, "make_timespan": {Row: makeTimeSpan},
		"format_datetime":                  {Row: func(_ *Context, a []value.Value) value.Value { return value.OfString(formatDateTime(a[0].I, a[1].S)) }},
		"format_timespan":                  {Row: func(_ *Context, a []value.Value) value.Value { return value.OfString(formatTimeSpan(a[0].I, a[1].S)) }},
		"unixtime_seconds_todatetime":      unixTime(value.Second),
		"unixtime_milliseconds_todatetime": unixTime(value.Millisecond),
		"unixtime_microseconds_todatetime": unixTime(value.Microsecond),
		"unixtime_nanoseconds_todatetime": {Row: func(_ *Context, a []value.Value) value.Value {
			return value.OfDateTime(value.UnixEpoch + value.Convert(a[0], value.Long).I/100)
		}},
		"datetime_utc_to_local": {Row: toZone(1)},
		"datetime_local_to_utc": {Row: toZone(-1)},
	}
}

func unixTime(unit int64) Func {
	return Func{Row: func(_ *Context, a []value.Value) value.Value {
		if a[0].T.IsInteger() {
			if a[0].I > math.MaxInt64/unit || a[0].I < math.MinInt64/unit {
				return null(value.DateTime)
			}
			return value.OfDateTime(value.UnixEpoch + a[0].I*unit)
		}
		f := asReal(a[0]) * float64(unit)
		if math.IsNaN(f) || math.Abs(f) > float64(value.MaxDateTime) {
			return null(value.DateTime)
		}
		return value.OfDateTime(value.UnixEpoch + int64(f))
	}}
}

// begin gives the first moment of the day, week (Sunday), month or year of t, some of them on.
func begin(t time.Time, unit string, offset int) time.Time {
	y, m, d := t.Date()
	switch unit {
	case "day":
		return time.Date(y, m, d+offset, 0, 0, 0, 0, time.UTC)
	case "week":
		return time.Date(y, m, d-int(t.Weekday())+7*offset, 0, 0, 0, 0, time.UTC)
	case "month":
		return time.Date(y, m+time.Month(offset), 1, 0, 0, 0, 0, time.UTC)
	}
	return time.Date(y+offset, 1, 1, 0, 0, 0, 0, time.UTC)
}

func offsetOf(a []value.Value) int {
	return int(max(min(arg(a, 1, value.OfLong(0)).I, 4000000), -4000000))
}

func startOf(unit string) Func {
	return Func{Row: func(_ *Context, a []value.Value) value.Value {
		return value.OfDateTime(value.FromTime(begin(value.ToTime(a[0].I), unit, offsetOf(a))))
	}}
}

func endOf(unit string) Func {
	return Func{Row: func(_ *Context, a []value.Value) value.Value {
		return value.OfDateTime(value.FromTime(begin(value.ToTime(a[0].I), unit, offsetOf(a)+1)) - 1)
	}}
}

var fixedUnits = map[string]int64{
	"week": 7 * value.Day, "day": value.Day, "hour": value.Hour, "minute": value.Minute, "second": value.Second, "millisecond": value.Millisecond, "microsecond": value.Microsecond,
}

func datetimeAdd(_ *Context, a []value.Value) value.Value {
	n := a[1].I
	unit := strings.ToLower(a[0].S)
	if size, ok := fixedUnits[unit]; ok {
		if n > value.MaxDateTime/size || n < -value.MaxDateTime/size {
			return null(value.DateTime)
		}
		return value.OfDateTime(a[2].I + n*size)
	}
	if unit == "nanosecond" {
		return value.OfDateTime(a[2].I + n/100)
	}
	months, ok := map[string]int64{"year": 12, "quarter": 3, "month": 1}[unit]
	if !ok || n > 120000 || n < -120000 {
		return null(value.DateTime)
	}
	t := value.ToTime(a[2].I)
	y, m, d := t.Date()
	first := time.Date(y, m+time.Month(n*months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	day := value.FromTime(first) + int64(min(d, last)-1)*value.Day
	return value.OfDateTime(day + a[2].I%value.Day)
}

func datetimeDiff(_ *Context, a []value.Value) value.Value {
	unit := strings.ToLower(a[0].S)
	x, y := a[1].I, a[2].I
	switch unit {
	case "year":
		return value.OfLong(int64(value.ToTime(x).Year() - value.ToTime(y).Year()))
	case "quarter":
		return value.OfLong(floorDiv(months(x), 3) - floorDiv(months(y), 3))
	case "month":
		return value.OfLong(months(x) - months(y))
	case "week":
		return value.OfReal(float64((value.FromTime(begin(value.ToTime(x), "week", 0)) - value.FromTime(begin(value.ToTime(y), "week", 0))) / (7 * value.Day)))
	case "nanosecond":
		return value.OfLong((x - y) * 100)
	}
	size, ok := fixedUnits[unit]
	if !ok {
		return null(value.Long)
	}
	return value.OfLong(x/size - y/size)
}

func months(ticks int64) int64 {
	t := value.ToTime(ticks)
	return int64(t.Year())*12 + int64(t.Month()) - 1
}

var dateParts = map[string]func(ticks int64, t time.Time) int64{
	"year":         func(_ int64, t time.Time) int64 { return int64(t.Year()) },
	"quarter":      func(_ int64, t time.Time) int64 { return int64(t.Month()-1)/3 + 1 },
	"month":        func(_ int64, t time.Time) int64 { return int64(t.Month()) },
	"week_of_year": func(_ int64, t time.Time) int64 { _, w := t.ISOWeek(); return int64(w) },
	"day":          func(_ int64, t time.Time) int64 { return int64(t.Day()) },
	"dayofyear":    func(_ int64, t time.Time) int64 { return int64(t.YearDay()) },
	"hour":         func(_ int64, t time.Time) int64 { return int64(t.Hour()) },
	"minute":       func(_ int64, t time.Time) int64 { return int64(t.Minute()) },
	"second":       func(_ int64, t time.Time) int64 { return int64(t.Second()) },
	"millisecond":  func(k int64, _ time.Time) int64 { return k % value.Second / value.Millisecond },
	"microsecond":  func(k int64, _ time.Time) int64 { return k % value.Second / value.Microsecond },
	"nanosecond":   func(k int64, _ time.Time) int64 { return k % value.Second * 100 },
}

func datetimePart(_ *Context, a []value.Value) value.Value {
	f := dateParts[strings.ToLower(a[0].S)]
	if f == nil {
		return null(value.Int)
	}
	return value.OfInt(f(a[1].I, value.ToTime(a[1].I)))
}

func makeDateTime(_ *Context, a []value.Value) value.Value {
	if len(a) == 1 {
		return value.Convert(a[0], value.DateTime)
	}
	p := [5]int{1, 1, 1, 0, 0}
	for i := range min(len(a), 5) {
		n := value.Convert(a[i], value.Long).I
		if n < 0 || n > 9999 {
			return null(value.DateTime)
		}
		p[i] = int(n)
	}
	sec := 0.0
	if len(a) > 5 {
		sec = asReal(a[5])
	}
	t, ok := value.DateTimeOf(p[0], p[1], p[2], p[3], p[4], sec)
	if !ok {
		return null(value.DateTime)
	}
	return value.OfDateTime(t)
}

func makeTimeSpan(_ *Context, a []value.Value) value.Value {
	if len(a) == 1 {
		return value.Convert(a[0], value.TimeSpan)
	}
	days := 0.0
	p := a
	if len(p) == 4 {
		days, p = asReal(p[0]), p[1:]
	}
	h, m, s := asReal(p[0]), asReal(p[1]), 0.0
	if len(p) > 2 {
		s = asReal(p[2])
	}
	if h < 0 || h > 23 || m < 0 || m > 59 || s < 0 || s >= 60 || days < 0 || days > 10675198 {
		return null(value.TimeSpan)
	}
	return value.OfTimeSpan(int64(days)*value.Day + int64(h)*value.Hour + int64(m)*value.Minute + int64(math.Round(s*float64(value.Second))))
}

// toZone shifts by a named zone's offset: sign 1 to local time, -1 back.
func toZone(sign int64) Row {
	return func(_ *Context, a []value.Value) value.Value {
		loc, err := time.LoadLocation(a[1].S)
		if err != nil || a[1].S == "" || a[1].S == "Local" {
			return null(value.DateTime)
		}
		t := value.ToTime(a[0].I)
		if sign < 0 {
			t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, loc)
		}
		_, off := t.In(loc).Zone()
		return value.OfDateTime(a[0].I + sign*int64(off)*value.Second)
	}
}
