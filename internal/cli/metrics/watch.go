package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/term"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/settings"
)

// Watching is how often and how long is looked.
type Watching struct {
	Every time.Duration
	Count int // looks; 0 for ever
}

// Bind adds the flags of a watching verb.
func (w *Watching) Bind(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&w.Every, "every", 30*time.Second, "metrics.flag.every")
	cmd.Flags().IntVar(&w.Count, "count", 0, "metrics.flag.count")
}

// Check refuses what would only wear Azure out.
func (w *Watching) Check(env *verb.Env) error {
	if w.Every < time.Second {
		return exit.New(exit.Usage, env.T("metrics.every-faulty", "Value", w.Every.String()))
	}
	return nil
}

func newWatch(env *verb.Env) *cobra.Command {
	o, w := &options{}, &Watching{}
	cmd := verb.Command(env, verb.Spec{Use: "watch [NAME]", Help: "metrics.watch", Run: func(ctx context.Context, args []string) error {
		if err := errors.Join(o.check(env, args), w.Check(env)); err != nil {
			return err
		}
		return o.watch(ctx, env, w)
	}})
	o.bind(env, cmd)
	w.Bind(cmd)
	return cmd
}

func (o *options) watch(ctx context.Context, env *verb.Env, w *Watching) error {
	s, err := session.Open(env)
	if err != nil {
		return err
	}
	accounts, err := o.accounts(ctx, s)
	if err != nil {
		return err
	}
	return Watch(ctx, s, accounts, o.name, Window{o.last, o.step}, w)
}

// Watch shows the deployments of accounts, or the one that is named, until the
// user leaves: on all of the terminal where there is one, else as lines.
func Watch(ctx context.Context, s *session.Session, accounts []arm.Account, name string, window Window, w *Watching) error {
	read := func(ctx context.Context, window Window) ([]Row, error) {
		rows, err := Read(ctx, s, accounts, name, window)
		if err == nil && name != "" && len(rows) == 0 {
			err = exit.New(exit.NotFound, s.Env.T("metrics.unknown", "Name", name))
		}
		return rows, err
	}
	screen, err := s.Env.Term.FullScreen()
	if err != nil {
		return lines(ctx, s.Env, window, w, read)
	}
	defer screen.Close()
	return live(ctx, s.Env, screen, window, w, read)
}

type reader func(context.Context, Window) ([]Row, error)

// lines writes what each look found, a line for each deployment, or a line of
// JSON for each look. A look that fails is told and the next one awaited; the
// first must succeed.
func lines(ctx context.Context, env *verb.Env, window Window, w *Watching, read reader) error {
	for n := 1; ; n++ {
		rows, err := read(ctx, window)
		switch {
		case err != nil && (n == 1 || n == w.Count || ctx.Err() != nil):
			return err
		case err != nil:
			env.Warn(err.Error())
		case render.Format(env.Setting(settings.Output)) == render.JSON:
			raw, err := json.Marshal(rows)
			if err != nil {
				return err
			}
			say(env, string(raw))
		default:
			for _, row := range rows {
				say(env, env.Now().UTC().Format(time.TimeOnly)+" "+Line(env, row))
			}
		}
		if n == w.Count {
			return nil
		}
		if err := arm.Sleep(ctx, w.Every); err != nil {
			return nil // being interrupted is how one stops watching
		}
	}
}

// spans are the windows that the screen steps through.
var spans = []time.Duration{15 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour}

// scene is what the screen shows.
type scene struct {
	rows   []Row
	err    error
	window Window
	chosen int  // which deployment is drawn
	board  bool // one deployment is drawn, not the table
	paused bool
	at     time.Time
}

// press is what a key does to the scene. again asks for fresh figures.
func (s scene) press(key term.Key) (next scene, again, leave bool) {
	switch key {
	case "q", term.Interrupt, "":
		return s, false, true
	case term.Escape:
		if s.board && len(s.rows) > 1 {
			s.board = false
			return s, false, false
		}
		return s, false, true
	case term.Down, "j":
		s.chosen = min(s.chosen+1, max(len(s.rows)-1, 0))
	case term.Up, "k":
		s.chosen = max(s.chosen-1, 0)
	case term.Enter:
		s.board = !s.board || len(s.rows) == 1
	case "p", " ":
		s.paused = !s.paused
	case "r":
		again = true
	case "+", term.Right:
		s.window, again = s.window.step(1), true
	case "-", term.Left:
		s.window, again = s.window.step(-1), true
	}
	return s, again, false
}

// step is the next longer or shorter window.
func (w Window) step(by int) Window {
	at := 0
	for i, span := range spans {
		if span <= w.Last {
			at = i
		}
	}
	return Window{Last: spans[min(max(at+by, 0), len(spans)-1)]}
}

// canvas is what a scene is drawn on.
type canvas interface{ Size() (width, height int) }

// draw is the scene as lines that fill the canvas.
func (s scene) draw(env *verb.Env, on canvas) []string {
	width, height := on.Size()
	state := env.T("metrics.screen.live")
	if s.paused {
		state = env.T("metrics.screen.paused")
	}
	lines := []string{env.T("metrics.screen.title", "State", state, "Last", short(s.window.Last), "At", s.at.UTC().Format(time.TimeOnly)), ""}
	if s.err != nil {
		lines = append(lines, s.err.Error(), "")
	}
	switch {
	case len(s.rows) == 0:
		lines = append(lines, env.T("metrics.none"))
	case s.board:
		lines = append(lines, Board(env, s.rows[min(s.chosen, len(s.rows)-1)], width, min(max((height-16)/3, 3), 12))...)
	default:
		lines = append(lines, s.table(env, width, height-1-len(lines))...)
	}
	for len(lines) < height-1 {
		lines = append(lines, "")
	}
	return append(lines[:max(height-1, 1)], env.T("metrics.screen.keys"))
}

// table lists the deployments with the chosen one marked, as many as fit.
func (s scene) table(env *verb.Env, width, height int) []string {
	var drawn strings.Builder
	err := render.Write(&drawn, view(env, s.rows), render.Options{Format: render.Table, Width: max(width-2, 20), Numbers: env.Printer()})
	if err != nil {
		return []string{err.Error()}
	}
	lines := strings.Split(strings.TrimRight(drawn.String(), "\n"), "\n")
	out := []string{"  " + lines[0]}
	most := max(height-1, 1)
	first := max(min(s.chosen-most/2, len(s.rows)-most), 0)
	for i, line := range lines[1:] {
		switch {
		case i < first || i >= first+most:
		case i == s.chosen:
			out = append(out, "› "+line)
		default:
			out = append(out, "  "+line)
		}
	}
	return out
}

func short(d time.Duration) string {
	if d >= 48*time.Hour {
		return strconv.Itoa(int(d/(24*time.Hour))) + "d"
	}
	if d%time.Hour == 0 {
		return d.String()[:len(d.String())-4]
	}
	return d.String()[:len(d.String())-2]
}

// look is what one look found.
type look struct {
	rows []Row
	err  error
}

// seen takes a look over into the scene. The first one decides what is drawn.
func (s scene) seen(found look, first bool, at time.Time) scene {
	s.err, s.at = found.err, at
	if found.err == nil {
		s.rows = found.rows
	}
	if first {
		s.board = len(s.rows) == 1
	}
	return s
}

// live is the loop of the screen: keys, looks and the time between them.
func live(ctx context.Context, env *verb.Env, screen *term.Screen, window Window, w *Watching, read reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	looks := make(chan look, 1)
	begin := func(window Window) {
		go func() {
			rows, err := read(ctx, window)
			looks <- look{rows, err}
		}()
	}
	now := scene{window: window, at: env.Now()}
	begin(window)
	busy, count := true, 0
	ticker := time.NewTicker(w.Every)
	defer ticker.Stop()
	for {
		screen.Draw(now.draw(env, screen))
		again, leave := false, false
		select {
		case <-ctx.Done():
			return nil
		case key := <-screen.Keys(): // "" when the input has ended
			now, again, leave = now.press(key)
		case found := <-looks:
			busy = false
			count++
			if count == 1 && found.err != nil {
				return found.err
			}
			now, leave = now.seen(found, count == 1, env.Now()), count == w.Count
		case <-ticker.C:
			again = !now.paused
		}
		if leave {
			return nil
		}
		if again && !busy {
			busy = true
			begin(now.window)
		}
	}
}
