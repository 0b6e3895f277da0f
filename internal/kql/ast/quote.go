package ast

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

var simpleEscapes = map[byte]string{'n': "\n", 't': "\t", 'r': "\r", '\\': "\\", '\'': "'", '"': "\"", 'a': "\a", 'b': "\b", 'f': "\f", 'v': "\v", '/': "/"}

// unquote resolves the escapes inside a string literal.
func unquote(s string) (string, bool) {
	if strings.IndexByte(s, '\\') < 0 {
		return s, true
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			i++
			continue
		}
		text, n := escape(s[i+1:])
		if n == 0 {
			return "", false
		}
		b.WriteString(text)
		i += 1 + n
	}
	return b.String(), true
}

// escape reads what follows a backslash: its meaning and its length, 0 when it has none.
func escape(s string) (string, int) {
	if s == "" {
		return "", 0
	}
	if t, ok := simpleEscapes[s[0]]; ok {
		return t, 1
	}
	if n, ok := escapeLength(s[0]); ok {
		if len(s) < 1+n {
			return "", 0
		}
		r, err := strconv.ParseUint(s[1:1+n], 16, 32)
		if err != nil || r > unicode.MaxRune {
			return "", 0
		}
		return string(rune(r)), 1 + n
	}
	n := 0
	for n < len(s) && n < 3 && s[n] >= '0' && s[n] <= '7' {
		n++
	}
	if n == 0 {
		return "", 0
	}
	r, _ := strconv.ParseUint(s[:n], 8, 32)
	return string(rune(r)), n
}

func escapeLength(c byte) (int, bool) {
	switch c {
	case 'u':
		return 4, true
	case 'U':
		return 8, true
	case 'x':
		return 2, true
	}
	return 0, false
}

// Quote prints s as a string literal.
func Quote(s string) string {
	if !utf8.ValidString(s) {
		return quoteBytes(s)
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ':
			b.WriteString(`\u` + hex4(int(r)))
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// quoteBytes keeps bytes that are not UTF-8 as they are.
func quoteBytes(s string) string {
	r := strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`)
	return `"` + r.Replace(s) + `"`
}

func hex4(n int) string {
	const d = "0123456789abcdef"
	return string([]byte{d[n>>12&15], d[n>>8&15], d[n>>4&15], d[n&15]})
}

// Name prints an identifier, in brackets when it would not be read as one otherwise.
func Name(s string) string {
	if plainName(s) && !reserved[s] && !typedNames[s] && !words[s] {
		return s
	}
	return "[" + Quote(s) + "]"
}

func plainName(s string) bool {
	for i, r := range s {
		if i == 0 && !isIdentStart(r) || !isIdentPart(r) || r == utf8.RuneError {
			return false
		}
	}
	return s != ""
}

func set(words string) map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// reserved are the words that can name a column only in brackets, as Kusto has it.
var reserved = set(`and asc between boolean byte cachingpolicy callout cancel char dataexport date datetime decimal desc double dynamic
 encodingpolicy extent_tags_retention external_data first flags float harddelete hardretention has_all has_any int int16 int32 int64 int8
 journal kind last long missing or others pathformat project queries query_results real restricted_view_access row_level_security rowstore
 rowstore_references rowstore_sealinfo rowstorepolicy rowstores seal seals shards softdelete softretention statistics storedqueryresultcontainers
 string tablepurge time timespan uint uint16 uint32 uint64 uint8 ulong union uniqueid unrestrictedviewers views writeaheadlog
 containscs contains_cs endswith endswith_cs has_cs hasprefix hasprefix_cs hassuffix hassuffix_cs like likecs matches notcontains notlike startswith
 startswith_cs withsource with_itemindex isfuzzy`)

// reservedReference are words that, beyond reserved, do not refer to a column unless bracketed.
var reservedReference = set(`as by contains datatable earliest externaldata has in invoke latest mdm of print sample search set sql title to toscalar totable verbose where accumulate`)

// words begin or belong to syntax, so a printed name like one of them is bracketed.
var words = set(`as by contains datatable earliest externaldata find has in invoke latest materialize mdm of print sample search set sql title to toscalar totable
 verbose where accumulate range let declare on with true false null evaluate nulls step from default hint typeof not pack count h H union view restrict alias pattern in_ regex
 limit take sort order top extend distinct filter summarize parse facet fork join lookup render serialize scan partition consume getschema reduce`)
