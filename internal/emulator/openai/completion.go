package openai

import (
	"bytes"
	"sync"

	"github.com/azptu/azptu/internal/tokens"
)

// completion is one generated choice.
type completion struct {
	prose
	finish    string // stop, length, tool_calls, content_filter
	calls     []toolCall
	filtered  *filterHit // what the content filter found in it
	callCount int        // tokens of the tool calls
}

// tokensOf tells how many tokens the client is billed for, reasoning aside.
func (c *completion) tokens() int { return len(c.ends) + c.callCount }

// generation is everything that a request makes the model say.
type generation struct {
	choices   []completion
	reasoning int // tokens thought before anything was written
}

// generations are kept for reuse: the text of one answer is a few kilobytes.
var generations = sync.Pool{New: func() any { return new(generation) }}

// newGeneration returns one with n empty choices.
func newGeneration(n int) *generation {
	g := generations.Get().(*generation)
	g.reasoning = 0
	if cap(g.choices) < n {
		g.choices = make([]completion, n)
		for i := range g.choices {
			g.choices[i].prose = prose{make([]byte, 0, 1024), make([]int32, 0, 160)}
		}
	}
	g.choices = g.choices[:n]
	for i := range g.choices {
		c := &g.choices[i]
		*c = completion{prose: prose{c.text[:0], c.ends[:0]}}
	}
	return g
}

// free gives g back once nothing uses its text any more.
func (g *generation) free() {
	if len(g.choices) <= 4 && cap(g.choices[0].text) <= maxPooled {
		generations.Put(g)
	}
}

// total is completion_tokens.
func (g *generation) total() int {
	n := g.reasoning
	for i := range g.choices {
		n += g.choices[i].tokens()
	}
	return n
}

// writer generates the choices of one request.
type writer struct {
	encoding *tokens.Encoding
	facts    *facts
	seed     uint64
	length   int // tokens of each answer; 0: as usual
}

// chat generates what the model answers to q.
func (w *writer) chat(q *chatRequest) (*generation, *problem) {
	g := newGeneration(q.choices)
	room := w.facts.output
	if q.maxTokens > 0 {
		room = q.maxTokens
	}
	if w.facts.reasoning {
		g.reasoning = min(w.think(q.effort), room)
		room -= g.reasoning
	}
	for i := range g.choices {
		r := random(w.seed + uint64(i)*0x632be59bd9b4e019)
		c := &g.choices[i]
		c.finish = "stop"
		if room == 0 {
			c.finish = "length"
			continue
		}
		if p := w.choice(c, q, &r, room); p != nil {
			return nil, p
		}
		w.limit(c, q.stop, room)
	}
	return g, nil
}

// choice writes one choice: a tool call, JSON, or prose.
func (w *writer) choice(c *completion, q *chatRequest, r *random, room int) *problem {
	called, p := w.callTools(c, q, r)
	if called || p != nil {
		return p
	}
	if q.format.kind != "" && q.format.kind != "text" {
		return w.structured(c, q, r)
	}
	if len(q.images) > 0 {
		w.describe(c, q)
	}
	if w.length > 0 {
		c.writeExactly(r, w.length)
		return nil
	}
	length := len(c.ends) + usualLength + r.below(usualSpread)
	c.write(r, min(length, room+1)) // one too many shows that the limit cut it
	return nil
}

// think tells the reasoning tokens of an effort. They come in multiples of 64,
// as usage shows them; how many is ours.
func (w *writer) think(effort string) int {
	r := random(w.seed ^ 0x5bd1e995)
	switch effort {
	case "none", "minimal":
		return 0
	case "low":
		return 64
	case "high", "xhigh":
		return 64 * (4 + r.below(4))
	}
	return 64 * (1 + r.below(3))
}

// say replaces the text by any other, whose tokens are counted.
func (w *writer) say(c *completion, text []byte) {
	c.text, c.ends = append(c.text[:0], text...), c.ends[:0]
	w.recount(c)
}

func (w *writer) recount(c *completion) {
	c.ends = c.ends[:0]
	at := 0
	for _, id := range w.encoding.Append(nil, c.text) {
		at += len(w.encoding.Token(id))
		c.ends = append(c.ends, int32(at))
	}
}

// limit ends a choice at a stop sequence or at its token limit.
func (w *writer) limit(c *completion, stop [][]byte, room int) {
	first := -1
	for _, s := range stop {
		if i := bytes.Index(c.text, s); i >= 0 && (first < 0 || i < first) {
			first = i
		}
	}
	if first >= 0 {
		c.text = c.text[:first]
		w.recount(c)
	}
	if len(c.calls) > 0 {
		return
	}
	if len(c.ends) > room {
		c.cut(room)
		c.text = wholeCharacters(c.text)
		c.finish = "length"
		if n := len(c.ends); n > 0 && int(c.ends[n-1]) != len(c.text) {
			c.ends[n-1] = int32(len(c.text))
		}
	}
}

// wholeCharacters drops a character that was cut in two at the end.
func wholeCharacters(b []byte) []byte {
	for i := 1; i <= 3 && i <= len(b); i++ {
		c := b[len(b)-i]
		switch {
		case c < 0x80:
			return b
		case c >= 0xC0:
			if need := characterLength(c); need > i {
				return b[:len(b)-i]
			}
			return b
		}
	}
	return b
}

func characterLength(first byte) int {
	switch {
	case first >= 0xF0:
		return 4
	case first >= 0xE0:
		return 3
	case first >= 0xC0:
		return 2
	}
	return 1
}
