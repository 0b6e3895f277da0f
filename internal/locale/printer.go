package locale

import (
	"fmt"
	"maps"
	"strconv"
	"sync"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// Overrides are texts of the user's own, by key, that win over built-in ones.
type Overrides map[string]Text

// Printer speaks one language. It is safe for concurrent use.
type Printer struct {
	lang      Language
	own       Overrides
	mu        sync.Mutex
	bundle    *i18n.Bundle
	localizer *i18n.Localizer
	loaded    map[string]bool // areas already in bundle
}

// New makes a printer of lang; own may be nil.
func New(lang Language, own Overrides) *Printer {
	bundle := i18n.NewBundle(language.English)
	return &Printer{
		lang:      lang,
		own:       maps.Clone(own),
		bundle:    bundle,
		localizer: i18n.NewLocalizer(bundle, string(lang)),
		loaded:    map[string]bool{},
	}
}

// Language is what p speaks.
func (p *Printer) Language() Language { return p.lang }

// T says the message of key. args are pairs of a placeholder's name and its
// value: T("cli.hello", "Name", name). Texts are made fit for a terminal
// (see Printable); whole numbers are written plainly, dates in p's language.
// A key that has no message anywhere is returned as it is.
func (p *Printer) T(key string, args ...any) string {
	return p.say(&i18n.LocalizeConfig{MessageID: key}, args)
}

// N says the message of key in the plural form that n asks for in p's
// language. The placeholder Count is n; args are as in T.
func (p *Printer) N(key string, n int, args ...any) string {
	return p.say(&i18n.LocalizeConfig{MessageID: key, PluralCount: n}, append([]any{"Count", p.Number(int64(n))}, args...))
}

// Has tells whether key has a message, in p's language or in English.
func (p *Printer) Has(key string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.load(Area(key))
	_, err := p.localizer.Localize(&i18n.LocalizeConfig{MessageID: key, TemplateParser: blanks{}, TemplateData: map[string]string{}})
	_, missing := err.(*i18n.MessageNotFoundErr)
	return !missing
}

func (p *Printer) say(config *i18n.LocalizeConfig, args []any) string {
	values := make(map[string]string, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		values[fmt.Sprint(args[i])] = p.value(args[i+1])
	}
	config.TemplateData, config.TemplateParser = values, blanks{}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.load(Area(config.MessageID))
	text, err := p.localizer.Localize(config)
	if text == "" && err != nil {
		return config.MessageID
	}
	return text
}

// load puts the messages of area into the bundle once. An area without a file
// leaves its keys unknown, which T shows as the bare key. p.mu is held: the
// bundle may not be read while it grows.
func (p *Printer) load(area string) {
	if p.loaded[area] {
		return
	}
	p.loaded[area] = true
	for _, lang := range []Language{English, p.lang} {
		texts, err := Messages(area, lang)
		if err != nil {
			continue
		}
		p.add(lang, texts)
	}
	own := map[string]Text{}
	for key, text := range p.own {
		if Area(key) == area {
			own[key] = text
		}
	}
	p.add(p.lang, own)
}

func (p *Printer) add(lang Language, texts map[string]Text) {
	list := make([]*i18n.Message, 0, len(texts))
	for key, text := range texts {
		list = append(list, &i18n.Message{ID: key, One: text.One, Other: text.Other})
	}
	// The only error is a tag without plural rules; all three have them.
	_ = p.bundle.AddMessages(language.Make(string(lang)), list...)
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
