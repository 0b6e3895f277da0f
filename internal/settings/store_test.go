package settings

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func newTestStore(t *testing.T, dir string) (*Store, *[]string) {
	t.Helper()
	var warnings []string
	return NewStore(dir, func() time.Time { return noon }, func(aside string, reason error) {
		warnings = append(warnings, aside+": "+reason.Error())
	}), &warnings
}

func TestStoreRemembers(t *testing.T) {
	ctx := context.Background()
	store, _ := newTestStore(t, filepath.Join(t.TempDir(), "deep", "azptu"))
	if state, err := store.Load(ctx); err != nil || state != (State{}) {
		t.Fatalf("an empty store: %+v, %v", state, err)
	}
	if err := store.Update(ctx, func(s *State) error { s.ResourceGroup = "rg"; return nil }); err != nil {
		t.Fatal(err)
	}
	failed := errors.New("changed my mind")
	if err := store.Update(ctx, func(s *State) error { s.ResourceGroup = "other"; return failed }); !errors.Is(err, failed) {
		t.Errorf("a change that fails: %v", err)
	}
	state, err := store.Load(ctx)
	if err != nil || state.ResourceGroup != "rg" {
		t.Errorf("%+v, %v", state, err)
	}
	if info, err := os.Stat(store.Path()); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if had, err := store.Clear(ctx); !had || err != nil {
		t.Errorf("Clear = %v, %v", had, err)
	}
	if had, err := store.Clear(ctx); had || err != nil {
		t.Errorf("second Clear = %v, %v", had, err)
	}
}

// Many stores on one file, as many processes would have: no change is lost and
// no reader ever sees half a file.
func TestStoreSharedByMany(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	var wg sync.WaitGroup
	const writers, rounds = 8, 10
	for w := range writers {
		wg.Go(func() {
			store, warnings := newTestStore(t, dir)
			for round := range rounds {
				err := store.Update(ctx, func(s *State) error {
					if s.Cache == nil {
						s.Cache = &Projects{}
					}
					s.Cache.Items = append(s.Cache.Items, Project{Name: fmt.Sprintf("%d-%d", w, round)})
					return nil
				})
				if err != nil {
					t.Error(err)
				}
				if _, err := store.Load(ctx); err != nil || len(*warnings) > 0 {
					t.Errorf("reading beside writers: %v %v", err, *warnings)
				}
			}
		})
	}
	wg.Wait()
	store, _ := newTestStore(t, dir)
	state, err := store.Load(ctx)
	if err != nil || state.Cache == nil || len(state.Cache.Items) != writers*rounds {
		t.Fatalf("%v: changes were lost: %+v", err, state.Cache)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*.new-*"))
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestDamagedStateIsSetAside(t *testing.T) {
	ctx := context.Background()
	for name, content := range map[string]string{
		"empty": "", "cut": `{"version":1,`, "array": `[]`, "twice": `{} {}`, "newer": `{"version":99}`, "binary": "\x00\x01\x02", "wrong type": `{"resource_group": 7}`,
	} {
		t.Run(name, func(t *testing.T) {
			store, warnings := newTestStore(t, t.TempDir())
			if err := os.WriteFile(store.Path(), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			state, err := store.Load(ctx)
			if err != nil || state != (State{}) || len(*warnings) != 1 {
				t.Fatalf("%+v, %v, warnings %v", state, err, *warnings)
			}
			kept, err := os.ReadFile(store.Path() + ".damaged-20260501T120000Z")
			if err != nil || string(kept) != content {
				t.Errorf("not kept: %q, %v", kept, err)
			}
			if err := store.Update(ctx, func(s *State) error { s.Project = "p"; return nil }); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestStoreWithoutAPlace(t *testing.T) {
	ctx := context.Background()
	homeless, _ := newTestStore(t, "")
	if _, err := homeless.Load(ctx); err != nil {
		t.Errorf("reading without a folder: %v", err)
	}
	if err := homeless.Update(ctx, func(*State) error { return nil }); !errors.Is(err, ErrNoFolder) {
		t.Errorf("writing without a folder: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	blocked, _ := newTestStore(t, filepath.Join(file, "azptu"))
	var state *StateError
	if err := blocked.Update(ctx, func(*State) error { return nil }); !errors.As(err, &state) || state.Path == "" {
		t.Errorf("writing below a file: %v", err)
	}
}

func TestLockIsWaitedForNoLongerThanTheContext(t *testing.T) {
	dir := t.TempDir()
	holder, _ := newTestStore(t, dir)
	waiter, _ := newTestStore(t, dir)
	err := holder.Update(context.Background(), func(*State) error {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		err := waiter.Update(ctx, func(*State) error { return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("waiting for a lock: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestCacheExpires(t *testing.T) {
	state := State{Cache: &Projects{SavedAt: noon, Cloud: "public", SubscriptionID: "AB", Items: []Project{{Name: "p"}}}}
	for _, c := range []struct {
		cloud, sub string
		after, age time.Duration
		fresh      bool
	}{
		{"public", "ab", 0, 5 * time.Minute, true},
		{"public", "AB", 5*time.Minute - 1, 5 * time.Minute, true},
		{"public", "AB", 5 * time.Minute, 5 * time.Minute, false},
		{"public", "AB", 0, 0, false},                  // caching is switched off
		{"public", "AB", -time.Hour, time.Hour, false}, // the clock was set back
		{"usgov", "AB", 0, time.Hour, false},
		{"public", "CD", 0, time.Hour, false},
	} {
		if _, fresh := state.Fresh(c.cloud, c.sub, noon.Add(c.after), c.age); fresh != c.fresh {
			t.Errorf("%+v: fresh = %v", c, fresh)
		}
	}
	if _, fresh := (State{}).Fresh("public", "", noon, time.Hour); fresh {
		t.Error("nothing is fresh")
	}
}

func FuzzParseState(f *testing.F) {
	f.Add([]byte(`{"version":1,"resource_group":"rg","projects":{"saved_at":"2026-05-01T12:00:00Z","items":[{"name":"p"}]}}`))
	f.Add([]byte(`{}{}`))
	f.Add([]byte("\xef\xbb\xbf{}"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		state, err := ParseState(raw)
		if err != nil && (state.Cache != nil || state.Project != "") && strings.Contains(err.Error(), "newer") {
			t.Errorf("half a state beside an error: %+v", state)
		}
		state.Fresh("public", "", noon, time.Minute)
	})
}
