package logs_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/azptu/azptu/internal/cli"
	"github.com/azptu/azptu/internal/cli/term"
	"github.com/azptu/azptu/internal/cli/verb"
)

// terminal is a pseudo terminal with a shell on its other end.
type terminal struct {
	t      *testing.T
	master *os.File
	slave  *os.File
	home   string

	mu    sync.Mutex
	shown bytes.Buffer
	seen  int // what of shown was waited for
	ended chan int
}

// openTerminal opens a pseudo terminal of so many columns.
func openTerminal(t *testing.T, columns uint16) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	var number int
	control(t, master, func(fd int) error {
		if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
			return err
		}
		number, err = unix.IoctlGetInt(fd, unix.TIOCGPTN)
		return err
	})
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	tty := &terminal{t: t, master: master, slave: slave, home: t.TempDir(), ended: make(chan int, 1)}
	tty.resize(columns)
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := master.Read(buffer)
			tty.mu.Lock()
			tty.shown.Write(buffer[:n])
			tty.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { _, _ = slave.Close(), master.Close() })
	return tty
}

func control(t *testing.T, f *os.File, do func(fd int) error) {
	t.Helper()
	raw, err := f.SyscallConn()
	if err == nil {
		if controlErr := raw.Control(func(fd uintptr) { err = do(int(fd)) }); err == nil {
			err = controlErr
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (tty *terminal) resize(columns uint16) {
	control(tty.t, tty.master, func(fd int) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns})
	})
}

// shell runs a shell over a log folder on the terminal.
func (tty *terminal) shell(dir string) {
	env := &verb.Env{
		Term: &term.Terminal{In: tty.slave, Out: tty.slave, Err: tty.slave, InTTY: true, OutTTY: true, ErrTTY: true, Width: 80}, Now: time.Now, WorkDir: tty.home,
		Getenv: func(name string) string {
			return map[string]string{"HOME": tty.home, "LANG": "C", "AZPTU_STATE_DIR": tty.home}[name]
		},
		Transport: func() *http.Transport { return &http.Transport{} },
	}
	go func() { tty.ended <- cli.Run(context.Background(), env, []string{"logs", "shell", "--dir", dir}) }()
}

func (tty *terminal) types(text string) {
	tty.t.Helper()
	if _, err := tty.master.WriteString(text); err != nil {
		tty.t.Fatal(err)
	}
}

// shows waits until the terminal shows a text that it did not show before.
func (tty *terminal) shows(text string) {
	tty.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		tty.mu.Lock()
		rest := tty.shown.Bytes()[tty.seen:]
		if i := bytes.Index(rest, []byte(text)); i >= 0 {
			tty.seen += i + len(text)
			tty.mu.Unlock()
			return
		}
		shown := string(rest)
		tty.mu.Unlock()
		if time.Now().After(deadline) {
			tty.t.Fatalf("no %q on the terminal, but %q", text, shown)
		}
	}
}

func (tty *terminal) ends() {
	tty.t.Helper()
	select {
	case code := <-tty.ended:
		if code != 0 {
			tty.t.Errorf("exit code %d", code)
		}
	case <-time.After(30 * time.Second):
		tty.t.Fatal("the shell goes on")
	}
}

const prompt, further = "kql> ", "...> "

// On a terminal a shell completes, goes over several lines, remembers, and gives
// the terminal back as it was.
func TestShellOnATerminal(t *testing.T) {
	tty := openTerminal(t, 80)
	var before, after *unix.Termios
	settings := func(of **unix.Termios) {
		control(t, tty.slave, func(fd int) (err error) {
			*of, err = unix.IoctlGetTermios(fd, unix.TCGETS)
			return err
		})
	}
	settings(&before)
	tty.shell(filled(t))
	tty.shows(prompt)
	tty.types("Cal\t| cou\t\r") // "Calls " and "count "
	tty.shows("Calls | count ")
	tty.shows(further)
	tty.types("\r")
	tty.shows("3")
	tty.shows(prompt)
	tty.types("Calls\r")
	tty.shows(further)
	tty.types("| where Spill\t == ''\r")
	tty.shows("SpillReason")
	tty.shows(further)
	tty.types("| summarize n = count() by Model | order by n desc;\r")
	tty.shows("gpt-4o-2024-08-06")
	tty.shows(prompt)
	tty.types("\x1b[A\x1b[A\x1b[B\x1b[A\x01print x = 'first' // \r;\r") // two back, one forth, one back; at its beginning
	tty.shows("first")
	tty.shows(prompt)
	tty.types("print y = 'aXbc'\x1b[D\x1b[D\x1b[D\x7f\x05;\r")
	tty.shows("aXbc'") // as it was typed
	tty.shows("\nabc\r\n")
	tty.shows(prompt)
	tty.types("quit\r")
	tty.ends()
	settings(&after)
	if *before != *after {
		t.Errorf("the terminal was %+v and is %+v", *before, *after)
	}
	kept, err := os.ReadFile(filepath.Join(tty.home, "logs_history"))
	if err != nil || !strings.Contains(string(kept), "Calls | where SpillReason == '' | summarize n = count() by Model | order by n desc;") {
		t.Errorf("remembered: %q, %v", kept, err)
	}
}

// Ctrl-C throws away what was typed, Ctrl-D leaves; what is no text and a
// terminal that becomes smaller end nothing.
func TestShellIsHardToUpset(t *testing.T) {
	tty := openTerminal(t, 80)
	tty.shell(filled(t))
	tty.shows(prompt)
	tty.types("Calls | nonsense\r")
	tty.shows(further)
	tty.types("more of it\x03")
	tty.shows("^C")
	tty.shows(prompt)
	tty.types("print 40 + 2;\r")
	tty.shows("42")
	tty.shows(prompt)
	tty.types("\x03")
	tty.shows(".quit or Ctrl-D leaves")
	tty.shows(prompt)
	tty.types("print strlen('a\xff\xc3(\xe2\x82b\xf0\x9f\x98\x80');\r" + strings.Repeat("\xfe", 600) + "\r;\r")
	tty.shows("8") // what is no character is a question mark each, or all that belongs to it
	tty.shows(prompt)
	tty.types("print r = 'żółć 日本';\r")
	tty.shows("żółć 日本")
	tty.shows(prompt)
	tty.resize(20)
	tty.types("print b = 6 * 7, a = '" + strings.Repeat("wide ", 20) + "';\r")
	tty.shows("\n42 ")
	tty.shows("…\r\n") // cut for the screen as it is now
	tty.shows(prompt)
	tty.types("\x1b[200~print\tc = 'pasted'\r| take 1\x1b[201~;\r")
	tty.shows("pasted")
	tty.shows(prompt)
	tty.types("\x04")
	tty.ends()
}
