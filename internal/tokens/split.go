package tokens

import "unicode/utf8"

// splitter cuts text into the pieces that byte-pair encoding works on. It is
// the split pattern of an encoding written out by hand: the patterns need
// look-ahead and backtracking, which a regular expression engine pays for
// with a hundred times the time.
//
// cl100k:
//
//	(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
//	 ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
//
// o200k:
//
//	[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|
//	[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|
//	\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
type splitter struct {
	table *[0x10000]class
	cased bool // words change with the case of letters: o200k
}

// next returns where the piece that starts at b[i] ends. i < len(b).
func (t *splitter) next(b []byte, i int) int {
	if end := t.asciiWord(b, i); end > 0 {
		return end
	}
	first, n := t.at(b, i)
	if t.cased {
		if end := t.casedWord(b, i, first, n); end > 0 {
			return end
		}
	} else {
		if b[i] == '\'' {
			if n := contraction(b[i:]); n > 0 {
				return i + n
			}
		}
		if end := t.word(b, i, first, n); end > 0 {
			return end
		}
	}
	switch {
	case first&number != 0:
		return t.digits(b, i+n)
	case first&anySpace == 0:
		return t.symbols(b, i+n)
	}
	if b[i] == ' ' && i+1 < len(b) {
		if second, m := t.at(b, i+1); second&(anySpace|anyLetter|number) == 0 {
			return t.symbols(b, i+1+m)
		}
	}
	return t.blanks(b, i)
}

// asciiWord is the short way for what most text is made of: a word of ASCII
// letters behind one blank or none. It returns 0 when the text is not as plain
// as that.
func (t *splitter) asciiWord(b []byte, i int) int {
	if b[i] == ' ' {
		i++
	}
	if t.cased && i < len(b) && b[i]-'A' < 26 {
		i++
	}
	start, fold := i, byte(0)
	if !t.cased {
		fold = 0x20
	}
	for i < len(b) && b[i]|fold-'a' < 26 {
		i++
	}
	switch {
	case i == start || i < len(b) && b[i] >= utf8.RuneSelf:
		return 0
	case t.cased && i < len(b) && b[i] == '\'':
		return i + contraction(b[i:])
	}
	return i
}

// word matches [^\r\n\p{L}\p{N}]?\p{L}+ and returns 0 when it does not.
func (t *splitter) word(b []byte, i int, first class, n int) int {
	if first&(newline|number) != 0 {
		return 0
	}
	start := i + n
	end := t.run(b, start, anyLetter)
	if first&anyLetter == 0 && end == start {
		return 0
	}
	return end
}

// casedWord matches the two word alternatives of o200k.
func (t *splitter) casedWord(b []byte, i int, first class, n int) int {
	if first&(newline|number) != 0 {
		return 0
	}
	starts := [2]int{i, -1}
	if first&anyLetter == 0 {
		starts = [2]int{i + n, i} // with the optional character in front, then without
		if first&mark == 0 {
			starts[1] = -1 // that character could not start a word itself
		}
	}
	for _, start := range starts {
		if start < 0 {
			break
		}
		if end := t.lowerWord(b, start); end > 0 {
			return end + contraction(b[end:])
		}
	}
	for _, start := range starts {
		if start < 0 {
			break
		}
		if end := t.run(b, start, upperRun); end > start {
			return end + contraction(b[end:])
		}
	}
	return 0
}

// lowerWord matches [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+
// at b[i]. When no lower-case letter follows the first run, the run gives
// characters back until the second part can match one that has no case.
func (t *splitter) lowerWord(b []byte, i int) int {
	caseless := 0
	for i < len(b) {
		c, n := t.at(b, i)
		if c&upperRun == 0 {
			if c&lower != 0 {
				return t.run(b, i, lowerRun)
			}
			break
		}
		i += n
		if c&lowerRun != 0 {
			caseless = i
		}
	}
	return caseless
}

// run returns the end of the characters of the given classes from b[i] on.
func (t *splitter) run(b []byte, i int, of class) int {
	for i < len(b) {
		c, n := t.at(b, i)
		if c&of == 0 {
			break
		}
		i += n
	}
	return i
}

// digits ends a number of at most three characters, one of them consumed.
func (t *splitter) digits(b []byte, i int) int {
	for k := 0; k < 2 && i < len(b); k++ {
		c, n := t.at(b, i)
		if c&number == 0 {
			break
		}
		i += n
	}
	return i
}

// symbols ends [^\s\p{L}\p{N}]+[\r\n]* (o200k: [\r\n/]*), one consumed.
func (t *splitter) symbols(b []byte, i int) int {
	for i < len(b) {
		c, n := t.at(b, i)
		if c&(anySpace|anyLetter|number) != 0 {
			break
		}
		i += n
	}
	for i < len(b) && (b[i] == '\r' || b[i] == '\n' || t.cased && b[i] == '/') {
		i++
	}
	return i
}

// blanks matches white space: up to the last line break of the run if it has
// one, else all of it but the last character, which belongs to what follows.
func (t *splitter) blanks(b []byte, i int) int {
	lastLine, before, end, count := 0, i, i, 0
	for end < len(b) {
		c, n := t.at(b, end)
		if c&anySpace == 0 {
			break
		}
		before = end
		end += n
		count++
		if c&newline != 0 {
			lastLine = end
		}
	}
	switch {
	case lastLine > 0:
		return lastLine
	case end == len(b) || count == 1:
		return end
	}
	return before
}

// contraction tells the length of 's 't 're 've 'm 'll 'd, in either case, at
// the start of b.
func contraction(b []byte) int {
	if len(b) < 2 || b[0] != '\'' {
		return 0
	}
	switch b[1] | 0x20 {
	case 's', 't', 'm', 'd':
		return 2
	case 'r', 'v':
		if len(b) > 2 && b[2]|0x20 == 'e' {
			return 3
		}
	case 'l':
		if len(b) > 2 && b[2]|0x20 == 'l' {
			return 3
		}
	}
	return 0
}
