package value

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFindPathsAgreesWithParsing(t *testing.T) {
	paths := [][]Step{
		{{Key: "a"}}, {{Key: "a"}, {Key: "b"}}, {{Key: "l"}, {Index: 1, IsIndex: true}}, {{Key: "l"}, {Index: -1, IsIndex: true}}, {{Key: "s"}, {Key: "x", Reparse: true}}, {{Key: "l"}, {Index: 0, IsIndex: true}, {Key: "k"}},
	}
	for doc, want := range map[string][]string{
		`{"a":{"b":1},"l":[{"k":2},"x"],"s":"{\"x\":3}"}`: {`{"b":1}`, `1`, `"x"`, `"x"`, `3`, `2`},
		` { "a" : null , "l" : [ ] } `:                    {`null`, ``, ``, ``, ``, ``},
		`{"a":1,"a":{"b":"q\"\\"}}`:                       {`{"b":"q\"\\"}`, `"q\"\\"`, ``, ``, ``, ``},
		`{"a":{"b":1}`:                                    {``, ``, ``, ``, ``, ``},
		`{"a":{"b":1}}x`:                                  {``, ``, ``, ``, ``, ``},
		`not json`:                                        {``, ``, ``, ``, ``, ``},
		``:                                                {``, ``, ``, ``, ``, ``},
		`{"\u0061":{"b":true}}`:                           {`{"b":true}`, `true`, ``, ``, ``, ``},
		`{"a":01}`:                                        {``, ``, ``, ``, ``, ``},
	} {
		got := make([]string, len(paths))
		FindPaths(doc, paths, got)
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s path %s: %q, want %q", doc, PathString(paths[i]), got[i], want[i])
			}
		}
	}
}

// FuzzJSON checks that the parser, the checker and the path finder agree with each other
// and, on what is JSON, with encoding/json.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e3,"x\n",{"b":null}]}`, `[[[[]]]]`, `"\ud83d\ude00"`, `{"a":{"b":"\\"}}`, `-0.0`, `1e400`, `{"a":1,}`, "\x80", `{"a":"` + "\x01" + `"}`} {
		f.Add(s)
	}
	paths := [][]Step{{{Key: "a"}}, {{Key: "a"}, {Index: 0, IsIndex: true}}}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			s = strings.ToValidUTF8(s, "")
		}
		x, ok := ParseJSON(s)
		if CheckJSON(s) != ok {
			t.Fatalf("%q: CheckJSON says %v", s, !ok)
		}
		found := make([]string, 2)
		FindPaths(s, paths, found)
		if json.Valid([]byte(s)) && !ok && len(s) < 200 {
			t.Fatalf("%q is JSON but was refused", s)
		}
		if !ok {
			if found[0] != "" {
				t.Fatalf("%q: found %q in what is no JSON", s, found[0])
			}
			return
		}
		if want := Member(x, "a"); (want == nil) != (found[0] == "" || found[0] == "null") {
			t.Fatalf("%q: found %q, want %v", s, found[0], want)
		} else if want != nil && !EqualDynamic(ParseJSONOrText(found[0]), want) && !isNaN(want) {
			t.Fatalf("%q: found %q, want %v", s, found[0], want)
		}
		again, ok := ParseJSON(string(AppendJSON(nil, x)))
		if !ok || !EqualDynamic(again, x) && !hasInf(x) {
			t.Fatalf("%q printed as %s", s, AppendJSON(nil, x))
		}
	})
}

func isNaN(x any) bool { f, ok := x.(float64); return ok && math.IsNaN(f) }

func hasInf(x any) bool {
	switch x := x.(type) {
	case float64:
		return math.IsInf(x, 0)
	case []any:
		for _, e := range x {
			if hasInf(e) {
				return true
			}
		}
	case *Bag:
		for _, e := range x.Vals {
			if hasInf(e) {
				return true
			}
		}
	}
	return false
}

func TestTextForms(t *testing.T) {
	for in, want := range map[string]string{
		"1.02:03:04.5": "1.02:03:04.5000000", "-00:00:00.0000001": "-00:00:00.0000001", "10675199.02:48:05.4775807": "10675199.02:48:05.4775807",
		"-10675199.02:48:05.4775808": "-10675199.02:48:05.4775808", "1d": "1.00:00:00", "90m": "01:30:00", "36h": "1.12:00:00", "5tick": "00:00:00.0000005",
	} {
		ticks, ok := ParseTimeSpan(in)
		if got := FormatTimeSpan(ticks); !ok || got != want {
			t.Errorf("timespan %s is %s, want %s", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"2024-02-29": "2024-02-29T00:00:00.0000000Z", "2024-02-29T12:30:15.1234567Z": "2024-02-29T12:30:15.1234567Z", "2024-02-29 12:30:15+02:00": "2024-02-29T10:30:15.0000000Z",
		"9999-12-31 23:59:59.9999999": "9999-12-31T23:59:59.9999999Z", "0001-01-01": "0001-01-01T00:00:00.0000000Z",
	} {
		ticks, ok := ParseDateTime(in)
		if got := FormatDateTime(ticks); !ok || got != want {
			t.Errorf("datetime %s is %s, want %s", in, got, want)
		}
	}
	for _, bad := range []string{"2023-02-29", "24:00:00x", "hello", "", "10000-01-01"} {
		if ticks, ok := ParseDateTime(bad); ok {
			t.Errorf("%q was read as %s", bad, FormatDateTime(ticks))
		}
	}
}

func TestDecimals(t *testing.T) {
	dec := func(s string) Dec {
		d, ok := ParseDec(s)
		if !ok {
			t.Fatalf("%q is no decimal", s)
		}
		return d
	}
	q, _ := dec("10").Quo(dec("4"))
	third, _ := dec("-2").Quo(dec("3"))
	rem, _ := dec("-7.5").Rem(dec("2"))
	nines := "9999999999999999999999999999999999" // all 34 digits
	for got, want := range map[string]string{
		dec("0.1").Add(dec("0.2")).String():                "0.3",
		dec("9223372036854775807").Add(dec("1")).String():  "9223372036854775808",
		dec("-9223372036854775808").Sub(dec("1")).String(): "-9223372036854775809",
		dec("4294967296").Mul(dec("4294967296")).String():  "18446744073709551616",
		dec(nines).Add(dec("0.5")).String():                "1" + strings.Repeat("0", 34),
		dec(nines).Mul(dec("1e-40")).String():              "0.000000" + nines,
		dec(nines).Round(1).String():                       nines, // no room for the digit
		dec("1e20").Sub(dec("1e-20")).String():             "1" + strings.Repeat("0", 20) + "." + strings.Repeat("0", 13),
		dec("1.50e3").String():                             "1500",
		dec("-0.25").Floor().String():                      "-1",
		rem.String():                                       "-1.5",
		third.String():                                     "-0." + strings.Repeat("6", 33) + "7",
		q.String():                                         "2.5",
		dec("2.345").Round(2).String():                     "2.35",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	for _, bad := range []string{"", ".", "-", "1e", "e5", "1e99999", "1__0", "12345678901234567890.-5", "0x1", "1.2.3", "NaN", "Infinity"} {
		if d, ok := ParseDec(bad); ok {
			t.Errorf("%q was read as %s", bad, d)
		}
	}
}
