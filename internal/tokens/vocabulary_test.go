package tokens

import (
	"bytes"
	"compress/flate"
	"flag"
	"os"
	"testing"

	"github.com/tiktoken-go/tokenizer"
)

var update = flag.Bool("update", false, "write the vocabularies anew")

func TestEmbeddedVocabulariesAreComplete(t *testing.T) {
	for _, e := range encodings() {
		codec, err := tokenizer.Get(tokenizer.Encoding(e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		var raw bytes.Buffer
		count := 0
		for ; ; count++ {
			token, err := codec.Decode([]uint{uint(count)})
			if err != nil {
				break // ranks have no gaps: the first unknown one is the end
			}
			raw.WriteByte(byte(len(token)))
			raw.WriteString(token)
		}
		if *update {
			write(t, "vocabulary/"+e.Name()+".flate", raw.Bytes())
			continue
		}
		e.Load()
		if got := len(e.words.ends); got != count || count < 100000 {
			t.Fatalf("%s has %d tokens, wanted %d", e.Name(), got, count)
		}
		for id := range count {
			want, err := codec.Decode([]uint{uint(id)})
			if err != nil {
				t.Fatal(err)
			}
			if got := e.Token(uint32(id)); string(got) != want || e.words.rank(got) != uint32(id) {
				t.Fatalf("%s: token %d is %q, wanted %q", e.Name(), id, got, want)
			}
		}
		if e.Token(uint32(count)) != nil || e.words.rank([]byte("no such token at all")) != noRank {
			t.Errorf("%s knows tokens that do not exist", e.Name())
		}
	}
}

func write(t *testing.T, path string, raw []byte) {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, packed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
