//go:build unix

// Package install holds the tests of install.sh: each runs it in a home of its
// own and looks at what is there before, between and after.
package install

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

// stub is an azptu as far as the installer asks it.
const stub = `#!/bin/sh
case "$1" in
version) echo "azptu stub" ;;
completion) echo "# completion for $2" ;;
help) [ "$2 $3" = "man --dir" ] && mkdir -p "$4" && echo ".TH azptu" >"$4/azptu.1" && echo ".TH azptu-up" >"$4/azptu-up.1" ;;
*) exit 2 ;;
esac
`

// home is a user's folder with the start-up files of two shells, one of them a
// symbolic link into another folder, as people keep their dotfiles.
func home(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "a home")
	write(t, filepath.Join(dir, "dotfiles/bashrc"), "alias ll='ls -l'\n", 0o640)
	write(t, filepath.Join(dir, ".zshrc"), "setopt autocd\n", 0o644)
	if err := os.Symlink("dotfiles/bashrc", filepath.Join(dir, ".bashrc")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t *testing.T, name, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func stubBinary(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "azptu")
	write(t, name, stub, 0o755)
	return name
}

// run calls the installer in a home, with the Go caches of the machine.
func run(t *testing.T, home string, args ...string) (string, error) {
	t.Helper()
	script, err := filepath.Abs("../../install.sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", append([]string{script}, args...)...)
	cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	if caches, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS").Output(); err == nil {
		for i, value := range strings.Split(string(caches), "\n")[:4] {
			cmd.Env = append(cmd.Env, []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS"}[i]+"="+value)
		}
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func mustRun(t *testing.T, home string, args ...string) string {
	t.Helper()
	out, err := run(t, home, args...)
	if err != nil {
		t.Fatalf("install.sh %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// snapshot lists everything below a folder with kind, mode and contents.
func snapshot(t *testing.T, root string) string {
	t.Helper()
	var lines []string
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == root {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, name)
		var contents []byte
		if info.Mode().IsRegular() {
			if contents, err = os.ReadFile(name); err != nil {
				return err
			}
			contents = contents[:min(len(contents), 4096)]
		}
		lines = append(lines, fmt.Sprintf("%s %v %q", rel, info.Mode(), contents))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

// newShell asks a login shell of that home where azptu is.
func newShell(t *testing.T, home string) string {
	t.Helper()
	cmd := exec.Command("sh", "-lc", "command -v azptu || true")
	cmd.Env = []string{"HOME=" + home, "PATH=/usr/bin:/bin"}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func TestInstallAndUndo(t *testing.T) {
	home := home(t)
	before := snapshot(t, home)
	binary := stubBinary(t)

	mustRun(t, home, "--binary", binary)
	installed := snapshot(t, home)
	if got, want := newShell(t, home), filepath.Join(home, ".local/bin/azptu"); got != want {
		t.Errorf("a new shell finds azptu at %q, want %q", got, want)
	}
	for _, file := range []string{".local/share/bash-completion/completions/azptu", ".local/share/zsh/site-functions/_azptu", ".config/fish/completions/azptu.fish"} {
		if raw, err := os.ReadFile(filepath.Join(home, file)); err != nil || !bytes.HasPrefix(raw, []byte("# completion for ")) {
			t.Errorf("%s: %q, %v", file, raw, err)
		}
	}

	if _, err := os.Stat(filepath.Join(home, ".local/share/man/man1/azptu.1")); err != nil {
		t.Errorf("no manual page: %v", err)
	}

	mustRun(t, home, "--binary", binary)
	if again := snapshot(t, home); again != installed {
		t.Errorf("installing twice is not installing once:\n%s\n\n%s", installed, again)
	}

	mustRun(t, home, "--uninstall")
	if left := snapshot(t, home); left != before {
		t.Errorf("undone, the home is not what it was:\n%s\n\n%s", before, left)
	}
	mustRun(t, home, "--uninstall")
}

// TestFromSource builds the real thing and sees it work where it was put.
func TestFromSource(t *testing.T) {
	home := home(t)
	mustRun(t, home)
	installed := filepath.Join(home, ".local/bin/azptu")
	out, err := exec.Command(installed, "version", "-o", "name").CombinedOutput()
	if err != nil || len(bytes.TrimSpace(out)) == 0 {
		t.Errorf("the installed azptu: %q, %v", out, err)
	}
	for shell, file := range map[string]string{"bash": ".local/share/bash-completion/completions/azptu", "zsh": ".local/share/zsh/site-functions/_azptu", "fish": ".config/fish/completions/azptu.fish"} {
		raw, err := os.ReadFile(filepath.Join(home, file))
		if err != nil || !bytes.Contains(raw, []byte("azptu")) {
			t.Errorf("no completion for %s: %v", shell, err)
		}
	}
	if raw, err := os.ReadFile(filepath.Join(home, ".local/share/man/man1/azptu.1")); err != nil || !bytes.Contains(raw, []byte(".TH")) {
		t.Errorf("no manual page: %v", err)
	}
	mustRun(t, home, "--uninstall")
	if _, err := os.Stat(installed); !os.IsNotExist(err) {
		t.Errorf("still there after --uninstall: %v", err)
	}
}

func TestUpdateWhileRunning(t *testing.T) {
	home := home(t)
	mustRun(t, home, "--binary", stubBinary(t))
	newer := filepath.Join(t.TempDir(), "azptu")
	write(t, newer, strings.Replace(stub, "azptu stub", "azptu newer", 1), 0o600)
	mustRun(t, home, "--binary", newer)
	out, err := exec.Command(filepath.Join(home, ".local/bin/azptu"), "version").Output()
	if err != nil || string(out) != "azptu newer\n" {
		t.Errorf("after the update: %q, %v", out, err)
	}
}

func TestOptions(t *testing.T) {
	home := home(t)
	before := snapshot(t, home)
	prefix := filepath.Join(t.TempDir(), "elsewhere")
	out := mustRun(t, home, "--binary", stubBinary(t), "--prefix="+prefix, "--no-path", "--no-completion", "--no-man")
	if !strings.Contains(out, prefix+"/bin/azptu") {
		t.Errorf("no word of where it went:\n%s", out)
	}
	if after := snapshot(t, home); after != before {
		t.Errorf("the home was touched:\n%s", after)
	}
	mustRun(t, home, "--prefix", prefix, "--uninstall")
	if _, err := os.Stat(prefix); !os.IsNotExist(err) {
		t.Errorf("the prefix is still there: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "azptu")
	write(t, broken, "#!/bin/sh\nexit 3\n", 0o755)
	for _, c := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"unknown option", []string{"--frobnicate"}, 2, "unknown option --frobnicate"},
		{"missing value", []string{"--binary"}, 1, "--binary wants a value"},
		{"no such binary", []string{"--binary", "/nowhere/azptu"}, 1, "no such file: /nowhere/azptu"},
		{"binary that fails", []string{"--binary", broken}, 1, "does not run on this machine"},
		{"prefix that PATH cannot hold", []string{"--binary", broken, "--prefix", "/tmp/a:b"}, 1, "cannot be put on PATH"},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := home(t)
			before := snapshot(t, home)
			out, err := run(t, home, c.args...)
			exit, ok := err.(*exec.ExitError)
			if !ok || exit.ExitCode() != c.code {
				t.Errorf("ended with %v, want exit code %d", err, c.code)
			}
			if !strings.Contains(out, c.says) {
				t.Errorf("says %q, want %q in it", out, c.says)
			}
			if after := snapshot(t, home); after != before {
				t.Errorf("something was left behind:\n%s", after)
			}
		})
	}
}
