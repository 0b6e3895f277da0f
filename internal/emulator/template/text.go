package template

import (
	"crypto/sha1" // of UUID version 5, which names a thing and protects nothing
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// mostText and mostItems bound the strings and arrays that functions make.
const (
	mostText  = 1 << 20
	mostItems = 10_000
)

var textFunctions = map[string]function{
	"concat":     pure(0, -1, concat),
	"format":     pure(1, -1, format),
	"string":     pure(1, 1, func(args []any) (any, error) { return written(args[0]), nil }),
	"tolower":    ofText(func(s string) (any, error) { return strings.ToLower(s), nil }),
	"toupper":    ofText(func(s string) (any, error) { return strings.ToUpper(s), nil }),
	"trim":       ofText(func(s string) (any, error) { return strings.TrimSpace(s), nil }),
	"base64":     ofText(func(s string) (any, error) { return base64.StdEncoding.EncodeToString([]byte(s)), nil }),
	"uri":        pure(2, 2, joinURI),
	"json":       ofText(readJSON),
	"substring":  pure(2, 3, substring),
	"replace":    texts(3, func(s []string) any { return strings.ReplaceAll(s[0], s[1], s[2]) }),
	"startswith": texts(2, func(s []string) any { return strings.HasPrefix(strings.ToLower(s[0]), strings.ToLower(s[1])) }),
	"endswith":   texts(2, func(s []string) any { return strings.HasSuffix(strings.ToLower(s[0]), strings.ToLower(s[1])) }),
	"indexof": texts(2, func(s []string) any {
		return int64(strings.Index(strings.ToLower(s[0]), strings.ToLower(s[1])))
	}),
	"lastindexof": texts(2, func(s []string) any {
		return int64(strings.LastIndex(strings.ToLower(s[0]), strings.ToLower(s[1])))
	}),
	"uricomponent": ofText(func(s string) (any, error) {
		return strings.ReplaceAll(url.QueryEscape(s), "+", "%20"), nil
	}),
	"uricomponenttostring": ofText(func(s string) (any, error) {
		plain, err := url.PathUnescape(s)
		if err != nil {
			return nil, invalid("'%.80s' is not an escaped string.", s)
		}
		return plain, nil
	}),
	"base64tostring": ofText(func(s string) (any, error) {
		plain, err := base64.StdEncoding.DecodeString(s)
		if err != nil || !utf8.Valid(plain) {
			return nil, invalid("'%.80s' is not a base64 string.", s)
		}
		return string(plain), nil
	}),
	"padleft": pure(2, 3, padLeft),
	"split":   pure(2, 2, split),
	"join":    pure(2, 2, join),
	"guid": pure(1, -1, func(args []any) (any, error) {
		return nameUUID(args, "-"), nil
	}),
	// What Azure makes of its parameters is not published; thirteen letters and
	// digits that depend on nothing else are what a template needs.
	"uniquestring": pure(1, -1, func(args []any) (any, error) {
		sum := sha256.Sum256([]byte(joined(args, "-")))
		return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:13], nil
	}),
}

// texts makes a function of some strings.
func texts(n int, run func(s []string) any) function {
	return pure(n, n, func(args []any) (any, error) {
		s := make([]string, n)
		for i := range s {
			var err error
			if s[i], err = textOf(args[i]); err != nil {
				return nil, err
			}
		}
		return run(s), nil
	})
}

func joined(args []any, between string) string {
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = written(a)
	}
	return strings.Join(parts, between)
}

// concat joins strings, or lists.
func concat(args []any) (any, error) {
	if len(args) > 0 {
		if _, isList := args[0].([]any); isList {
			out := []any{}
			for _, a := range args {
				items, isList := a.([]any)
				if !isList {
					return nil, invalid("The template language function 'concat' joins strings or arrays, not both.")
				}
				if out = append(out, items...); len(out) > mostItems {
					return nil, invalid("The array that 'concat' makes is too long.")
				}
			}
			return out, nil
		}
	}
	s := joined(args, "")
	if len(s) > mostText {
		return nil, invalid("The string that 'concat' makes is too long.")
	}
	return s, nil
}

// format fills in {0}, {1}, …; a number may be padded with zeros, as {0:D3}.
func format(args []any) (any, error) {
	s, err := textOf(args[0])
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for i := 0; i < len(s) && b.Len() < mostText; i++ {
		switch {
		case strings.HasPrefix(s[i:], "{{") || strings.HasPrefix(s[i:], "}}"):
			b.WriteByte(s[i])
			i++
		case s[i] == '{':
			hole, _, closed := strings.Cut(s[i+1:], "}")
			if !closed {
				return nil, invalid("The format string '%.80s' is not valid.", s)
			}
			text, err := filled(hole, args[1:])
			if err != nil {
				return nil, err
			}
			b.WriteString(text)
			i += len(hole) + 1
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), nil
}

func filled(hole string, args []any) (string, error) {
	index, how, _ := strings.Cut(hole, ":")
	n, err := strconv.Atoi(strings.TrimSpace(index))
	if err != nil || n < 0 || n >= len(args) {
		return "", invalid("The format string refers to '{%.20s}', which is not given.", hole)
	}
	text := written(args[n])
	if width, err := strconv.Atoi(strings.TrimLeft(how, "dD")); how != "" && err == nil && width < 100 {
		text = strings.Repeat("0", max(0, width-len(text))) + text
	}
	return text, nil
}

func substring(args []any) (any, error) {
	s, err := textOf(args[0])
	if err != nil {
		return nil, err
	}
	from, err := intOf(args[1])
	if err != nil {
		return nil, err
	}
	length := int64(len(s)) - from
	if len(args) == 3 {
		if length, err = intOf(args[2]); err != nil {
			return nil, err
		}
	}
	if from < 0 || length < 0 || from > int64(len(s)) || length > int64(len(s))-from {
		return nil, invalid("The template language function 'substring' parameters are out of bounds of '%.80s'.", s)
	}
	return s[from : from+length], nil
}

func padLeft(args []any) (any, error) {
	width, err := intOf(args[1])
	if err != nil {
		return nil, err
	}
	fill := " "
	if len(args) == 3 {
		fill = written(args[2])
	}
	s := written(args[0])
	if width > 1000 || len(fill) != 1 {
		return nil, invalid("The template language function 'padLeft' takes a width and one character.")
	}
	return strings.Repeat(fill, max(0, int(width)-len(s))) + s, nil
}

func split(args []any) (any, error) {
	s, err := textOf(args[0])
	if err != nil {
		return nil, err
	}
	by, isList := args[1].([]any)
	if !isList {
		by = []any{args[1]}
	}
	parts := []string{s}
	for _, d := range by {
		var next []string
		for _, p := range parts {
			next = append(next, strings.Split(p, written(d))...)
		}
		parts = next
	}
	out := []any{}
	for _, p := range parts {
		out = append(out, p)
	}
	return out, nil
}

func join(args []any) (any, error) {
	items, isList := args[0].([]any)
	if !isList {
		return nil, invalid("The template language function 'join' expects an array.")
	}
	return joined(items, written(args[1])), nil
}

func joinURI(args []any) (any, error) {
	base, err := url.Parse(written(args[0]))
	if err != nil {
		return nil, invalid("'%.80v' is not a URI.", args[0])
	}
	relative, err := url.Parse(written(args[1]))
	if err != nil {
		return nil, invalid("'%.80v' is not a URI.", args[1])
	}
	return base.ResolveReference(relative).String(), nil
}

func readJSON(s string) (any, error) {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, invalid("'%.80s' is not JSON.", s)
	}
	return settled(v), nil
}

// uuidSpace is the namespace of the guid function's names.
var uuidSpace = []byte{0x11, 0xfb, 0x06, 0xfb, 0x71, 0x2d, 0x4d, 0xdd, 0x98, 0xc7, 0xe7, 0x1b, 0xbd, 0x58, 0x88, 0x30}

// nameUUID is a UUID of version 5.
func nameUUID(args []any, between string) string {
	sum := sha1.Sum(append(append([]byte{}, uuidSpace...), joined(args, between)...))
	sum[6], sum[8] = sum[6]&0x0f|0x50, sum[8]&0x3f|0x80
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
