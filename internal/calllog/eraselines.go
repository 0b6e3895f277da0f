package calllog

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// lines rewrites a segment of lines. Sinks that still read it go on at the same
// row.
func (e *eraser) lines(table string, seg segment) (rows int, err error) {
	raw, err := os.ReadFile(seg.path)
	if err != nil {
		return 0, err
	}
	out, moved, rows := e.rewrite(table, raw)
	if rows == 0 {
		return 0, nil
	}
	for _, sh := range e.store.shippers {
		sh.mu.Lock()
		defer sh.mu.Unlock()
	}
	if err := writeWhole(seg.path, out); err != nil {
		return 0, err
	}
	return rows, e.moveCursors(table, seg.number, moved)
}

// rewrite gives a segment's lines without what is to be forgotten. moved tells
// for each place where a line began where it begins now.
func (e *eraser) rewrite(table string, raw []byte) (out []byte, moved map[int64]int64, rows int) {
	moved = map[int64]int64{}
	var lexer jsonlex.Lexer
	in := int64(0)
	for line := range bytes.Lines(raw) {
		moved[in] = int64(len(out))
		in += int64(len(line))
		object, err := openLine(line)
		if err != nil || !e.concerns(table, member(&lexer, object, erasable[table].id)) {
			out = append(out, line...)
			continue
		}
		if rows++; !e.Rows {
			out = appendWithout(out, &lexer, object, erasable[table].said)
		}
	}
	moved[in] = int64(len(out))
	return out, moved, rows
}

// member is the text of a string member of a line's object.
func member(l *jsonlex.Lexer, object []byte, name string) (text string) {
	l.Reset(append(slices.Clip(object), '}'))
	l.Object()
	for field, ok := l.Field(); ok; field, ok = l.Field() {
		if string(field) == name && l.Kind() == jsonlex.String {
			return string(l.String())
		}
		l.Skip()
	}
	return ""
}

// appendWithout appends a line without some of its members.
func appendWithout(b []byte, l *jsonlex.Lexer, object []byte, names []string) []byte {
	start, brief := len(b), false
	l.Reset(append(slices.Clip(object), '}'))
	l.Object()
	for field, ok := l.Field(); ok; field, ok = l.Field() {
		drop := slices.Contains(names, string(field))
		name := string(field)
		if raw := l.Skip(); !drop {
			separator := byte(',')
			if len(b) == start {
				separator = '{'
			}
			b = append(append(appendQuoted(append(b, separator), name), ':'), raw...)
			brief = brief || isSame(name, raw)
		}
	}
	return sealLine(b, start, brief)
}

// moveCursors lets sinks go on at the row they were at, also those that this
// writer does not know. The shippers are held.
func (e *eraser) moveCursors(table string, number int64, moved map[int64]int64) error {
	move := func(c cursor) cursor {
		if to, ok := moved[c.Offset]; ok && c.Segment == number {
			c.Offset = to
		}
		return c
	}
	var failed []error
	known := map[string]bool{}
	for _, sh := range e.store.shippers {
		known[sh.file(cursorSuffix)] = true
		for _, cursors := range []map[string]cursor{sh.cursors, sh.ahead} {
			if c, ok := cursors[table]; ok {
				cursors[table] = move(c)
			}
		}
		failed = append(failed, sh.save())
	}
	files, err := filepath.Glob(filepath.Join(e.store.dir, shipFolder, "*"+cursorSuffix))
	failed = append(failed, err)
	for _, path := range files {
		if known[path] {
			continue
		}
		cursors, err := readCursors(path)
		if err == nil {
			if c, ok := cursors[table]; ok {
				cursors[table] = move(c)
				var raw []byte
				if raw, err = json.Marshal(cursors); err == nil {
					err = writeWhole(path, raw)
				}
			}
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// setAside removes the rows of the calls from what sinks refused.
func (e *eraser) setAside() error {
	e.store.dead.Lock()
	defer e.store.dead.Unlock()
	files, err := filepath.Glob(filepath.Join(e.store.dir, shipFolder, "*"+deadSuffix+"*"))
	failed := []error{err}
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var lexer jsonlex.Lexer
		var out []byte
		for line := range bytes.Lines(raw) {
			var row deadRow
			if json.Unmarshal(line, &row) == nil && len(row.Row) > 1 && e.concerns(row.Table, member(&lexer, row.Row[:len(row.Row)-1], erasable[row.Table].id)) {
				continue
			}
			out = append(out, line...)
		}
		if err == nil && len(out) < len(raw) {
			err = writeWhole(path, out)
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}
