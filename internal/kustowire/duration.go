package kustowire

import (
	"strconv"
	"strings"
	"time"
)

// isoUnits are the designators of an ISO 8601 duration, before and after T. A
// year counts 365 days and a month 30, as XmlConvert does not say otherwise.
var isoUnits = [2]map[byte]time.Duration{
	{'Y': 365 * 24 * time.Hour, 'M': 30 * 24 * time.Hour, 'W': 7 * 24 * time.Hour, 'D': 24 * time.Hour},
	{'H': time.Hour, 'M': time.Minute, 'S': time.Second},
}

// isoDuration reads a duration such as P1D or PT1H30M.
func isoDuration(s string) (d time.Duration, ok bool) {
	s, ok = strings.CutPrefix(strings.ToUpper(s), "P")
	if !ok || s == "" {
		return 0, false
	}
	part := 0
	for s != "" {
		if s[0] == 'T' {
			if part == 1 || len(s) == 1 {
				return 0, false
			}
			part, s = 1, s[1:]
			continue
		}
		end := strings.IndexFunc(s, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
		if end <= 0 {
			return 0, false
		}
		n, err := strconv.ParseFloat(s[:end], 64)
		unit, known := isoUnits[part][s[end]]
		if err != nil || !known || n*float64(unit) > 200*365*24*float64(time.Hour) {
			return 0, false
		}
		d, s = d+time.Duration(n*float64(unit)), s[end+1:]
	}
	return d, true
}
