package settings

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
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
	unlock, err := alone(path)
	if err != nil {
		return fmt.Errorf("locking %s: %w", path, err)
	}
	defer unlock()
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
	err = atomicfile.Rewrite(path, changed) // it may be a link, and others may read it
	if errors.Is(err, os.ErrNotExist) {
		err = atomicfile.Write(path, changed, 0o644)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// alone waits until no other process changes path, and keeps others waiting
// until unlock. The lock is a file beside it, which is gone afterwards: who got
// the lock of a file that was taken away meanwhile tries again.
func alone(path string) (unlock func(), err error) {
	name := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".lock")
	ctx, cancel := context.WithTimeout(context.Background(), lockPatience)
	defer cancel()
	for {
		lock := flock.New(name, flock.SetPermissions(0o600))
		if _, err := lock.TryLockContext(ctx, lockPause); err != nil {
			return nil, err
		}
		held, heldErr := lock.Stat()
		there, thereErr := os.Stat(name)
		if heldErr == nil && thereErr == nil && os.SameFile(held, there) {
			return func() { _ = os.Remove(name); _ = lock.Unlock() }, nil
		}
		_ = lock.Unlock()
	}
}

// edit changes one value of a file's text. A text that is laid out as we lay
// out ours stays so; any other keeps its own looks.
func edit(raw []byte, key Key, value string) (changed []byte, err error) {
	at := "settings." + key.Name
	if value == "" {
		changed, err = sjson.DeleteBytes(raw, at)
	} else {
		changed, err = sjson.SetBytes(raw, at, key.Typed(value))
	}
	if err == nil && bytes.Equal(bytes.TrimSpace(raw), bytes.TrimSpace(laidOut(raw))) {
		changed = laidOut(changed)
	}
	return changed, err
}

// laidOut is JSON as we write it: two spaces a level. What is no JSON stays.
func laidOut(raw []byte) []byte {
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, raw, "", "  "); err != nil {
		return raw
	}
	return append(bytes.TrimSpace(pretty.Bytes()), '\n')
}
