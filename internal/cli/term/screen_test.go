package term

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestKeys(t *testing.T) {
	var out bytes.Buffer
	restored := false
	s := newScreen(strings.NewReader("qã\x1b[A\x1b[1;5C\x1bOB\r\x01\x1b[3~\x03"), &out, func() (int, int) { return 10, 2 }, func() { restored = true })
	var got []Key
	for k := range s.Keys() {
		got = append(got, k)
	}
	want := []Key{"q", "ã", Up, Right, Down, Enter, Interrupt, Interrupt}
	if len(got) != len(want) {
		t.Fatalf("%q, want %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("key %d: %q, want %q", i, got[i], want[i])
		}
	}
	s.Draw([]string{"a line that is too wide", "b", "c"})
	s.Close()
	if text := out.String(); !restored || !strings.Contains(text, "a line th…\x1b[K\r\nb\x1b[K\x1b[J") || strings.Contains(text, "c\x1b") || !strings.HasSuffix(text, "\x1b[?1049l") {
		t.Errorf("%q", text)
	}
}

func TestFullScreenNeedsAPerson(t *testing.T) {
	if _, err := (&Terminal{In: strings.NewReader(""), Out: &bytes.Buffer{}}).FullScreen(); !errors.Is(err, ErrNoPerson) {
		t.Error(err)
	}
}
