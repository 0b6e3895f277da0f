package term

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestConfirm(t *testing.T) {
	for answer, want := range map[string]bool{
		"y\n": true, "Yes\n": true, " s \n": true, "SIM\r\n": true, "si\n": true, "sí\n": true, "y": true,
		"\n": false, "": false, "n\n": false, "não\n": false, "yep\n": false, "yy\n": false,
	} {
		var talk bytes.Buffer
		tty := &Terminal{In: strings.NewReader(answer), Err: &talk, InTTY: true}
		got, err := tty.Confirm(context.Background(), "Sure? [y/N]:")
		if err != nil || got != want || talk.String() != "Sure? [y/N]: " {
			t.Errorf("%q: %v, %v, asked %q", answer, got, err, talk.String())
		}
	}
}

func TestConfirmNeedsAPerson(t *testing.T) {
	script := &Terminal{In: strings.NewReader("y\n"), Err: io.Discard}
	if _, err := script.Confirm(context.Background(), "?"); !errors.Is(err, ErrNoPerson) {
		t.Errorf("%v", err)
	}
}

func TestConfirmCanBeInterrupted(t *testing.T) {
	never, _ := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	tty := &Terminal{In: never, Err: io.Discard, InTTY: true}
	if yes, err := tty.Confirm(ctx, "?"); yes || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", yes, err)
	}
}

func TestColour(t *testing.T) {
	for _, c := range []struct {
		tty  bool
		vars map[string]string
		want bool
	}{
		{true, nil, true},
		{false, nil, false},
		{true, map[string]string{"NO_COLOR": "1"}, false},
		{true, map[string]string{"TERM": "dumb"}, false},
		{false, map[string]string{"CLICOLOR_FORCE": "1"}, true},
		{false, map[string]string{"CLICOLOR_FORCE": "0"}, false},
		{true, map[string]string{"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, false},
	} {
		if got := wantsColour(c.tty, func(name string) string { return c.vars[name] }); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	terminal := &Terminal{OutColour: true}
	if got := terminal.OutStyle(Red, "x"); got != "\x1b[31mx\x1b[0m" {
		t.Errorf("%q", got)
	}
	if got := terminal.ErrStyle(Red, "x"); got != "x" {
		t.Errorf("%q", got)
	}
	terminal.SetColour("never")
	if got := terminal.OutStyle(Red, "x"); got != "x" {
		t.Errorf("%q", got)
	}
}

func TestProgressIsOneLineAndOnlyForAPerson(t *testing.T) {
	var talk bytes.Buffer
	line := (&Terminal{Err: &talk, ErrTTY: true, Width: 8}).Progress()
	line.Show("waiting for Azure")
	line.Done()
	line.Done()
	if got := talk.String(); got != "\r\x1b[Kwaitin…\r\x1b[K" {
		t.Errorf("%q", got)
	}
	talk.Reset()
	quiet := (&Terminal{Err: &talk}).Progress()
	quiet.Show("x")
	quiet.Done()
	(&Progress{}).Show("x")
	if talk.Len() > 0 {
		t.Errorf("%q", talk.String())
	}
}

func TestWidths(t *testing.T) {
	for _, c := range []struct {
		got, want string
	}{
		{Pad("ção", 5, false), "ção  "}, {Pad("12", 5, true), "   12"}, {Pad("🤖", 4, false), "🤖  "}, {Pad("long", 2, false), "long"},
		{Fit("abcdef", 4), "abc…"}, {Fit("abc", 4), "abc"}, {Fit("abc", 0), "abc"}, {Fit("🤖🤖🤖", 4), "🤖…"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestWrap(t *testing.T) {
	for text, want := range map[string]string{
		"short":                       "short",
		"one two three four five six": "one two three four\nfive six",
		"  set in on purpose and wider than the rest":  "  set in on purpose and wider than the rest",
		"a\nção ção ção ção ção ção\n\nb":              "a\nção ção ção ção ção\nção\n\nb",
		"https://an.address.that.cannot.be.broken/x y": "https://an.address.that.cannot.be.broken/x\ny",
	} {
		if got := Wrap(text, 20); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := Wrap("one two three four five six", 5); got != "one two three four five six" {
		t.Errorf("%q", got)
	}
}
