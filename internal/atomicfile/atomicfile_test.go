package atomicfile

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state.json")
	for i, content := range []string{"one", "", "three"} {
		mode := []os.FileMode{0o600, 0o644, 0o600}[i]
		if err := Write(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != content {
			t.Errorf("%q %v, want %q", got, err, content)
		}
		if info, err := os.Stat(path); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm() != mode) {
			t.Errorf("%v %v, want %v", info.Mode(), err, mode)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v %v", left, err)
	}
}

// What cannot be replaced stays as it is, and nothing is left beside it.
func TestWriteThatFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "taken")
	if err := os.MkdirAll(filepath.Join(path, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []byte("x"), 0o600); err == nil {
		t.Error("a folder was replaced")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v %v", left, err)
	}
	if err := Write(filepath.Join(dir, "no", "folder"), []byte("x"), 0o600); err == nil {
		t.Error("written into a folder that is not there")
	}
}

// A file of somebody else's keeps its mode, owner and group, and the link that
// leads to it.
func TestRewrite(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "gateway.yaml"), filepath.Join(dir, "link.yaml")
	if err := Rewrite(path, []byte("x")); err == nil {
		t.Error("a file that is not there was rewritten")
	}
	if runtime.GOOS == "windows" {
		link = path // links need a right of their own there
	} else if err := os.Symlink("gateway.yaml", link); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o640, 0o644, 0o600} {
		if err := os.WriteFile(path, []byte("old"), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		given := os.Getuid() == 0 && os.Chown(path, 12345, 54321) == nil
		if err := Rewrite(link, []byte("new")); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != mode {
			t.Errorf("%v, %v, want %v", info.Mode(), err, mode)
		}
		if given && !ownedBy(info, 12345, 54321) {
			t.Error("owner and group were not kept")
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != "new" {
			t.Errorf("%q, %v", got, err)
		}
	}
	if info, err := os.Lstat(link); err != nil || link != path && info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link became a file: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 2 {
		t.Errorf("%v %v", left, err)
	}
}
