package fn

import (
	"encoding/csv"
	"encoding/xml"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/azptu/azptu/internal/kql/value"
)

var parseFuncs = func() group {
	return group{
		"parse_url": {Row: parseURL}, "parse_urlquery": {Row: parseURLQuery}, "parse_path": {Row: parsePath}, "parse_csv": {Row: parseCSV},
		"parse_version": {Row: parseVersion}, "parse_xml": {Row: parseXML}, "parse_command_line": {Row: parseCommandLine}, "parse_user_agent": {Row: parseUserAgent},
		"extract_json": {Row: extractJSON},
	}
}

func bagOf(pairs ...any) *value.Bag {
	b := &value.Bag{}
	for i := 0; i+1 < len(pairs); i += 2 {
		b.Set(pairs[i].(string), pairs[i+1])
	}
	return b
}

func parseURL(_ *Context, a []value.Value) value.Value {
	u, err := url.Parse(a[0].S)
	if err != nil {
		return null(value.Dynamic)
	}
	user, pass := "", ""
	if u.User != nil {
		user = u.User.Username()
		pass, _ = u.User.Password()
	}
	return dyn(bagOf("Scheme", u.Scheme, "Host", u.Hostname(), "Port", u.Port(), "Path", u.EscapedPath(), "Username", user, "Password", pass,
		"Query Parameters", queryBag(u.RawQuery), "Fragment", u.Fragment))
}

func queryBag(raw string) *value.Bag {
	b := &value.Bag{}
	for pair := range strings.SplitSeq(raw, "&") {
		k, v, ok := strings.Cut(pair, "=")
		if pair == "" || !ok && k == "" {
			continue
		}
		if u, err := url.QueryUnescape(k); err == nil {
			k = u
		}
		if u, err := url.QueryUnescape(v); err == nil {
			v = u
		}
		b.Set(k, v)
	}
	return b
}

func parseURLQuery(_ *Context, a []value.Value) value.Value {
	return dyn(bagOf("Query Parameters", queryBag(strings.TrimPrefix(a[0].S, "?"))))
}

func parsePath(_ *Context, a []value.Value) value.Value {
	s := a[0].S
	scheme, rest := "", s
	if i := strings.Index(s, "://"); i > 0 {
		scheme, rest = s[:i], s[i+3:]
	}
	root := ""
	if len(rest) > 1 && rest[1] == ':' {
		root = rest[:2]
	} else if strings.HasPrefix(rest, "/") {
		root = ""
	}
	stream := ""
	if i := strings.LastIndexByte(rest, ':'); i > 1 {
		rest, stream = rest[:i], rest[i+1:]
	}
	slash := strings.LastIndexAny(rest, `/\`)
	dir, file := "", rest
	if slash >= 0 {
		dir, file = rest[:slash], rest[slash+1:]
	}
	dirName := dir
	if i := strings.LastIndexAny(dir, `/\`); i >= 0 {
		dirName = dir[i+1:]
	}
	return dyn(bagOf("Scheme", scheme, "RootPath", root, "DirectoryPath", dir, "DirectoryName", dirName, "Filename", file,
		"Extension", strings.TrimPrefix(path.Ext(file), "."), "AlternateDataStreamName", stream))
}

func parseCSV(_ *Context, a []value.Value) value.Value {
	r := csv.NewReader(strings.NewReader(text(a[0])))
	r.LazyQuotes, r.FieldsPerRecord = true, -1
	row, err := r.Read()
	if err != nil {
		return dyn([]any{""})
	}
	out := make([]any, len(row))
	for i, f := range row {
		out[i] = f
	}
	return dyn(out)
}

// parseVersion makes a version of up to four parts comparable as one decimal.
func parseVersion(_ *Context, a []value.Value) value.Value {
	parts := strings.Split(a[0].S, ".")
	if len(parts) > 4 {
		return null(value.Decimal)
	}
	var digits strings.Builder
	for i := range 4 {
		n := uint64(0)
		if i < len(parts) {
			var err error
			if n, err = strconv.ParseUint(strings.TrimSpace(parts[i]), 10, 32); err != nil {
				return null(value.Decimal)
			}
		}
		t := strconv.FormatUint(n, 10)
		if len(t) > 8 {
			return null(value.Decimal)
		}
		digits.WriteString(strings.Repeat("0", 8-len(t)) + t)
	}
	d, ok := value.ParseDec(strings.TrimLeft(digits.String(), "0"))
	if !ok {
		d = value.DecOf(0)
	}
	return value.OfDec(d)
}

// extractJSON takes a JSONPath such as $.a[0].b.
func extractJSON(_ *Context, a []value.Value) value.Value {
	x := value.ParseJSONOrText(a[1].S)
	p := strings.TrimPrefix(a[0].S, "$")
	for p != "" {
		switch {
		case p[0] == '.':
			end := strings.IndexAny(p[1:], ".[")
			if end < 0 {
				end = len(p) - 1
			}
			x = value.Member(x, p[1:end+1])
			p = p[end+1:]
		case p[0] == '[':
			end := strings.IndexByte(p, ']')
			if end < 0 {
				return value.OfString("")
			}
			key := strings.Trim(p[1:end], `'"`)
			if i, err := strconv.ParseInt(key, 10, 64); err == nil {
				x = value.Element(x, i)
			} else {
				x = value.Member(x, key)
			}
			p = p[end+1:]
		default:
			return value.OfString("")
		}
	}
	return value.OfString(text(dyn(x)))
}

// parseXML turns elements into bags, attributes into @name, repeated ones into arrays.
func parseXML(_ *Context, a []value.Value) value.Value {
	d := xml.NewDecoder(strings.NewReader(text(a[0])))
	out := &value.Bag{}
	for {
		tok, err := d.Token()
		if err != nil {
			break
		}
		if start, ok := tok.(xml.StartElement); ok {
			x, err := xmlElement(d, start, 0)
			if err != nil {
				return null(value.Dynamic)
			}
			out.Set(start.Name.Local, x)
		}
	}
	if out.Len() == 0 {
		return null(value.Dynamic)
	}
	return dyn(out)
}

func xmlElement(d *xml.Decoder, start xml.StartElement, depth int) (any, error) {
	if depth > value.MaxDepth {
		return nil, xml.UnmarshalError("nested too deep")
	}
	b := &value.Bag{}
	for _, at := range start.Attr {
		b.Set("@"+at.Name.Local, at.Value)
	}
	var content strings.Builder
	for {
		tok, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			x, err := xmlElement(d, t, depth+1)
			if err != nil {
				return nil, err
			}
			addRepeated(b, t.Name.Local, x)
		case xml.CharData:
			content.Write(t)
		case xml.EndElement:
			s := strings.TrimSpace(content.String())
			if b.Len() == 0 {
				return s, nil
			}
			if s != "" {
				b.Set("#text", s)
			}
			return b, nil
		}
	}
}

func addRepeated(b *value.Bag, name string, x any) {
	if !b.Has(name) {
		b.Set(name, x)
		return
	}
	if l, ok := b.Get(name).([]any); ok {
		b.Set(name, append(l, x))
		return
	}
	b.Set(name, []any{b.Get(name), x})
}

// parseCommandLine splits as Windows does: blanks separate, quotes hold together.
// parseCommandLine takes a command line apart as Windows does.
func parseCommandLine(_ *Context, a []value.Value) value.Value {
	out := []any{}
	for line := strings.TrimLeft(text(a[0]), " \t"); line != ""; line = strings.TrimLeft(line, " \t") {
		var arg string
		arg, line = commandArgument(line)
		out = append(out, arg)
	}
	if len(out) == 0 {
		return null(value.Dynamic)
	}
	return dyn(out)
}

// commandArgument reads one argument: backslashes stand for themselves unless a quote
// follows, two of them before a quote for one; two quotes within quotes are one.
func commandArgument(line string) (arg, rest string) {
	var b strings.Builder
	quoted := false
	for line != "" {
		after := strings.TrimLeft(line, `\`)
		n := len(line) - len(after)
		switch c := line[0]; {
		case n > 0 && strings.HasPrefix(after, `"`):
			b.WriteString(line[:n/2])
			if line = after; n%2 == 1 {
				b.WriteByte('"')
				line = line[1:]
			}
			continue
		case n > 0:
			b.WriteString(line[:n])
			line = after
			continue
		case quoted && strings.HasPrefix(line, `""`):
			b.WriteByte('"')
			line = line[1:]
		case c == '"':
			quoted = !quoted
		case (c == ' ' || c == '\t') && !quoted:
			return b.String(), line
		default:
			b.WriteByte(c)
		}
		line = line[1:]
	}
	return b.String(), ""
}

var browsers = [][2]string{{"Edg", "Edge"}, {"OPR", "Opera"}, {"Firefox", "Firefox"}, {"Chrome", "Chrome"}, {"Version", "Safari"}, {"MSIE", "IE"}}

// parseUserAgent recognizes the common browsers and their versions.
func parseUserAgent(_ *Context, a []value.Value) value.Value {
	s := a[0].S
	b := bagOf("Family", "Other", "MajorVersion", "", "MinorVersion", "", "Patch", "")
	for _, f := range browsers {
		i := strings.Index(s, f[0])
		if i < 0 {
			continue
		}
		ver := strings.TrimLeft(s[i+len(f[0]):], "/ AiOSs")
		if end := strings.IndexAny(ver, " ;)"); end >= 0 {
			ver = ver[:end]
		}
		parts := append(strings.Split(ver, "."), "", "", "")
		b = bagOf("Family", f[1], "MajorVersion", parts[0], "MinorVersion", parts[1], "Patch", parts[2])
		break
	}
	return dyn(bagOf("Browser", b))
}
