package sse

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// plain is an Event that outlives its stream.
type plain struct {
	Name, Data, ID string
	HasData        bool
}

func keep(e Event) plain { return plain{string(e.Name), string(e.Data), string(e.ID), e.HasData} }

func readAll(t testing.TB, src io.Reader, maxEvent int) ([]plain, error) {
	t.Helper()
	r := NewReader(src, maxEvent)
	var got []plain
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return got, nil
		}
		if err != nil {
			return got, err
		}
		got = append(got, keep(e))
	}
}

var streams = []struct {
	name, text string
	want       []plain
	cut        bool
}{
	{"one event", "data: a\n\n", []plain{{Data: "a", HasData: true}}, false},
	{"no space", "data:a\n\n", []plain{{Data: "a", HasData: true}}, false},
	{"two spaces keep one", "data:  a\n\n", []plain{{Data: " a", HasData: true}}, false},
	{"crlf", "data: a\r\n\r\ndata: b\r\n\r\n", []plain{{Data: "a", HasData: true}, {Data: "b", HasData: true}}, false},
	{"cr", "data: a\r\rdata: b\r\r", []plain{{Data: "a", HasData: true}, {Data: "b", HasData: true}}, false},
	{"mixed ends", "data: a\r\ndata: b\n\ndata: c\r\n\n", []plain{{Data: "a\nb", HasData: true}, {Data: "c", HasData: true}}, false},
	{"byte order mark", "\ufeffdata: a\n\n", []plain{{Data: "a", HasData: true}}, false},
	{"comment", ": keep-alive\n\ndata: a\n\n", []plain{{}, {Data: "a", HasData: true}}, false},
	{"name and id", "event: done\nid: 7\ndata: a\n\n", []plain{{Name: "done", ID: "7", Data: "a", HasData: true}}, false},
	{"id with a zero byte", "id: 7\x00\ndata: a\n\n", []plain{{Data: "a", HasData: true}}, false},
	{"three lines", "data: a\ndata:\ndata: c\n\n", []plain{{Data: "a\n\nc", HasData: true}}, false},
	{"field without colon", "data\n\n", []plain{{HasData: true}}, false},
	{"unknown field", "retry: 10\nfoo: bar\ndata: a\n\n", []plain{{Data: "a", HasData: true}}, false},
	{"extra blank lines", "\n\ndata: a\n\n\n\ndata: b\n\n", []plain{{Data: "a", HasData: true}, {Data: "b", HasData: true}}, false},
	{"colon in data", "data: {\"a\": \"b: c\"}\n\n", []plain{{Data: `{"a": "b: c"}`, HasData: true}}, false},
	{"cut inside an event", "data: a\n\ndata: b\n", []plain{{Data: "a", HasData: true}}, true},
	{"empty", "", nil, false},
}

func TestReaderAndSplitterAgreeOnEveryStream(t *testing.T) {
	for _, tc := range streams {
		t.Run(tc.name, func(t *testing.T) {
			for name, src := range map[string]io.Reader{
				"whole":  strings.NewReader(tc.text),
				"bytes":  iotest.OneByteReader(strings.NewReader(tc.text)),
				"halves": iotest.HalfReader(strings.NewReader(tc.text)),
			} {
				got, err := readAll(t, src, 0)
				if (err != nil) != tc.cut {
					t.Fatalf("%s: error %v, cut wanted %v", name, err, tc.cut)
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
			}
			for cut := 0; cut <= len(tc.text); cut++ {
				got, s := split(t, tc.text, cut)
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("split at %d: %s", cut, diff)
				}
				if (s.Pending() > 1) != tc.cut {
					t.Errorf("split at %d: %d bytes pending, cut wanted %v", cut, s.Pending(), tc.cut)
				}
			}
		})
	}
}

func split(t testing.TB, text string, cut int) ([]plain, *Splitter) {
	t.Helper()
	var got []plain
	s := new(Splitter)
	for _, piece := range []string{text[:cut], text[cut:]} {
		if err := s.Write([]byte(piece), func(e Event) error { got = append(got, keep(e)); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	return got, s
}

func TestAnEventPastTheBoundIsRefused(t *testing.T) {
	text := "data: " + strings.Repeat("x", 100000) + "\n\n"
	if _, err := readAll(t, iotest.HalfReader(strings.NewReader(text)), 1000); !errors.Is(err, ErrTooLong) {
		t.Errorf("reader: %v", err)
	}
	s := Splitter{Max: 1000}
	var err error
	for i := 0; i < len(text) && err == nil; i += 500 {
		err = s.Write([]byte(text[i:min(i+500, len(text))]), func(Event) error { return nil })
	}
	if !errors.Is(err, ErrTooLong) {
		t.Errorf("splitter: %v", err)
	}
}

func TestAStreamThatFailsReportsItsError(t *testing.T) {
	broken := errors.New("connection reset")
	_, err := readAll(t, io.MultiReader(strings.NewReader("data: a\n\nda"), iotest.ErrReader(broken)), 0)
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestWriterIsReadBackAsWritten(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out)
	events := []Event{
		{Data: []byte("one"), HasData: true},
		{Name: []byte("delta"), ID: []byte("3"), Data: []byte("a\nb\n\nc"), HasData: true},
		{Data: []byte(""), HasData: true},
	}
	for _, e := range events {
		if err := w.Event(e); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{w.Comment("still\nhere"), w.Data([]byte("last")), w.Done()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := readAll(t, &out, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []plain{
		{Data: "one", HasData: true},
		{Name: "delta", ID: "3", Data: "a\nb\n\nc", HasData: true},
		{HasData: true},
		{},
		{Data: "last", HasData: true},
		{Data: "[DONE]", HasData: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// reference reads a stream the plain way: normalize line ends, go line by line.
func reference(text string) []plain {
	text = strings.TrimPrefix(text, "\ufeff")
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	var out []plain
	var e plain
	seen := false
	lines := strings.Split(text, "\n")
	for _, line := range lines[:len(lines)-1] {
		if line == "" {
			if seen {
				out = append(out, e)
			}
			e, seen = plain{}, false
			continue
		}
		seen = true
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "data":
			if e.HasData {
				e.Data += "\n"
			}
			e.Data, e.HasData = e.Data+value, true
		case "event":
			e.Name = value
		case "id":
			if !strings.Contains(value, "\x00") {
				e.ID = value
			}
		}
	}
	return out
}

func FuzzReaderMatchesTheReference(f *testing.F) {
	for i, tc := range streams {
		f.Add([]byte(tc.text), uint8(i))
	}
	f.Fuzz(func(t *testing.T, text []byte, cut uint8) {
		want := reference(string(text))
		got, err := readAll(t, iotest.OneByteReader(bytes.NewReader(text)), 1<<20)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("reader: %s", diff)
		}
		got, _ = split(t, string(text), int(cut)*len(text)/255)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("splitter: %s", diff)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	var stream bytes.Buffer
	for i := range 200 {
		fmt.Fprintf(&stream, "data: {\"choices\":[{\"delta\":{\"content\":\"token %d\"}}],\"pad\":%q}\n\n", i, strings.Repeat("x", 500))
	}
	b.SetBytes(int64(stream.Len()))
	b.ReportAllocs()
	for b.Loop() {
		r := NewReader(bytes.NewReader(stream.Bytes()), 0)
		for {
			if _, err := r.Next(); err != nil {
				break
			}
		}
	}
}

func BenchmarkSplitter(b *testing.B) {
	piece := []byte("data: {\"choices\":[{\"delta\":{\"content\":\"token\"}}],\"pad\":\"" + strings.Repeat("x", 500) + "\"}\n\n")
	b.SetBytes(int64(len(piece)))
	b.ReportAllocs()
	var s Splitter
	nothing := func(Event) error { return nil }
	for b.Loop() {
		if err := s.Write(piece, nothing); err != nil {
			b.Fatal(err)
		}
	}
}
