package monitor

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// window is the time a query is about, and how it is cut.
type window struct {
	start, end time.Time
	grain      time.Duration // 0: one point for everything
	interval   string        // as it is echoed
}

// longest is how much time one answer covers: of a longer timespan the last
// part is answered (azure-cli recordings test_monitor_metrics_scenario.yaml,
// 2021-12: 13 years asked, 31 days answered).
const longest = 31 * 24 * time.Hour

var grains = map[string]time.Duration{
	"PT1M": time.Minute, "PT5M": 5 * time.Minute, "PT15M": 15 * time.Minute, "PT30M": 30 * time.Minute,
	"PT1H": time.Hour, "PT6H": 6 * time.Hour, "PT12H": 12 * time.Hour, "P1D": 24 * time.Hour, "FULL": 0,
}

var grainNames = []string{"PT1M", "PT5M", "PT15M", "PT30M", "PT1H", "PT6H", "PT12H", "P1D"}

// listWindow reads timespan and interval of a metrics request.
func listWindow(a args, now time.Time) (window, error) {
	w := window{start: now.Add(-time.Hour), end: now}
	if span := a.get("timespan"); span != "" {
		var err error
		if w.start, w.end, err = timespan(span, now); err != nil {
			return w, err
		}
	}
	return w.cut(a)
}

// batchWindow reads starttime, endtime and interval of a batch request.
func batchWindow(a args, now time.Time) (window, error) {
	w := window{start: now.Add(-time.Hour), end: now}
	from, to := a.get("starttime"), a.get("endtime")
	if from == "" && to != "" {
		return w, badRequest("The starttime parameter is required when endtime is given.")
	}
	for _, one := range []struct {
		text string
		into *time.Time
		name string
	}{{from, &w.start, "starttime"}, {to, &w.end, "endtime"}} {
		if one.text == "" {
			continue
		}
		t, ok := instant(decoded(one.text))
		if !ok {
			return w, badRequest("Invalid %s: %.60s. It must be a time in ISO 8601 format.", one.name, one.text)
		}
		*one.into = t
	}
	return w.cut(a)
}

// cut checks the order of the ends, limits the length, and reads the interval.
func (w window) cut(a args) (window, error) {
	if !w.start.Before(w.end) {
		return w, badRequest("The start time %s must be before the end time %s.", stamp(w.start), stamp(w.end))
	}
	if w.end.Sub(w.start) > longest {
		w.start = w.end.Add(-longest)
	}
	w.interval = strings.ToUpper(a.get("interval"))
	if w.interval == "" {
		w.interval = "PT1M"
	}
	var ok bool
	if w.grain, ok = grains[w.interval]; ok {
		return w, nil
	}
	asked, isDuration := duration(w.interval)
	adjust, err := a.flag("autoadjusttimegrain", false)
	if err != nil {
		return w, err
	}
	if !adjust || !isDuration {
		// Azure's words (azure-sdk-for-go azmetrics README).
		return w, badRequest("Invalid time grain duration: %.40s, supported ones are: 00:01:00,00:05:00,00:15:00,00:30:00,01:00:00,06:00:00,12:00:00,1.00:00:00", a.get("interval"))
	}
	w.interval, w.grain = "P1D", 24*time.Hour
	for _, name := range grainNames {
		if grains[name] >= asked {
			w.interval, w.grain = name, grains[name]
			break
		}
	}
	return w, nil
}

// points are the beginnings of the grains. They count from the start of the
// timespan, whole minutes. Seconds that are left over at the end belong to the
// last grain: the last hour, asked for by the hour, is one point.
func (w window) points() []time.Time {
	first := w.start.UTC().Truncate(time.Minute)
	out := []time.Time{first}
	if w.grain == 0 {
		return out
	}
	rest := time.Minute
	if w.grain == time.Minute {
		rest = 1
	}
	for t := first.Add(w.grain); w.end.Sub(t) >= rest; t = t.Add(w.grain) {
		out = append(out, t)
	}
	return out
}

// index tells in which of n grains a minute lies.
func (w window) index(minute int64, n int) int {
	if w.grain == 0 {
		return 0
	}
	first := w.start.Unix() / 60
	return min(int((minute-first)/int64(w.grain/time.Minute)), n-1)
}

// minutes are the first minute of the window and the one after the last.
func (w window) minutes() (first, end int64) {
	return w.start.Unix() / 60, (w.end.Add(-time.Nanosecond).Unix())/60 + 1
}

// timespan reads Datetime/Datetime, Datetime/Duration, Duration/Datetime or
// Duration. The Azure CLI encodes it twice, and gives times without a zone,
// which are UTC.
func timespan(text string, now time.Time) (start, end time.Time, err error) {
	text = decoded(text)
	bad := func() (time.Time, time.Time, error) {
		// Azure's words (azure-sdk-for-net issue 40047, 2023-11).
		return now, now, badRequest("Detected invalid time interval input: %.200s, supported Iso 8601 time interval format: (Datetime/Datetime, Datetime/Duration, Duration/Datetime, Duration)", text)
	}
	from, to, two := strings.Cut(text, "/")
	length, isLength := duration(from)
	if !two {
		if !isLength {
			return bad()
		}
		return now.Add(-length), now, nil
	}
	begin, isBegin := instant(from)
	stop, isStop := instant(to)
	after, isAfter := duration(to)
	switch {
	case isBegin && isStop:
		return begin, stop, nil
	case isBegin && isAfter:
		return begin, begin.Add(after), nil
	case isLength && isStop:
		return stop.Add(-length), stop, nil
	}
	return bad()
}

// decoded undoes a second percent-encoding if there is one.
func decoded(text string) string {
	if strings.Contains(text, "%") {
		if again, err := url.PathUnescape(text); err == nil {
			return again
		}
	}
	return text
}

var layouts = []string{
	"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04",
	"2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02", "20060102T150405Z",
}

// instant reads a time; one without a zone is UTC. Years are limited so that
// arithmetic stays exact.
func instant(text string) (time.Time, bool) {
	text = strings.TrimSpace(text)
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), t.Year() >= 1970 && t.Year() < 3000
		}
	}
	return time.Time{}, false
}

// duration reads an ISO 8601 duration of weeks, days, hours, minutes, seconds.
// Months and years have no fixed length and are not taken.
func duration(text string) (time.Duration, bool) {
	rest, ok := strings.CutPrefix(strings.ToUpper(strings.TrimSpace(text)), "P")
	if !ok || rest == "" || strings.HasSuffix(rest, "T") {
		return 0, false
	}
	units := "WD"
	var total time.Duration
	for rest != "" {
		if rest[0] == 'T' {
			units, rest = "HMS", rest[1:]
			continue
		}
		n := strings.IndexFunc(rest, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
		if n <= 0 || strings.IndexByte(units, rest[n]) < 0 {
			return 0, false
		}
		v, err := strconv.ParseFloat(rest[:n], 64)
		if err != nil || v > 1e6 {
			return 0, false
		}
		length := map[byte]time.Duration{'W': 7 * 24 * time.Hour, 'D': 24 * time.Hour, 'H': time.Hour, 'M': time.Minute, 'S': time.Second}[rest[n]]
		units = units[strings.IndexByte(units, rest[n])+1:]
		total += time.Duration(v * float64(length))
		if rest = rest[n+1:]; total > 400*24*time.Hour {
			return 0, false
		}
	}
	return total, total > 0
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
