package gateway

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/gateway/config"
)

// wallClock is a clock that a test sets.
type wallClock struct{ now atomic.Pointer[time.Time] }

func clockAt(t time.Time) *wallClock {
	c := &wallClock{}
	c.now.Store(&t)
	return c
}

func (c *wallClock) Now() time.Time { return *c.now.Load() }

func (c *wallClock) set(t time.Time) { c.now.Store(&t) }

// quotaBench is a gateway whose key may use so many tokens a day and a month.
func quotaBench(t *testing.T, u *upstream, clock *wallClock, file, key string, log *bytes.Buffer) *bench {
	t.Helper()
	text := configText("quotaFile: "+file+"\nproducts:\n  - {name: chat, pools: [gpt-4o], limits: {tokensPerMonth: 500}, perAddress: {tokensPerDay: 400}}\n"+
		"keys:\n  - {name: "+key+", product: chat, secret: \"env:TEAM_A_KEY\", limits: {tokensPerDay: 100}}\n", u)
	o := Options{Now: clock.Now}
	if log != nil {
		o.Log = slog.New(slog.NewTextHandler(log, nil))
	}
	return benchWith(t, text, o)
}

// remaining is what is left of a limit, as the admin API tells it.
func (b *bench) remaining(t *testing.T, scope, what string) int64 {
	t.Helper()
	for _, l := range b.State().Limits {
		if l.Scope == scope && l.What == what {
			return l.Remaining
		}
	}
	t.Fatalf("no limit %s of %s", what, scope)
	return 0
}

// What was used of a day and a month is known to the next process.
func TestQuotasOutliveTheProcess(t *testing.T) {
	u := newUpstream(t, answers) // 18 tokens a call
	file := filepath.Join(t.TempDir(), "state", "quotas.json")
	clock := clockAt(time.Date(2026, 1, 30, 12, 0, 0, 0, time.UTC))
	first := quotaBench(t, u, clock, file, "team-a", nil)
	first.noteQuotas()
	if _, err := os.Stat(file); err == nil {
		t.Error("a file was made though nothing was used")
	}
	for range 3 {
		first.chat(t)
	}
	first.log.next(t, 2)
	first.noteQuotas()
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Fatalf("%v %v", info, err)
	}

	second := quotaBench(t, u, clock, file, "team-a", nil)
	if d, m := second.remaining(t, "key team-a", "tokensPerDay"), second.remaining(t, "product chat", "tokensPerMonth"); d != 46 || m != 446 {
		t.Errorf("%d of the day and %d of the month are left after 54 tokens of 100 and 500", d, m)
	}
	second.chat(t) // 18 more; the 28 that are left are fewer than a call is taken for
	second.log.next(t, 0)
	if res, text := second.chat(t); res.StatusCode != 429 || !strings.Contains(text, "tokens per day") {
		t.Errorf("%d %s", res.StatusCode, text)
	}
	second.noteQuotas()

	// A key that is renamed is another key; what the old one used is kept for the
	// day, for when it comes back, and the product has not forgotten.
	renamed := quotaBench(t, u, clock, file, "team-b", nil)
	if d, m := renamed.remaining(t, "key team-b", "tokensPerDay"), renamed.remaining(t, "product chat", "tokensPerMonth"); d != 100 || m != 428 {
		t.Errorf("%d, %d", d, m)
	}
	renamed.chat(t)
	renamed.log.next(t, 0)
	renamed.noteQuotas()
	back := quotaBench(t, u, clock, file, "team-a", nil)
	if d, m := back.remaining(t, "key team-a", "tokensPerDay"), back.remaining(t, "product chat", "tokensPerMonth"); d != 28 || m != 410 {
		t.Errorf("%d, %d", d, m)
	}
	if l, ok := back.account(Scope{AddressScope, "127.0.0.1", "chat"}, config.Limits{TokensPerDay: 400}).left(clock.Now(), TokensPerDay); !ok || l.Remaining != 400-5*18 {
		t.Errorf("the address has %+v left of 400", l)
	}

	// The next day is whole, the month goes on; the next month is whole.
	clock.set(time.Date(2026, 1, 31, 0, 0, 1, 0, time.UTC))
	next := quotaBench(t, u, clock, file, "team-a", nil)
	if d, m := next.remaining(t, "key team-a", "tokensPerDay"), next.remaining(t, "product chat", "tokensPerMonth"); d != 100 || m != 410 {
		t.Errorf("%d, %d", d, m)
	}
	clock.set(time.Date(2026, 2, 1, 0, 0, 1, 0, time.UTC))
	next = quotaBench(t, u, clock, file, "team-a", nil)
	if m := next.remaining(t, "product chat", "tokensPerMonth"); m != 500 {
		t.Errorf("%d", m)
	}
	next.noteQuotas()
	if text, err := os.ReadFile(file); err != nil || strings.Contains(string(text), `"used"`) {
		t.Errorf("months that are over are kept: %v %s", err, text)
	}
}

// A server notes what was used when it stops, after its last call.
func TestAServerNotesQuotasWhenItStops(t *testing.T) {
	u := newUpstream(t, answers)
	file := filepath.Join(t.TempDir(), "quotas.json")
	b := quotaBench(t, u, clockAt(noon), file, "team-a", nil)
	server, err := b.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.chat(t)
	b.log.next(t, 0)
	for range 2 {
		if err := server.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if left := quotaBench(t, u, clockAt(noon), file, "team-a", nil).remaining(t, "key team-a", "tokensPerDay"); left != 82 {
		t.Errorf("%d left", left)
	}
}

// A file noted under a clock that went ahead neither gives use back nor blocks
// keys until that date comes.
func TestQuotasNotedUnderAClockAhead(t *testing.T) {
	u := newUpstream(t, answers)
	file := filepath.Join(t.TempDir(), "quotas.json")
	clock := clockAt(time.Date(2031, 5, 6, 12, 0, 0, 0, time.UTC))
	first := quotaBench(t, u, clock, file, "team-a", nil)
	for range 4 {
		first.chat(t)
	}
	first.log.next(t, 3)
	first.noteQuotas()
	clock.set(time.Date(2026, 1, 30, 12, 0, 0, 0, time.UTC)) // put right while it runs
	if d := first.remaining(t, "key team-a", "tokensPerDay"); d != 28 {
		t.Errorf("%d left in the running process", d)
	}
	// Put right between two processes: the file is of the time before.
	second := quotaBench(t, u, clock, file, "team-a", nil)
	if d := second.remaining(t, "key team-a", "tokensPerDay"); d != 28 {
		t.Errorf("%d left after the clock was put right", d)
	}
	clock.set(time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC))
	if d := second.remaining(t, "key team-a", "tokensPerDay"); d != 100 {
		t.Errorf("%d left on the next day", d)
	}
}

// A damaged file is set aside and told; calls are served. A file that cannot be
// written is told once, and calls are served.
func TestQuotaFilesThatDoNotServe(t *testing.T) {
	u := newUpstream(t, answers)
	for name, text := range map[string]string{
		"cut":      `{"version":1,"quotas":[{"scope":"key","na`,
		"empty":    "",
		"other":    `{"version":2}`,
		"negative": `{"version":1,"quotas":[{"scope":"key","name":"team-a","span":"day","begin":"2026-01-30","used":-5}]}`,
		"no date":  `{"version":1,"quotas":[{"scope":"key","name":"team-a","span":"day","begin":"yesterday","used":5}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "quotas.json")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			b := quotaBench(t, u, clockAt(noon), file, "team-a", &log)
			if d := b.remaining(t, "key team-a", "tokensPerDay"); d != 100 || !strings.Contains(log.String(), "quotas.json.bad") {
				t.Errorf("%d left; log %s", d, &log)
			}
			if aside, err := os.ReadFile(file + ".bad"); err != nil || string(aside) != text {
				t.Errorf("%q %v", aside, err)
			}
			b.chat(t)
			b.log.next(t, 0)
			b.noteQuotas()
			if again := quotaBench(t, u, clockAt(noon), file, "team-a", nil); again.remaining(t, "key team-a", "tokensPerDay") != 82 {
				t.Error("what was used since is not known")
			}
		})
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	b := quotaBench(t, u, clockAt(noon), filepath.Join(dir, "file", "quotas.json"), "team-a", &log)
	b.chat(t)
	b.log.next(t, 0)
	for range 3 {
		b.noteQuotas()
	}
	if n := strings.Count(log.String(), "cannot be noted"); n != 1 {
		t.Errorf("told %d times: %s", n, &log)
	}
}

// A configuration that is refused leaves the limits in service as they are.
func TestARefusedReloadChangesNoLimit(t *testing.T) {
	u := newUpstream(t, answers)
	const keys = "keys:\n  - {name: team-a, product: chat, secret: \"env:TEAM_A_KEY\", limits: {tokensPerMinute: %d, concurrent: 5}}\n%s"
	b := newBench(t, fmt.Sprintf(keys, 1000, ""), u)
	c, err := config.Parse([]byte(configText(fmt.Sprintf(keys, 20, "  - {name: team-c, product: chat, secret: \"env:NOT_SET\"}\n"), u)))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Reload(t.Context(), c, nil); err == nil {
		t.Fatal("a configuration without its secret was taken")
	}
	if left := b.remaining(t, "key team-a", "tokensPerMinute"); left != 1000 {
		t.Errorf("%d tokens a minute are left, 1000 are in service", left)
	}
}

func FuzzQuotaFile(f *testing.F) {
	f.Add([]byte(`{"version":1,"quotas":[{"scope":"key","name":"a","span":"day","begin":"2026-01-30","used":5},{"scope":"address","name":"::1","product":"p","span":"month","begin":"2026-01-01","used":7}]}`))
	f.Add([]byte(`{"version":1}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		carried, err := parseQuotas(text)
		if err != nil {
			return
		}
		for n, s := range carried {
			if s.used < 0 || spanNames[n.span] == "" {
				t.Errorf("%+v %+v", n, s)
			}
		}
	})
}
