package locale

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Overrides are texts of the user's own, by key, that win over built-in ones.
type Overrides map[string]Text

// Printer speaks one language. It is safe for concurrent use.
type Printer struct {
	lang   Language
	own    Overrides
	mu     sync.Mutex
	texts  map[string]Text // the text in force of every key of the areas read so far
	loaded map[string]bool // the areas read so far
}

// New makes a printer of lang; own may be nil.
func New(lang Language, own Overrides) *Printer {
	return &Printer{lang: lang, own: maps.Clone(own), texts: map[string]Text{}, loaded: map[string]bool{}}
}

// Language is what p speaks.
func (p *Printer) Language() Language { return p.lang }

// T says the message of key. args are pairs of a placeholder's name and its
// value: T("cli.hello", "Name", name). Texts are made fit for a terminal
// (see Printable); whole numbers are written plainly, dates in p's language.
// A key that has no message anywhere is returned as it is.
func (p *Printer) T(key string, args ...any) string {
	text, ok := p.text(key)
	if !ok {
		return key
	}
	return p.filled(text.Other, args)
}

// N says the message of key in the plural form that n asks for in p's
// language. The placeholder Count is n; args are as in T.
func (p *Printer) N(key string, n int, args ...any) string {
	text, ok := p.text(key)
	if !ok {
		return key
	}
	form := text.Other
	if text.One != "" && p.lang.singular(n) {
		form = text.One
	}
	return p.filled(form, append([]any{"Count", p.Number(int64(n))}, args...))
}

// Has tells whether key has a message, in p's language or in English.
func (p *Printer) Has(key string) bool {
	_, ok := p.text(key)
	return ok
}

// text finds the text of key, reading its area first if nobody has yet. An
// area without a file leaves its keys unknown.
func (p *Printer) text(key string) (Text, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if area := Area(key); !p.loaded[area] {
		p.loaded[area] = true
		p.load(area)
	}
	text, ok := p.texts[key]
	return text, ok
}

// load reads the messages of area: English ones, over them those of p's
// language, over them the user's own.
func (p *Printer) load(area string) {
	for _, lang := range slices.Compact([]Language{English, p.lang}) {
		texts, err := Messages(area, lang)
		if err != nil {
			continue // then the keys show
		}
		maps.Copy(p.texts, texts)
	}
	for key, text := range p.own {
		if Area(key) == area {
			p.texts[key] = text
		}
	}
}

// filled puts the values of args into text.
func (p *Printer) filled(text string, args []any) string {
	values := make(map[string]string, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		values[fmt.Sprint(args[i])] = p.value(args[i+1])
	}
	return fill(text, func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok
	})
}

// value writes one argument. Strings come from outside (names, answers of
// services), so they are stripped of what could steer a terminal.
func (p *Printer) value(v any) string {
	switch v := v.(type) {
	case string:
		return Printable(v)
	case int:
		return strconv.Itoa(v)
	case float64:
		return p.Decimal(v, -1)
	case time.Time:
		return p.Date(v)
	}
	return Printable(fmt.Sprint(v))
}
