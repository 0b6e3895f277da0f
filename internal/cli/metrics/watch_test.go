package metrics

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/cli/term"
	"github.com/azptu/azptu/internal/cli/verb"
)

type paper struct{ width, height int }

func (p paper) Size() (int, int) { return p.width, p.height }

func english() *verb.Env {
	return &verb.Env{Term: &term.Terminal{}, Getenv: func(string) string { return "" }, Now: func() time.Time { return time.Time{} }}
}

func someRows() []Row {
	used, peak := 0.5, 1.2
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	return []Row{
		{Deployment: "one", Account: "acct", SKU: "ProvisionedManaged", Utilization: &used, Peak: &peak, Requests: 44, ByStatus: map[string]int64{"200": 41, "429": 3}, To: &at, From: &at,
			Points: []Point{{At: at, Requests: 44, Utilization: &used, Peak: &peak, PromptTokens: 900}, {At: at.Add(time.Minute)}}},
		{Deployment: "two", ByStatus: map[string]int64{}},
	}
}

func TestScreen(t *testing.T) {
	env := english()
	s := scene{window: Window{Last: time.Hour}}.seen(look{rows: someRows()}, true, env.Now())
	text := strings.Join(s.draw(env, paper{100, 12}), "\n")
	if !strings.Contains(text, "› ") || !strings.Contains(text, "one") || !strings.Contains(text, "two") || strings.Count(text, "\n") != 11 || !strings.Contains(text, "last 1h") {
		t.Errorf("table:\n%s", text)
	}
	many := scene{chosen: 30, window: Window{Last: time.Hour}}
	for i := range 40 {
		many.rows = append(many.rows, Row{Deployment: fmt.Sprintf("d-%02d", i)})
	}
	text = strings.Join(many.draw(env, paper{60, 10}), "\n")
	if !strings.Contains(text, "› d-30") || strings.Contains(text, "d-20") || strings.Count(text, "\n") != 9 {
		t.Errorf("what is chosen is not in sight:\n%s", text)
	}
	for _, key := range []term.Key{term.Down, term.Down, term.Up, term.Enter} {
		s, _, _ = s.press(key)
	}
	text = strings.Join(s.draw(env, paper{100, 40}), "\n")
	if !strings.Contains(text, "one · acct") || !strings.Contains(text, "(200: 41, 429: 3)") || !strings.Contains(text, "120%") || !strings.Contains(text, "█") {
		t.Errorf("board:\n%s", text)
	}
	back, _, leave := s.press(term.Escape)
	if leave || back.board {
		t.Error("escape goes back to the table first")
	}
	if _, _, leave := back.press(term.Escape); !leave {
		t.Error("escape leaves from the table")
	}
	longer, again, _ := s.press(term.Right)
	if !again || longer.window.Last != 6*time.Hour {
		t.Errorf("%+v", longer.window)
	}
	for range 9 {
		longer, _, _ = longer.press("-")
	}
	if longer.window.Last != 15*time.Minute {
		t.Errorf("%+v", longer.window)
	}
	paused, _, _ := s.press("p")
	if text := strings.Join(paused.draw(env, paper{80, 24}), "\n"); !strings.Contains(text, "paused") {
		t.Errorf("%s", text)
	}
	failed := s.seen(look{err: errors.New("no network")}, false, env.Now())
	if text := strings.Join(failed.draw(env, paper{80, 24}), "\n"); !strings.Contains(text, "no network") || !strings.Contains(text, "one · acct") {
		t.Errorf("what was known is kept beside the error: %s", text)
	}
	for _, key := range []term.Key{"q", term.Interrupt, ""} {
		if _, _, leave := s.press(key); !leave {
			t.Errorf("%q does not leave", key)
		}
	}
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{15 * time.Minute: "15m", time.Hour: "1h", 24 * time.Hour: "24h", 7 * 24 * time.Hour: "7d", 90 * time.Minute: "1h30m"} {
		if got := short(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
