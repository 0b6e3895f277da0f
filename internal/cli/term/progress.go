package term

import (
	"fmt"
	"sync"
)

// Progress is one line on Err that is written over while something goes on.
// When Err is not a terminal nothing is shown at all. Its zero value shows
// nothing.
type Progress struct {
	mu    sync.Mutex
	term  *Terminal
	shown bool
}

// Progress starts an empty line.
func (t *Terminal) Progress() *Progress { return &Progress{term: t} }

// Show replaces the line.
func (p *Progress) Show(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.term == nil || !p.term.ErrTTY {
		return
	}
	if width := p.term.Width; width > 0 {
		text = Fit(text, width-1)
	}
	p.shown = true
	fmt.Fprint(p.term.Err, "\r\x1b[K", p.term.ErrStyle(Faint, text))
}

// Done wipes the line away, so that what follows starts on a clean one.
func (p *Progress) Done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprint(p.term.Err, "\r\x1b[K")
		p.shown = false
	}
}
