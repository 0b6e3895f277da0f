package settings

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/azptu/azptu/internal/atomicfile"
)

// Store keeps the State in one file. Several processes may use it at once:
// each change happens under a lock and replaces the file in one step, so a
// reader sees either what was or what is.
type Store struct {
	dir  string
	now  func() time.Time
	warn func(setAside string, reason error)
}

// ErrNoFolder says that there is nowhere to keep the state: no home directory
// and no AZPTU_STATE_DIR.
var ErrNoFolder = errors.New("no folder for the state file")

// StateError says that the state file could not be read or written.
type StateError struct {
	Path string
	Err  error
}

func (e *StateError) Error() string { return fmt.Sprintf("state file %s: %v", e.Path, e.Err) }

// Unwrap is what the operating system said.
func (e *StateError) Unwrap() error { return e.Err }

const (
	lockPatience = 10 * time.Second // how long to wait for another process
	lockPause    = 20 * time.Millisecond
)

// NewStore keeps the state in dir, which is created when first written to.
// warn is told when a damaged file was set aside; setAside is "" when even
// that was not possible.
func NewStore(dir string, now func() time.Time, warn func(setAside string, reason error)) *Store {
	return &Store{dir: dir, now: now, warn: warn}
}

// Path is where the state file is, or would be.
func (s *Store) Path() string {
	if s.dir == "" {
		return ""
	}
	return filepath.Join(s.dir, StateName)
}

// Load reads the state. No file, or no folder, is an empty state; a damaged
// file is set aside and is an empty state too. Errors are *StateError.
func (s *Store) Load(ctx context.Context) (State, error) {
	if s.dir == "" {
		return State{}, nil
	}
	state, err := s.read()
	var damage *damagedError
	if !errors.As(err, &damage) {
		return state, err
	}
	unlock, err := s.lock(ctx)
	if err != nil { // a folder that cannot be written: say so and go on
		s.warn("", damage.reason)
		return State{}, nil
	}
	defer unlock()
	return s.readOrSetAside()
}

// Update changes the state: it loads, lets change edit, and writes. Nothing is
// written when change fails. Errors are ErrNoFolder, *StateError or change's.
func (s *Store) Update(ctx context.Context, change func(*State) error) error {
	if s.dir == "" {
		return ErrNoFolder
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	state, err := s.readOrSetAside()
	if err != nil {
		return err
	}
	if err := change(&state); err != nil {
		return err
	}
	state.Version = stateVersion
	return s.write(state)
}

// Clear forgets everything. had tells whether there was anything.
func (s *Store) Clear(ctx context.Context) (had bool, err error) {
	if s.dir == "" || !exists(s.Path()) {
		return false, nil
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return false, err
	}
	defer unlock()
	if err := os.Remove(s.Path()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, &StateError{s.Path(), err}
	}
	return true, nil
}

// damagedError is a file that is there but is no state.
type damagedError struct{ reason error }

func (e *damagedError) Error() string { return e.reason.Error() }

func (s *Store) read() (State, error) {
	f, err := os.Open(s.Path())
	if errors.Is(err, os.ErrNotExist) {
		return State{}, nil
	}
	if err != nil {
		return State{}, &StateError{s.Path(), err}
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, stateMaximum+1))
	if err != nil {
		return State{}, &StateError{s.Path(), err}
	}
	state, err := ParseState(raw)
	if err != nil {
		return State{}, &damagedError{err}
	}
	return state, nil
}

// readOrSetAside reads under the lock; a damaged file is renamed so that its
// content is not lost, and the state begins afresh.
func (s *Store) readOrSetAside() (State, error) {
	state, err := s.read()
	var damage *damagedError
	if !errors.As(err, &damage) {
		return state, err
	}
	aside := s.Path() + ".damaged-" + s.now().UTC().Format("20060102T150405Z")
	if err := os.Rename(s.Path(), aside); err != nil {
		aside = ""
	}
	s.warn(aside, damage.reason)
	return State{}, nil
}

func (s *Store) lock(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, &StateError{s.Path(), err}
	}
	lock := flock.New(s.Path()+".lock", flock.SetPermissions(0o600))
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	if _, err := lock.TryLockContext(ctx, lockPause); err != nil {
		return nil, &StateError{s.Path(), fmt.Errorf("waiting for another azptu: %w", err)}
	}
	return func() { _ = lock.Unlock() }, nil
}

// write replaces the file in one step, readable by its owner alone.
func (s *Store) write(state State) error {
	raw, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return &StateError{s.Path(), err}
	}
	if err := atomicfile.Write(s.Path(), append(raw, '\n'), 0o600); err != nil {
		return &StateError{s.Path(), err}
	}
	return nil
}
