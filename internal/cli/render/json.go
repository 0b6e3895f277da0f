package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// writeJSON writes v with two spaces of indent and nothing escaped that JSON
// does not require.
func writeJSON(w io.Writer, v any) error {
	raw, err := toJSON(v, "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(raw)
	return err
}

func toJSON(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	if err := encoder.Encode(v); err != nil {
		return nil, fmt.Errorf("writing JSON: %w", err)
	}
	return b.Bytes(), nil
}

// generic turns v into what a JSON reader would see: maps, slices, strings,
// numbers, booleans and nil.
func generic(v any) (any, error) {
	raw, err := toJSON(v, "")
	if err != nil {
		return nil, err
	}
	var out any
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, fmt.Errorf("reading JSON back: %w", err)
	}
	return out, nil
}
