package locale

import (
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Every message exists in every language, leaves the same things open, and
// stands in the file of its area.
func TestMessagesAreCompleteInEveryLanguage(t *testing.T) {
	for _, area := range Areas() {
		english, err := Messages(area, English)
		if err != nil {
			t.Fatal(err)
		}
		for _, lang := range Languages() {
			texts, err := Messages(area, lang)
			if err != nil {
				t.Errorf("%v", err)
				continue
			}
			for key, text := range texts {
				original, ok := english[key]
				switch {
				case !ok:
					t.Errorf("%s in %s has no English original", key, lang)
				case Area(key) != area:
					t.Errorf("%s stands in the file of %s", key, area)
				case !slices.Equal(text.Placeholders(), original.Placeholders()):
					t.Errorf("%s in %s leaves open %v, in English %v", key, lang, text.Placeholders(), original.Placeholders())
				case (text.One == "") != (original.One == ""):
					t.Errorf("%s in %s and in English differ in having a plural", key, lang)
				}
			}
			for key := range english {
				if _, ok := texts[key]; !ok {
					t.Errorf("%s is missing in %s", key, lang)
				}
			}
		}
	}
}

func TestParseLanguage(t *testing.T) {
	for in, want := range map[string]Language{
		"en": English, "EN-us": English, "en_GB.UTF-8": English, "pt": Portuguese, "pt-BR": Portuguese, "pt_BR.UTF-8": Portuguese, "PT_pt@euro": Portuguese, " es ": Spanish, "es_419": Spanish,
		"": "", "C": "", "POSIX": "", "fr": "", "english": "", "ptbr": "", "e": "",
	} {
		got, ok := ParseLanguage(in)
		if got != want || ok != (want != "") {
			t.Errorf("ParseLanguage(%q) = %q, %v; want %q", in, got, ok, want)
		}
	}
}

func TestFromEnvironmentFollowsPOSIX(t *testing.T) {
	for _, c := range []struct {
		vars   map[string]string
		want   Language
		origin string
	}{
		{nil, English, ""},
		{map[string]string{"LANG": "pt_BR.UTF-8"}, Portuguese, "LANG"},
		{map[string]string{"LANG": "pt_BR.UTF-8", "LC_MESSAGES": "es_ES"}, Spanish, "LC_MESSAGES"},
		{map[string]string{"LANG": "pt_BR.UTF-8", "LC_ALL": "C"}, English, "LC_ALL"},
		{map[string]string{"LANG": "de_DE.UTF-8"}, English, "LANG"},
	} {
		got, origin := FromEnvironment(func(name string) string { return c.vars[name] })
		if got != c.want || origin != c.origin {
			t.Errorf("%v: %q from %q, want %q from %q", c.vars, got, origin, c.want, c.origin)
		}
	}
}

func TestPluralsFollowTheLanguage(t *testing.T) {
	for _, c := range []struct {
		lang Language
		n    int
		want string
	}{
		{English, 0, "No faults in 0 files."}, {English, 1, "No faults in 1 file."}, {English, 1234, "No faults in 1,234 files."},
		{Portuguese, 0, "Nenhuma falha em 0 arquivo."}, {Portuguese, 1, "Nenhuma falha em 1 arquivo."}, {Portuguese, 2, "Nenhuma falha em 2 arquivos."}, {Portuguese, 1_000_000, "Nenhuma falha em 1.000.000 arquivos."},
		{Spanish, 0, "Ningún fallo en 0 archivos."}, {Spanish, 1, "Ningún fallo en 1 archivo."}, {Spanish, 1_000_000, "Ningún fallo en 1.000.000 archivos."},
	} {
		if got := New(c.lang, nil).N("config.faultless", c.n); got != c.want {
			t.Errorf("%s %d: %q, want %q", c.lang, c.n, got, c.want)
		}
	}
}

func TestOverridesWinAndUnknownKeysShow(t *testing.T) {
	p := New(Portuguese, Overrides{"exit.hint": {Other: "Olha: {{.Hint}}"}})
	if got := p.T("exit.hint", "Hint", "use isto"); got != "Olha: use isto" {
		t.Errorf("override: %q", got)
	}
	if got := p.T("exit.link", "Link", "x"); got != "Veja: x" {
		t.Errorf("beside an override: %q", got)
	}
	if got := p.T("exit.no-such-key"); got != "exit.no-such-key" || p.Has("exit.no-such-key") || !p.Has("exit.hint") {
		t.Errorf("unknown key: %q", got)
	}
}

// A value is only ever a value: it cannot open placeholders, run anything, or
// steer the terminal.
func TestValuesStayValues(t *testing.T) {
	p := New(English, Overrides{"exit.hint": {Other: `{{.Hint}} {{printf "%s" "x"}} {{.Other}}`}})
	got := p.T("exit.hint", "Hint", "{{.Other}}\x1b[31m\u202e\xff", "Other", "value")
	if want := "{{.Other}}�[31m�� {{printf \"%s\" \"x\"}} value"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		lang                           Language
		number, small, decimal, pc, us string
		date                           string
	}{
		{English, "1,234,567", "1,234", "-1,234.50", "12.5%", "$1,234.50", "Feb 3, 2026"},
		{Portuguese, "1.234.567", "1.234", "-1.234,50", "12,5%", "US$ 1.234,50", "3 de fev. de 2026"},
		{Spanish, "1.234.567", "1234", "-1234,50", "12,5 %", "1234,50 US$", "3 feb 2026"},
	} {
		p := New(c.lang, nil)
		day := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
		for got, want := range map[string]string{
			p.Number(1234567): c.number, p.Number(1234): c.small, p.Decimal(-1234.5, 2): c.decimal,
			p.Percent(0.125, 1): c.pc, p.Money(1234.5, "USD"): c.us, p.Date(day): c.date, p.DateTime(day): c.date + ", 04:05 UTC",
		} {
			if got != want {
				t.Errorf("%s: %q, want %q", c.lang, got, want)
			}
		}
	}
	en := New(English, nil)
	for got, want := range map[string]string{
		en.Number(math.MinInt64): "-9,223,372,036,854,775,808", en.Decimal(math.NaN(), 1): "–", en.Decimal(-0.001, 2): "0.00", en.Decimal(0.25, -1): "0.25",
		en.Money(-2, "CHF"): "-CHF 2.00", en.MoneyDigits(0.00025, "EUR", 5): "€0.00025",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add("{{.A}} {{ .B }} {{", "x", "{{.A}}")
	f.Add("{{.}}{{..A}}{{.A.B}}", "\x1b]0;", "")
	f.Fuzz(func(t *testing.T, text, a, b string) {
		p := New(English, Overrides{"exit.hint": {Other: text}})
		got := p.T("exit.hint", "A", a, "B", b)
		if strings.ContainsRune(a, '\x1b') && !strings.ContainsRune(text, '\x1b') && strings.ContainsRune(got, '\x1b') {
			t.Errorf("an escape code got through: %q", got)
		}
	})
}

func BenchmarkFirstMessage(b *testing.B) {
	for b.Loop() {
		New(Portuguese, nil).T("version.short")
	}
}

// A printer may be asked by many at once, also for areas that nobody has asked
// for yet.
func TestPrinterForMany(t *testing.T) {
	p := New(Portuguese, nil)
	var many sync.WaitGroup
	for _, key := range []string{"cli.warning", "deployment.short", "model.short", "quota.short", "price.short", "doctor.short", "metrics.short", "chat.short"} {
		many.Go(func() {
			for range 20 {
				if text := p.T(key); text == key || !p.Has(key) {
					t.Errorf("%s is not known", key)
				}
			}
		})
	}
	many.Wait()
}
