package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tidwall/sjson"

	"github.com/azptu/azptu/internal/atomicfile"
)

// SetInFile writes one general setting into a configuration file, which is
// created when it is not there, and leaves everything else in it as it is. An
// empty value takes the setting out. A file that would still have faults after
// the change is not touched. Errors are *ReadError, *InvalidError, *ValueError, or about writing.
func SetInFile(path string, key Key, value string) error {
	if value != "" && !key.Accepts(value) {
		return &ValueError{key, value, key.Name}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("creating the folder of %s: %w", path, err)
	}
	raw, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist) || err == nil && len(bytes.TrimSpace(raw)) == 0:
		raw = []byte("{}\n")
	case err != nil:
		return &ReadError{path, err}
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	if _, faults := Parse(raw); !json.Valid(raw) {
		return &InvalidError{path, faults}
	}
	changed, err := edit(raw, key, value)
	if err != nil {
		return fmt.Errorf("changing %s: %w", path, err)
	}
	if _, faults := Parse(changed); len(faults) > 0 {
		return &InvalidError{path, faults}
	}
	mode := os.FileMode(0o644)
	if known, err := os.Stat(path); err == nil {
		mode = known.Mode().Perm()
	}
	if err := atomicfile.Write(path, changed, mode); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

func edit(raw []byte, key Key, value string) ([]byte, error) {
	at := "settings." + key.Name
	if value == "" {
		return sjson.DeleteBytes(raw, at)
	}
	changed, err := sjson.SetBytes(raw, at, key.Typed(value))
	if err == nil && bytes.Equal(bytes.TrimSpace(raw), []byte("{}")) {
		var pretty bytes.Buffer // a file of our own is written to be read
		if indentErr := json.Indent(&pretty, changed, "", "  "); indentErr == nil {
			changed = append(bytes.TrimSpace(pretty.Bytes()), '\n')
		}
	}
	return changed, err
}
