package cli

import (
	"iter"
	"runtime"
)

// inOrder calls f for all items, several at once, and gives the results in the order of the items.
func inOrder[T, R any](items []T, f func(T) R) iter.Seq[R] {
	return func(yield func(R) bool) {
		done := make(chan struct{})
		defer close(done)
		results := make(chan chan R, 2*runtime.GOMAXPROCS(0)) // so many are at work, or wait
		go func() {
			defer close(results)
			for _, item := range items {
				one := make(chan R, 1)
				select {
				case results <- one:
					go func() { one <- f(item) }()
				case <-done:
					return
				}
			}
		}()
		for one := range results {
			if !yield(<-one) {
				return
			}
		}
	}
}
