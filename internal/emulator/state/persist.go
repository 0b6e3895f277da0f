package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/azptu/azptu/internal/atomicfile"
)

// savedWorld is the form of the file: a version, so that a later emulator knows
// what it reads.
type savedWorld struct {
	Version int
	World   *world
}

const savedVersion = 1

// load reads a saved world; nil without an error when there is none yet.
func load(path string) (*world, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading emulator state: %w", err)
	}
	saved := savedWorld{World: newWorld()}
	if err := json.Unmarshal(b, &saved); err != nil {
		return nil, fmt.Errorf("reading emulator state %s: %w", path, err)
	}
	if saved.Version != savedVersion || saved.World == nil || len(saved.World.Subscriptions) == 0 {
		return nil, fmt.Errorf("reading emulator state %s: it is of version %d, and this program reads version %d", path, saved.Version, savedVersion)
	}
	return saved.World, nil
}

// save replaces the file in one step: a crash leaves the old one or the new.
func save(path string, w *world) error {
	b, err := json.Marshal(savedWorld{Version: savedVersion, World: w})
	if err != nil {
		return fmt.Errorf("writing emulator state: %w", err)
	}
	if err := atomicfile.Write(path, b, 0o600); err != nil {
		return fmt.Errorf("writing emulator state: %w", err)
	}
	return nil
}

// Saved is why the world could not be kept the last time, nil when it was.
func (s *Store) Saved() error {
	defer s.lock()()
	return s.saved
}
