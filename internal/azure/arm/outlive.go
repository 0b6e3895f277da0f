package arm

import (
	"context"
	"time"
)

// answerGrace is how long the answer to a write is waited for after the caller
// gave up.
const answerGrace = 5 * time.Second

// outlive is the context of a request that changes something. Azure may have
// taken it on when the user interrupts, so its answer is still waited for a
// little: only the answer tells that something is under way, and how to look
// at it again. What is not sent yet is not sent any more.
func outlive(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Err() != nil {
		return ctx, func() {}
	}
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(answerGrace, cancel) })
	return lasting, func() {
		stop()
		cancel()
	}
}
