package admit

import (
	"testing"
	"time"
)

func TestQuotaLastsForItsSpan(t *testing.T) {
	now := time.Date(2026, 1, 31, 23, 0, 0, 0, time.UTC)
	day, month := NewQuota(100, Day), NewQuota(150, Month)
	c, _, ok := day.Reserve(now, 90)
	if !ok {
		t.Fatal("refused below the limit")
	}
	if _, wait, ok := day.Reserve(now, 20); ok || wait != time.Hour {
		t.Errorf("admitted %v beyond the limit, or told to wait %v instead of the hour that is left", ok, wait)
	}
	day.Settle(now, c, 40)
	if got := day.Remaining(now); got != 60 {
		t.Errorf("%d left after a correction to 40 of 100", got)
	}
	if _, _, ok := month.Reserve(now, 150); !ok {
		t.Fatal("refused within the month")
	}
	if _, wait, ok := month.Reserve(now, 1); ok || wait != time.Hour {
		t.Errorf("month: admitted %v, wait %v", ok, wait)
	}
	tomorrow := now.Add(2 * time.Hour)
	if got := day.Remaining(tomorrow); got != 100 {
		t.Errorf("%d left on a new day", got)
	}
	day.Settle(tomorrow, c, 1000)
	if got := day.Remaining(tomorrow); got != 100 {
		t.Errorf("a call of yesterday counts against today: %d left", got)
	}
	if got := month.Remaining(tomorrow); got != 150 {
		t.Errorf("%d left in a new month", got)
	}
	if got := day.Remaining(now); got != 100 {
		t.Errorf("a clock stepping back brings yesterday's use back: %d left", got)
	}
}
