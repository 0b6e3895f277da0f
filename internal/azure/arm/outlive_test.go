package arm

import (
	"context"
	"testing"
)

func TestAWriteOutlivesAnInterruptionForALittle(t *testing.T) {
	ctx, interrupt := context.WithCancel(context.Background())
	lasting, done := outlive(ctx)
	interrupt()
	if lasting.Err() != nil {
		t.Error("the answer is not waited for")
	}
	done()
	if lasting.Err() == nil {
		t.Error("the request is never let go")
	}
	late, done := outlive(ctx)
	defer done()
	if late.Err() == nil {
		t.Error("a write is begun after the interruption")
	}
}
