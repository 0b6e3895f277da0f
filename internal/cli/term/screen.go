package term

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	xterm "golang.org/x/term"
)

// Screen is the whole terminal while a command draws on all of it: keys come
// one by one, and what stood there before is back when it is closed.
type Screen struct {
	out     io.Writer
	size    func() (width, height int)
	restore func()
	keys    chan Key
}

// Key is one key that was pressed: a printable character as it is, or one of
// the names below.
type Key string

// The keys that are no characters.
const (
	Up        Key = "up"
	Down      Key = "down"
	Left      Key = "left"
	Right     Key = "right"
	Enter     Key = "enter"
	Escape    Key = "escape"
	Interrupt Key = "interrupt" // Ctrl-C, or the end of the input
)

// FullScreen takes the terminal over. It returns ErrNoPerson where input or
// output is none; the caller then writes plain lines.
func (t *Terminal) FullScreen() (*Screen, error) {
	in, isFile := t.In.(*os.File)
	out, alsoFile := t.Out.(*os.File)
	if !t.InTTY || !t.OutTTY || !isFile || !alsoFile || !understandsEscapes(out) {
		return nil, ErrNoPerson
	}
	before, err := xterm.MakeRaw(int(in.Fd()))
	if err != nil {
		return nil, fmt.Errorf("taking over the terminal: %w", err)
	}
	size := func() (int, int) {
		width, height, err := xterm.GetSize(int(out.Fd()))
		if err != nil {
			return 80, 24
		}
		return width, height
	}
	return newScreen(in, out, size, func() { _ = xterm.Restore(int(in.Fd()), before) }), nil
}

func newScreen(in io.Reader, out io.Writer, size func() (int, int), restore func()) *Screen {
	s := &Screen{out: out, size: size, restore: restore, keys: make(chan Key, 16)}
	fmt.Fprint(out, "\x1b[?1049h\x1b[?25l") // the other screen, no cursor
	go s.read(bufio.NewReader(in))
	return s
}

// Keys are the keys as they are pressed. The channel is closed when the input
// ends; the read itself ends with the process.
func (s *Screen) Keys() <-chan Key { return s.keys }

// Size is how many columns and lines there are now.
func (s *Screen) Size() (width, height int) { return s.size() }

// Draw shows lines from the top and clears the rest. Lines that are too wide
// or too many are cut.
func (s *Screen) Draw(lines []string) {
	width, height := s.size()
	var b strings.Builder
	b.WriteString("\x1b[H")
	for i, line := range lines {
		if i == height {
			break
		}
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(Fit(line, width) + "\x1b[K")
	}
	b.WriteString("\x1b[J")
	_, _ = io.WriteString(s.out, b.String())
}

// Close gives the terminal back.
func (s *Screen) Close() {
	fmt.Fprint(s.out, "\x1b[?25h\x1b[?1049l")
	s.restore()
}

func (s *Screen) read(in *bufio.Reader) {
	defer close(s.keys)
	for {
		key, err := nextKey(in)
		if err != nil {
			s.keys <- Interrupt
			return
		}
		if key != "" {
			s.keys <- key
		}
	}
}

// nextKey reads one key; "" is one that means nothing here.
func nextKey(in *bufio.Reader) (Key, error) {
	r, _, err := in.ReadRune()
	if err != nil {
		return "", err
	}
	switch r {
	case 3:
		return Interrupt, nil
	case '\r', '\n':
		return Enter, nil
	case 27:
		return afterEscape(in), nil
	}
	if r < ' ' || r == 127 {
		return "", nil
	}
	return Key(string(r)), nil
}

// afterEscape reads the rest of a sequence that a cursor key sends; the escape
// key alone is followed by nothing.
func afterEscape(in *bufio.Reader) Key {
	if in.Buffered() == 0 {
		return Escape
	}
	if b, err := in.ReadByte(); err != nil || b != '[' && b != 'O' {
		return Escape
	}
	for in.Buffered() > 0 {
		b, err := in.ReadByte()
		if err != nil {
			return ""
		}
		if b >= 0x40 && b <= 0x7e {
			return map[byte]Key{'A': Up, 'B': Down, 'C': Right, 'D': Left}[b]
		}
	}
	return ""
}
