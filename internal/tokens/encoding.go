// Package tokens counts what a model is billed for: the tokens of prompts and
// completions. Encodings are OpenAI's cl100k and o200k, loaded when first
// used, with a byte-pair encoder of our own that is checked against an
// independent one; chat requests are counted by the published rules (a few
// tokens around each message, tools, images). Where a count need not be exact,
// Estimate guesses it from the length.
package tokens

import (
	"strings"
	"sync"
)

// Encoding turns text into tokens. It is safe for concurrent use.
type Encoding struct {
	name string
	once sync.Once

	words *vocabulary
	split splitter
	merge sync.Pool // *merger
}

var (
	cl100k = &Encoding{name: "cl100k_base"}
	o200k  = &Encoding{name: "o200k_base", split: splitter{cased: true}}
)

// For returns the encoding of a model: cl100k for GPT-4, GPT-3.5 and the
// embedding models, o200k for everything since GPT-4o. Models of other makers
// have vocabularies of their own; for them o200k is an approximation. It costs
// nothing: the vocabulary is unpacked when something is first counted.
func For(model string) *Encoding {
	m := strings.ToLower(model)
	for _, prefix := range []string{"gpt-4o", "gpt-4.1", "gpt-4.5"} {
		if strings.HasPrefix(m, prefix) {
			return o200k
		}
	}
	for _, prefix := range []string{"gpt-4", "gpt-3.5", "gpt-35", "text-embedding", "davinci-002", "babbage-002"} {
		if strings.HasPrefix(m, prefix) {
			return cl100k
		}
	}
	return o200k
}

// Name is "o200k_base" or "cl100k_base".
func (e *Encoding) Name() string { return e.name }

// Load unpacks the vocabulary, if that has not happened yet: some 30 ms and
// 7 MB that a server may want to spend before its first request.
func (e *Encoding) Load() { e.once.Do(e.unpack) }

func (e *Encoding) unpack() {
	words, err := loadVocabulary(e.name)
	if err != nil {
		// The vocabularies are part of the binary; tests read both.
		panic(err)
	}
	e.words = words
	e.split.table = classes()
	e.merge.New = func() any { return new(merger) }
}

// Count tells how many tokens text is. Marks such as <|endoftext|> count as
// the plain text that they are.
func (e *Encoding) Count(text []byte) int {
	e.Load()
	total := 0
	var m *merger // most short texts need none
	for i := 0; i < len(text); {
		end := e.split.next(text, i)
		if n := end - i; n <= shortest && e.words.hasShort(pack(text, i, n)) {
			total++
		} else {
			if m == nil {
				m = e.merge.Get().(*merger)
			}
			total += m.count(e.words, text[i:end])
		}
		i = end
	}
	if m != nil {
		e.merge.Put(m)
	}
	return total
}

// Append appends the tokens of text to dst.
func (e *Encoding) Append(dst []uint32, text []byte) []uint32 {
	e.Load()
	m := e.merge.Get().(*merger)
	defer e.merge.Put(m)
	for i := 0; i < len(text); {
		end := e.split.next(text, i)
		piece := text[i:end]
		i = end
		if rank := e.words.rank(piece); rank != noRank {
			dst = append(dst, rank)
			continue
		}
		m.run(e.words, piece)
		dst = m.tokens(dst, e.words, piece)
	}
	return dst
}

// Token returns the bytes of one token, nil for an unknown one. A token may be
// a part of a character.
func (e *Encoding) Token(id uint32) []byte {
	e.Load()
	if int(id) >= len(e.words.ends) {
		return nil
	}
	return e.words.token(id)
}

// Estimate guesses how many tokens text of so many bytes is: one for four
// bytes, the rule of thumb OpenAI gives for English. It is never exact and
// falls short for other scripts and for code.
func Estimate(bytes int) int { return (bytes + 3) / 4 }
