package scan

import (
	"context"
	"sync"
	"sync/atomic"
)

// Each calls do for 0 to n-1 on up to parallel goroutines and returns the first error, or
// ctx's when it ends. With one goroutine the calls are in order. It helps tables made of
// independent parts to implement Scan.
func Each(ctx context.Context, n, parallel int, do func(i int) error) error {
	if parallel > n {
		parallel = n
	}
	if parallel <= 1 {
		for i := range n {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := do(i); err != nil {
				return err
			}
		}
		return nil
	}
	var next atomic.Int64
	var failed atomic.Bool
	var once sync.Once
	var first error
	var wg sync.WaitGroup
	for range parallel {
		wg.Go(func() {
			for !failed.Load() {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				err := ctx.Err()
				if err == nil {
					err = do(i)
				}
				if err != nil {
					once.Do(func() { first = err })
					failed.Store(true)
				}
			}
		})
	}
	wg.Wait()
	return first
}
