package request

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestInHand waits for requests, and for nothing else.
func TestInHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l InHand
		if err := l.Wait(t.Context()); err != nil {
			t.Error(err)
		}
		first, second := l.Begin(), l.Begin()
		time.AfterFunc(time.Second, first)
		time.AfterFunc(3*time.Second, second)
		start := time.Now()
		if err := l.Wait(t.Context()); err != nil || time.Since(start) != 3*time.Second {
			t.Errorf("%s, error %v", time.Since(start), err)
		}
		defer l.Begin()()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := l.Wait(ctx); err == nil {
			t.Error("did not wait")
		}
	})
}
