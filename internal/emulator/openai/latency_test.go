package openai

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestAnswersKeepThePublishedPace lets a model take its time on a clock that
// sleeping moves: 99 % of calls have to write faster than the target, up to full
// utilization.
func TestAnswersKeepThePublishedPace(t *testing.T) {
	var slept atomic.Int64
	w := newWorld(t, func(c *Config) { c.Latency = true })
	w.h.cfg.Sleep = func(_ context.Context, d time.Duration) error {
		slept.Add(int64(d))
		w.clock.advance(d)
		return nil
	}
	for _, stream := range []string{"", `"stream":true,`} {
		for i := range 20 {
			slept.Store(0)
			before := w.clock.Now()
			r := w.post(chatPath("ptu"), strings.Replace(capped(400, "pace"), "{", "{"+stream, 1), lengthHeader, "300")
			if r.status != 200 {
				t.Fatalf("%d %s", r.status, r.body)
			}
			_, f := w.h.meterOf(w.dir.deployments["ptu"])
			first := 400 * time.Millisecond
			took := w.clock.Now().Sub(before)
			if slowest := first + time.Duration(300/f.perSecond*float64(time.Second)); took > slowest || took < slowest/3 {
				t.Errorf("call %d took %v, the target allows %v", i, took, slowest)
			}
		}
	}
	calls := w.calls.take()
	last := calls[len(calls)-1]
	if last.TTFT < 100*time.Millisecond || last.TTFT > 500*time.Millisecond || last.Duration < 5*last.TTFT {
		t.Errorf("observed %v to the first token and %v to the last", last.TTFT, last.Duration)
	}
}

func TestAClientThatCannotWaitFreesItsClaim(t *testing.T) {
	w := newWorld(t, func(c *Config) {
		c.Latency = true
		c.Sleep = func(ctx context.Context, _ time.Duration) error { <-ctx.Done(); return ctx.Err() }
	})
	client := w.srv.Client()
	client.Timeout = 50 * time.Millisecond
	req := request(t, w, chatPath("ptu"), capped(8000, "x"))
	if res, err := client.Do(req); err == nil {
		_ = res.Body.Close()
		t.Fatal("answered")
	}
	for i := 0; i < 1000; i++ {
		if all := w.calls.take(); len(all) > 0 {
			if all[0].Status != gone || !all[0].Abandoned || w.utilization("ptu") != 0 {
				t.Errorf("observed %+v, utilization %v", all[0], w.utilization("ptu"))
			}
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Error("the exchange does not end")
}
