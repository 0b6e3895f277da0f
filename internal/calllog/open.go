package calllog

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/azptu/azptu/internal/kql/scan"
	"github.com/azptu/azptu/internal/kql/value"
)

// Services bring columns of their own into an open table. Which ones a folder
// has is written beside the segments, before the first row that has them, so
// that readers know them without reading rows.
const openFile = "columns.json"

// maxOpen is how many columns of their own services may bring, as in Azure
// Monitor; what goes beyond ends up in AdditionalFields.
const maxOpen = 500

// openColumns are the columns beyond its schema that an open table has.
type openColumns struct {
	columns []scan.Column
	place   map[string]int
	saved   int // how many of them the file names
}

// column finds a column, or makes it if its name is a name and tells its type.
func (o *openColumns) column(name string) (scan.Column, bool) {
	if place, ok := o.place[name]; ok {
		return o.columns[place], true
	}
	kind, ok := TypeBySuffix(name)
	if !ok || !isName(name) || len(o.columns) >= maxOpen {
		return scan.Column{}, false
	}
	c := scan.Column{Name: name, Type: kind}
	o.place[name], o.columns = len(o.columns), append(o.columns, c)
	return c, true
}

func isName(s string) bool {
	if len(s) > 200 {
		return false
	}
	for i, c := range []byte(s) {
		letter := c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// openTable is what the folder knows of an open table's own columns.
func (s *Store) openTable(schema *Schema) *openColumns {
	if o := s.intake.open[schema.Table]; o != nil {
		return o
	}
	known, err := readOpen(filepath.Join(s.dir, schema.Table))
	if err != nil {
		s.opt.Log.Warn("the columns of a table are not known", "table", schema.Table, "error", err)
	}
	o := &openColumns{columns: known, place: map[string]int{}, saved: len(known)}
	for i, c := range known {
		o.place[c.Name] = i
	}
	if s.intake.open == nil {
		s.intake.open = map[string]*openColumns{}
	}
	s.intake.open[schema.Table] = o
	return o
}

// saveOpen writes new columns down.
func (s *Store) saveOpen(schema *Schema) error {
	o := s.intake.open[schema.Table]
	if o == nil || o.saved == len(o.columns) {
		return nil
	}
	folder := filepath.Join(s.dir, schema.Table)
	names := make([][2]string, 0, len(o.columns))
	for _, c := range o.columns {
		names = append(names, [2]string{c.Name, c.Type.String()})
	}
	err := os.MkdirAll(folder, 0o700)
	if err == nil {
		err = writeDurably(filepath.Join(folder, openFile), func(out *bufio.Writer) error { return json.NewEncoder(out).Encode(names) })
	}
	if err != nil {
		return fmt.Errorf("writing the columns of %s: %w", schema.Table, err)
	}
	o.saved = len(o.columns)
	return nil
}

// readOpen reads which own columns an open table has.
func readOpen(folder string) ([]scan.Column, error) {
	raw, err := os.ReadFile(filepath.Join(folder, openFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the columns of a table: %w", err)
	}
	var names [][2]string
	if err := json.Unmarshal(raw, &names); err != nil {
		return nil, fmt.Errorf("reading the columns of a table: %w", err)
	}
	columns := make([]scan.Column, 0, len(names))
	for _, n := range names {
		if t, ok := value.TypeByName(n[1]); ok {
			columns = append(columns, scan.Column{Name: n[0], Type: t})
		}
	}
	return columns, nil
}

// schemaIn is the schema of a table as folders have it, with the columns that
// services brought. A list of columns that cannot be read means none.
func schemaIn(schema *Schema, dirs ...string) *Schema {
	if !schema.Open {
		return schema
	}
	wide := schema
	for _, dir := range dirs {
		more, err := readOpen(filepath.Join(dir, schema.Table))
		if err != nil {
			continue
		}
		wide = wide.with(more)
	}
	return wide
}

// with is the schema with further columns behind its own.
func (s *Schema) with(more []scan.Column) *Schema {
	wide := *s
	wide.Columns, wide.index = slices.Clone(s.Columns), maps.Clone(s.index)
	for _, c := range more {
		if _, known := wide.index[c.Name]; !known {
			wide.index[c.Name] = len(wide.Columns)
			wide.Columns = append(wide.Columns, c)
		}
	}
	return &wide
}
