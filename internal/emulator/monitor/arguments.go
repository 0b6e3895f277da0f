package monitor

import (
	"net/url"
	"strconv"
	"strings"
)

// args are the arguments of a query, under folded names: clients spell them in
// several ways (metricnamespace, metricNamespace) and one percent-encodes the
// names themselves (api%2Dversion).
type args map[string]string

// arguments reads a raw query string. It is read by hand because a semicolon or
// a bad escape in one argument should not hide the others.
func arguments(raw string) (args, error) {
	out := args{}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, badRequest("The query string is not valid: %v.", err)
		}
		value, err = url.QueryUnescape(value)
		if err != nil {
			return nil, badRequest("The query string is not valid: %v.", err)
		}
		name = strings.ToLower(name)
		if _, twice := out[name]; !twice {
			out[name] = value
		}
	}
	return out, nil
}

func (a args) get(name string) string { return strings.TrimSpace(a[name]) }

// flag reads a boolean argument.
func (a args) flag(name string, otherwise bool) (bool, error) {
	text := a.get(name)
	if text == "" {
		return otherwise, nil
	}
	v, err := strconv.ParseBool(strings.ToLower(text))
	if err != nil {
		return false, badRequest("The value '%.40s' of '%s' is not a boolean.", text, name)
	}
	return v, nil
}

// top reads how many series to answer: 10 unless told.
func (a args) top() (int, error) {
	text := a.get("top")
	if text == "" {
		return 10, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, badRequest("Invalid value for 'top': %.40s. It must be a positive number.", text)
	}
	return n, nil
}
