package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPackIsWholeAndRepeatable(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "azptu")
	if err := os.WriteFile(source, []byte("binary"), 0o600); err != nil {
		t.Fatal(err)
	}
	members := []member{{"azptu_1_linux_amd64/azptu", source, 0o755}}
	for _, c := range []struct {
		name string
		read func(t *testing.T, raw []byte) (string, os.FileMode, string)
	}{{"a.tar.gz", firstOfTar}, {"a.zip", firstOfZip}} {
		var before []byte
		for range 2 {
			archive := filepath.Join(dir, c.name)
			if err := pack(archive, members); err != nil {
				t.Fatal(err)
			}
			raw, err := os.ReadFile(archive)
			if err != nil {
				t.Fatal(err)
			}
			if before != nil && !bytes.Equal(raw, before) {
				t.Errorf("%s: packed twice, it is not the same", c.name)
			}
			before = raw
		}
		name, mode, text := c.read(t, before)
		if name != members[0].name || mode != 0o755 || text != "binary" {
			t.Errorf("%s holds %s %v %q", c.name, name, mode, text)
		}
	}
}

func TestPackSaysWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.tar.gz", "a.zip"} {
		err := pack(filepath.Join(dir, name), []member{{"azptu", filepath.Join(dir, "nothing"), 0o755}})
		if err == nil || !strings.Contains(err.Error(), "nothing") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func firstOfTar(t *testing.T, raw []byte) (string, os.FileMode, string) {
	zipped, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewReader(zipped)
	header, err := archive.Next()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(archive)
	if err != nil {
		t.Fatal(err)
	}
	return header.Name, header.FileInfo().Mode(), string(text)
}

func firstOfZip(t *testing.T, raw []byte) (string, os.FileMode, string) {
	archive, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	entry, err := archive.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(entry)
	if err != nil {
		t.Fatal(err)
	}
	return archive.File[0].Name, archive.File[0].Mode(), string(text)
}
