package gateway

import (
	"net/http"
	"testing"
	"time"
)

func TestRetryAfterIsUnderstood(t *testing.T) {
	now := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	cases := []struct {
		ms, s string
		want  time.Duration
		ok    bool
	}{
		{"", "", 0, false},
		{"250", "", 250 * time.Millisecond, true},
		{"250", "1", 250 * time.Millisecond, true},
		{"junk", "2", 2 * time.Second, true},
		{"", "3", 3 * time.Second, true},
		{"", " 1.5 ", 1500 * time.Millisecond, true},
		{"", "Sun, 22 Nov 2026 02:00:07 GMT", 7 * time.Second, true},
		{"", "Sun, 22 Nov 2026 01:00:00 GMT", 0, true},
		{"", "Thu, 01 Jan 9999 00:00:00 GMT", maxRetryAfter, true},
		{"", "tomorrow", 0, false},
		{"-5", "-1", 0, false},
		{"NaN", "NaN", 0, false},
		{"Inf", "", maxRetryAfter, true},
		{"", "1e300", maxRetryAfter, true},
	}
	for _, c := range cases {
		h := http.Header{}
		if c.ms != "" {
			h.Set("retry-after-ms", c.ms)
		}
		if c.s != "" {
			h.Set("retry-after", c.s)
		}
		if got, ok := retryAfter(h, now); got != c.want || ok != c.ok {
			t.Errorf("ms %q, s %q: %v %v, want %v %v", c.ms, c.s, got, ok, c.want, c.ok)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("100", "1")
	f.Add("", "Sun, 22 Nov 2026 02:00:07 GMT")
	f.Add("1e9", "0x10")
	now := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, ms, s string) {
		h := http.Header{"Retry-After-Ms": {ms}, "Retry-After": {s}}
		if d, ok := retryAfter(h, now); d < 0 || d > maxRetryAfter || !ok && d != 0 {
			t.Errorf("%q %q: %v %v", ms, s, d, ok)
		}
	})
}
