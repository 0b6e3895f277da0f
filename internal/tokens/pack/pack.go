//go:build ignore

// Command pack writes the vocabularies that package tokens embeds: every token
// in the order of its rank, each behind one byte that holds its length, the
// whole deflated. It takes them from github.com/tiktoken-go/tokenizer, which
// has them as Go maps eight times the size. Run it by go generate.
package main

import (
	"bytes"
	"compress/flate"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tiktoken-go/tokenizer/codec"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: pack DIRECTORY")
		os.Exit(2)
	}
	for _, source := range []*codec.Codec{codec.NewCl100kBase(), codec.NewO200kBase()} {
		path := filepath.Join(os.Args[1], source.GetName()+".flate")
		if err := pack(source, path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func pack(source *codec.Codec, path string) error {
	var raw bytes.Buffer
	for id := uint(0); ; id++ {
		token, err := source.Decode([]uint{id})
		if err != nil {
			break // ranks have no gaps: the first unknown one is the end
		}
		if len(token) > 255 {
			return fmt.Errorf("token %d of %s is longer than a byte can tell", id, source.GetName())
		}
		raw.WriteByte(byte(len(token)))
		raw.WriteString(token)
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return fmt.Errorf("packing %s: %w", source.GetName(), err)
	}
	if _, err := w.Write(raw.Bytes()); err != nil {
		return fmt.Errorf("packing %s: %w", source.GetName(), err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("packing %s: %w", source.GetName(), err)
	}
	return os.WriteFile(path, packed.Bytes(), 0o644)
}
