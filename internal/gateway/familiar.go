package gateway

import "bytes"

// familiar recognizes chunks of a stream that differ from one that was looked
// at before in nothing but the piece of text they bring (and in the padding
// that some services add to hide its length). Nearly all chunks of an answer
// do, and for them comparing bytes takes the place of splitting events and
// reading JSON. The zero value recognizes nothing.
type familiar struct {
	came    [3][]byte // before the text, behind it, behind the padding
	goes    [3][]byte // the same as the client gets it
	padded  bool
	learned int // how often it was learned
}

var paddingKey = []byte(`"obfuscation":"`)

// maxLearned bounds how often a stream's chunks are learned anew; one that
// goes on changing is not worth it.
const maxLearned = 4

// learn takes a chunk as the pattern for others; piece is where its text is.
// Without withNull the client does not get a usage that is null.
func (f *familiar) learn(data []byte, piece span, withNull bool) {
	if f.learned >= maxLearned || bytes.IndexByte(data, '\n') >= 0 {
		return
	}
	f.learned++
	before, after := data[:piece.from], data[piece.to:]
	behind := []byte(nil)
	f.padded = false
	if i := bytes.Index(after, paddingKey); i >= 0 {
		begin := i + len(paddingKey)
		end := plainText(after[begin:])
		if end < 0 {
			f.learned = maxLearned
			return
		}
		f.padded = true
		after, behind = after[:begin], after[begin+end:]
	}
	size := len("data: ") + len(data) + len("\n\n")
	f.came = cut3(make([]byte, 0, size), before, after, behind)
	f.goes = f.came
	if !withNull && bytes.Contains(data, nullUsage) {
		f.goes = cut3(make([]byte, 0, size), bytes.Replace(before, nullUsage, nil, 1), bytes.Replace(after, nullUsage, nil, 1), bytes.Replace(behind, nullUsage, nil, 1))
	}
}

// cut3 lays the parts of an event out in one piece of memory.
func cut3(b, before, after, behind []byte) (parts [3][]byte) {
	b = append(append(b, "data: "...), before...)
	n := len(b)
	parts[0] = b[:n:n]
	b = append(b, after...)
	if len(behind) == 0 {
		b = append(b, "\n\n"...)
	}
	parts[1] = b[n:len(b):len(b)]
	n = len(b)
	if len(behind) > 0 {
		b = append(append(b, behind...), "\n\n"...)
	}
	parts[2] = b[n:]
	return parts
}

// match tells whether p begins with a familiar event: what text it brings and
// how long it is; 0 when it is none. The event as it goes on to the client is
// appended to out.
func (f *familiar) match(p []byte, out *buffer) (text []byte, n int) {
	if len(f.came[0]) == 0 || !bytes.HasPrefix(p, f.came[0]) {
		return nil, 0
	}
	at := len(f.came[0])
	end := plainText(p[at:])
	if end < 0 || !bytes.HasPrefix(p[at+end:], f.came[1]) {
		return nil, 0
	}
	text = p[at : at+end]
	at += end + len(f.came[1])
	var padding []byte
	if f.padded {
		end = plainText(p[at:])
		if end < 0 || !bytes.HasPrefix(p[at+end:], f.came[2]) {
			return nil, 0
		}
		padding = p[at : at+end]
		at += end + len(f.came[2])
	}
	out.b = append(append(out.b, f.goes[0]...), text...)
	out.b = append(append(append(out.b, f.goes[1]...), padding...), f.goes[2]...)
	return text, at
}

// plainText finds the quote that ends a text; -1 when the text does not end or
// holds what would end a line.
func plainText(p []byte) int {
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case c == '"':
			return i
		case c == '\\':
			if i++; i < len(p) && p[i] < ' ' {
				return -1
			}
		case c < ' ':
			return -1
		}
	}
	return -1
}
