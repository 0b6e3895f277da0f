package fn

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"hash/adler32"
	"hash/crc32"
	"io"
	"math"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/azptu/azptu/internal/kql/value"
	"golang.org/x/net/idna"
)

func string1s(f func(string) (string, bool)) Func {
	return Func{Row: func(_ *Context, a []value.Value) value.Value {
		s, ok := f(text(a[0]))
		if !ok {
			s = ""
		}
		return value.OfString(s)
	}}
}

var encodingFuncs = func() group {
	return group{
		"base64_encode_tostring": string1(func(s string) string { return value.Base64([]byte(s)) }),
		"base64_decode_tostring": string1s(func(s string) (string, bool) {
			b, ok := decode64(s)
			return string(b), ok && utf8.Valid(b)
		}),
		"base64_decode_toarray": {Row: func(_ *Context, a []value.Value) value.Value {
			b, ok := decode64(a[0].S)
			if !ok {
				return null(value.Dynamic)
			}
			return dyn(bytesList(b))
		}},
		"base64_encode_fromarray": {Row: func(_ *Context, a []value.Value) value.Value {
			l, _ := list(a[0])
			b := make([]byte, len(l))
			for i, x := range l {
				n, ok := number(x)
				if !ok || n < 0 || n > 255 {
					return value.OfString("")
				}
				b[i] = byte(n)
			}
			return value.OfString(value.Base64(b))
		}},
		"base64_encode_fromguid": {Row: func(_ *Context, a []value.Value) value.Value {
			b := a[0].UUID().NetBytes()
			return value.OfString(value.Base64(b[:]))
		}},
		"base64_decode_toguid": {Row: func(_ *Context, a []value.Value) value.Value {
			b, ok := decode64(a[0].S)
			if !ok || len(b) != 16 {
				return null(value.GUID)
			}
			return value.OfGUID(value.FromNetBytes([16]byte(b)))
		}},
		"url_encode":           string1(func(s string) string { return percentEncode(s, '+') }),
		"url_encode_component": string1(func(s string) string { return percentEncode(s, ' ') }),
		"url_decode": string1(func(s string) string {
			if t, err := url.PathUnescape(s); err == nil {
				return t
			}
			return s
		}),
		"tohex":                          {Row: toHex},
		"unicode_codepoints_to_string":   {Row: makeString},
		"unicode_codepoints_from_string": {Row: codepoints},
		"zlib_compress_to_base64_string": string1(func(s string) string {
			plain := stored("\x78\x01", s, binary.BigEndian.AppendUint32(nil, adler32.Checksum([]byte(s))))
			return compress(s, plain, func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) })
		}),
		"gzip_compress_to_base64_string": string1(func(s string) string {
			sum := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(s)))
			plain := stored("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", s, binary.LittleEndian.AppendUint32(sum, uint32(len(s))))
			return compress(s, plain, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
		}),
		"zlib_decompress_from_base64_string": string1s(func(s string) (string, bool) {
			return decompress(s, func(r io.Reader) (io.ReadCloser, error) { return zlib.NewReader(r) })
		}),
		"gzip_decompress_from_base64_string": string1s(func(s string) (string, bool) {
			return decompress(s, func(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) })
		}),
		"punycode_from_string":        string1s(func(s string) (string, bool) { return strings.CutPrefix(must(idna.Punycode.ToASCII(s)), "xn--") }),
		"punycode_to_string":          string1s(func(s string) (string, bool) { return checked(idna.Punycode.ToUnicode("xn--" + s)) }),
		"punycode_domain_from_string": string1s(func(s string) (string, bool) { return checked(idna.Punycode.ToUnicode(s)) }),
		"punycode_domain_to_string":   string1s(func(s string) (string, bool) { return checked(idna.Punycode.ToASCII(labelDots.Replace(s))) }),
	}
}

// labelDots puts a full stop in place of the other characters that separate a domain's labels.
var labelDots = strings.NewReplacer("\u3002", ".", "\uff0e", ".", "\uff61", ".")

// percentEncode writes what is neither letter, digit nor one of -_.!*() as its bytes in hex;
// a blank becomes + when that is asked for.
func percentEncode(s string, blank byte) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == ' ' && blank == '+':
			b.WriteByte('+')
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.!*()", c) >= 0:
			b.WriteByte(c)
		default:
			const digits = "0123456789abcdef"
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}

func must(s string, _ error) string { return s }

func checked(s string, err error) (string, bool) { return s, err == nil }

func decode64(s string) ([]byte, bool) {
	b, err := base64.StdEncoding.DecodeString(s)
	return b, err == nil
}

func bytesList(b []byte) []any {
	out := make([]any, len(b))
	for i, c := range b {
		out[i] = int64(c)
	}
	return out
}

func toHex(_ *Context, a []value.Value) value.Value {
	n := uint64(a[0].I)
	if a[0].T == value.Int {
		n = uint64(uint32(a[0].I))
	}
	s := strconv.FormatUint(n, 16)
	if w := int(min(arg(a, 1, value.OfLong(0)).I, 16)); len(s) < w {
		s = strings.Repeat("0", w-len(s)) + s
	}
	return value.OfString(s)
}

func makeString(_ *Context, a []value.Value) value.Value {
	var b strings.Builder
	put := func(x any) {
		if n, ok := x.(int64); ok && n > 0 && n <= utf8.MaxRune {
			b.WriteRune(rune(n))
		}
	}
	for _, v := range a {
		if l, ok := list(v); ok {
			for _, x := range l {
				put(x)
			}
		} else {
			put(v.AsDynamic())
		}
	}
	return value.OfString(b.String())
}

func codepoints(_ *Context, a []value.Value) value.Value {
	out := []any{}
	for _, r := range text(a[0]) {
		out = append(out, int64(r))
	}
	return dyn(out)
}

// compress gives a text compressed, or as plain has it when that is no longer.
func compress(s string, plain []byte, open func(io.Writer) io.WriteCloser) string {
	var b bytes.Buffer
	w := open(&b)
	if _, err := io.WriteString(w, s); err != nil || w.Close() != nil {
		return ""
	}
	if plain != nil && len(plain) <= b.Len() {
		return value.Base64(plain)
	}
	return value.Base64(b.Bytes())
}

// stored makes a compressed file whose one block holds a text as it is; nil when the text
// is too long for one block.
func stored(head, s string, tail []byte) []byte {
	if len(s) > math.MaxUint16 {
		return nil
	}
	out := append([]byte(head), 1)
	out = binary.LittleEndian.AppendUint16(out, uint16(len(s)))
	out = binary.LittleEndian.AppendUint16(out, ^uint16(len(s)))
	return append(append(out, s...), tail...)
}

func decompress(s string, open func(io.Reader) (io.ReadCloser, error)) (string, bool) {
	b, ok := decode64(s)
	if !ok {
		return "", false
	}
	r, err := open(bytes.NewReader(b))
	if err != nil {
		return "", false
	}
	defer r.Close()
	out, err := io.ReadAll(io.LimitReader(r, maxText))
	return string(out), err == nil
}
