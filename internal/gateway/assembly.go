package gateway

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/azptu/azptu/internal/tokens"
	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// assembly puts a streamed answer together again, for the record and for
// counting when the stream did not say what it used. It is bounded: text
// beyond the bound is only counted.
type assembly struct {
	limit   int
	held    int // bytes of text that are held
	beyond  int // bytes of text that are not
	created []byte
	choices []choice
	whole   []byte // the Responses API ends with the whole answer
}

var (
	plainStart  = []byte(`{"choices":[{`)
	plainDelta  = []byte(`"delta":{"content":"`)
	anyDelta    = []byte(`"delta":`)
	plainFinish = []byte(`"finish_reason":null`)
	plainIndex  = []byte(`"index":0`)
	usageStart  = []byte(`"usage":{`)
	errorKey    = []byte(`"error":`)
)

// readPlain takes in an event that holds nothing but the next piece of the
// first choice's text, which nearly all do, without walking through it. None
// of what is looked for can stand inside a text, where quotes are escaped. It
// reports false when the event is of another kind, else where the piece is.
func (a *assembly) readPlain(data []byte) (piece span, ok bool) {
	at := bytes.Index(data, plainDelta)
	if at < 0 || !bytes.HasPrefix(data, plainStart) {
		return piece, false
	}
	at += len(plainDelta)
	text := data[at:]
	end := jsonlex.ClosingQuote(text, 0)
	if end+1 >= len(text) || text[end+1] != '}' {
		return piece, false
	}
	after := text[end+1:]
	if bytes.Contains(after, anyDelta) || !bytes.Contains(data, plainFinish) || !bytes.Contains(data, plainIndex) ||
		bytes.Contains(after, usageStart) || bytes.Contains(after, errorKey) {
		return piece, false
	}
	a.takeText(text[:end])
	return span{at, at + end}, true
}

// takeText adds a piece of the first choice's text.
func (a *assembly) takeText(text []byte) {
	c := a.choice(0)
	c.text = a.append(c.text, text)
}

// choice is one of the answers of a call.
type choice struct {
	index  int
	text   []byte
	refuse []byte
	calls  []toolCall
	finish []byte
}

type toolCall struct {
	index           int
	id, name, input []byte
}

const maxChoices = 128

// append adds text within the bound.
func (a *assembly) append(dst, text []byte) []byte {
	if room := a.limit - a.held; len(text) > room {
		a.beyond += len(text) - max(room, 0)
		text = text[:max(room, 0)]
	}
	a.held += len(text)
	return append(dst, text...)
}

func (a *assembly) choice(index int) *choice {
	for i := range a.choices {
		if a.choices[i].index == index {
			return &a.choices[i]
		}
	}
	if len(a.choices) >= maxChoices {
		return &choice{}
	}
	a.choices = append(a.choices, choice{index: index})
	return &a.choices[len(a.choices)-1]
}

// readChoices takes in the choices of one event. A choice's index may stand
// behind its delta (keys come in alphabetical order), so the delta is kept
// aside until the index is known.
func (a *assembly) readChoices(l *jsonlex.Lexer) {
	l.Array()
	for l.Element() {
		if l.Kind() != jsonlex.Object {
			l.Skip()
			continue
		}
		var delta, finish, text []byte
		index := 0
		for name := range l.Fields() {
			kind := l.Kind()
			switch string(name) {
			case "index":
				index = count(l, kind)
			case "delta", "message":
				delta = l.Skip()
			case "text":
				text = l.Skip()
			case "finish_reason":
				if finish = nil; kind == jsonlex.String {
					finish = l.Skip()
				} else {
					l.Skip()
				}
			default:
				l.Skip()
			}
		}
		a.take(index, delta, text, finish)
	}
}

// take adds what one choice of an event brought. The pieces are checked JSON.
func (a *assembly) take(index int, delta, text, finish []byte) {
	c := a.choice(index)
	if len(finish) > 0 {
		c.finish = slices.Clone(finish)
	}
	if len(text) > 2 && text[0] == '"' {
		c.text = a.append(c.text, text[1:len(text)-1])
	}
	if len(delta) > 2 && delta[0] == '{' {
		a.takeDelta(c, delta)
	}
}

func (a *assembly) takeDelta(c *choice, delta []byte) {
	var l jsonlex.Lexer
	l.Reset(delta)
	for name := range l.Fields() {
		isText := l.Kind() == jsonlex.String
		switch string(name) {
		case "content":
			if v := l.Skip(); isText {
				c.text = a.append(c.text, v[1:len(v)-1])
			}
		case "refusal":
			if v := l.Skip(); isText {
				c.refuse = a.append(c.refuse, v[1:len(v)-1])
			}
		case "tool_calls":
			if l.Kind() == jsonlex.Array {
				a.takeCalls(c, &l)
			} else {
				l.Skip()
			}
		default:
			l.Skip()
		}
	}
}

func (a *assembly) takeCalls(c *choice, l *jsonlex.Lexer) {
	l.Array()
	for l.Element() {
		if l.Kind() != jsonlex.Object {
			l.Skip()
			continue
		}
		var got toolCall
		for name := range l.Fields() {
			isText := l.Kind() == jsonlex.String
			switch string(name) {
			case "index":
				got.index = count(l, l.Kind())
			case "id":
				if v := l.Skip(); isText {
					got.id = v[1 : len(v)-1]
				}
			case "function":
				got.function(l)
			default:
				l.Skip()
			}
		}
		i := slices.IndexFunc(c.calls, func(t toolCall) bool { return t.index == got.index })
		if i < 0 {
			if len(c.calls) >= maxChoices {
				continue
			}
			c.calls = append(c.calls, toolCall{index: got.index})
			i = len(c.calls) - 1
		}
		t := &c.calls[i]
		t.id, t.name, t.input = a.append(t.id, got.id), a.append(t.name, got.name), a.append(t.input, got.input)
	}
}

func (t *toolCall) function(l *jsonlex.Lexer) {
	for name := range l.Fields() {
		isText := l.Kind() == jsonlex.String
		v := l.Skip()
		if !isText {
			continue
		}
		switch string(name) {
		case "name":
			t.name = v[1 : len(v)-1]
		case "arguments":
			t.input = v[1 : len(v)-1]
		}
	}
}

// wholeAnswer takes in an answer that was not streamed.
func (a *assembly) wholeAnswer(text []byte) {
	a.limit = len(text)
	var l jsonlex.Lexer
	l.Reset(text)
	for name := range l.Fields() {
		if string(name) == "choices" && l.Kind() == jsonlex.Array {
			a.readChoices(&l)
		} else {
			l.Skip()
		}
	}
}

// count counts the completion's tokens. Text that was not held counts by its
// length.
func (a *assembly) count(c tokens.Counter) int {
	n := 0
	var plain []byte
	for i := range a.choices {
		ch := &a.choices[i]
		for _, raw := range [][]byte{ch.text, ch.refuse} {
			if len(raw) > 0 {
				plain = jsonlex.Unescape(plain[:0], raw)
				n += c.Count(plain)
			}
		}
		for _, t := range ch.calls {
			plain = jsonlex.Unescape(plain[:0], t.input)
			n += c.Count(plain) + c.Count(t.name)
		}
	}
	return n + tokens.Estimate(a.beyond)
}

// write appends the answer as it would have come without streaming, with its
// usage.
func (a *assembly) write(dst []byte, shape shape, u *usage) []byte {
	if len(a.whole) > 0 {
		return append(dst, a.whole...)
	}
	object := "chat.completion"
	if shape == completion {
		object = "text_completion"
	}
	dst = append(dst, `{"choices":[`...)
	for i := range a.choices {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = a.choices[i].write(dst, shape)
	}
	dst = append(dst, ']')
	if len(a.created) > 0 {
		dst = append(append(dst, `,"created":`...), a.created...)
	}
	dst = jsonlex.AppendString(append(dst, `,"id":`...), u.id)
	dst = jsonlex.AppendString(append(dst, `,"model":`...), u.model)
	dst = append(append(append(dst, `,"object":"`...), object...), '"')
	return append(u.write(append(dst, `,"usage":`...)), '}')
}

func (c *choice) write(dst []byte, shape shape) []byte {
	dst = append(dst, `{"finish_reason":`...)
	if len(c.finish) > 0 {
		dst = append(dst, c.finish...)
	} else {
		dst = append(dst, "null"...)
	}
	dst = strconv.AppendInt(append(dst, `,"index":`...), int64(c.index), 10)
	if shape == completion {
		return append(append(append(dst, `,"text":"`...), whole(c.text)...), `"}`...)
	}
	dst = append(append(append(dst, `,"message":{"content":"`...), whole(c.text)...), `","role":"assistant"`...)
	if len(c.refuse) > 0 {
		dst = append(append(append(dst, `,"refusal":"`...), whole(c.refuse)...), '"')
	}
	for i, t := range c.calls {
		if i == 0 {
			dst = append(dst, `,"tool_calls":[`...)
		} else {
			dst = append(dst, ',')
		}
		dst = append(append(dst, `{"function":{"arguments":"`...), whole(t.input)...)
		dst = append(append(dst, `","name":"`...), whole(t.name)...)
		dst = append(append(dst, `"},"id":"`...), whole(t.id)...)
		dst = append(dst, `","type":"function"}`...)
	}
	if len(c.calls) > 0 {
		dst = append(dst, ']')
	}
	return append(dst, "}}"...)
}

// whole drops an escape or a character that the bound cut in two.
func whole(raw []byte) []byte {
	if i := bytes.LastIndexByte(raw, '\\'); i >= 0 && len(raw)-i < 12 {
		for cut := i; cut <= len(raw); cut++ {
			if jsonlex.Valid(append(append([]byte{'"'}, raw[:len(raw)-(cut-i)]...), '"')) == nil {
				return raw[:len(raw)-(cut-i)]
			}
		}
	}
	return bytes.ToValidUTF8(raw, nil)
}

// write appends the usage in the vocabulary of chat.
func (u *usage) write(dst []byte) []byte {
	dst = strconv.AppendInt(append(dst, `{"completion_tokens":`...), int64(u.completion), 10)
	if u.reasoning > 0 {
		dst = append(strconv.AppendInt(append(dst, `,"completion_tokens_details":{"reasoning_tokens":`...), int64(u.reasoning), 10), '}')
	}
	dst = strconv.AppendInt(append(dst, `,"prompt_tokens":`...), int64(u.prompt), 10)
	if u.cached > 0 {
		dst = append(strconv.AppendInt(append(dst, `,"prompt_tokens_details":{"cached_tokens":`...), int64(u.cached), 10), '}')
	}
	return append(strconv.AppendInt(append(dst, `,"total_tokens":`...), int64(u.prompt+u.completion), 10), '}')
}
