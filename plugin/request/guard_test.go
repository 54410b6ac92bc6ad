package request

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestDelayLimit(t *testing.T) {
	const given = 2 * time.Second
	ms := time.Millisecond
	for _, tt := range []struct{ waited, stall, want time.Duration }{
		{0, 0, 1600 * ms},
		{500 * ms, 0, 1100 * ms},
		{0, 100 * ms, 1600 * ms}, // within what is kept for the answer's way anyway
		{0, 300 * ms, 1400 * ms},
		{0, time.Second, 200 * ms},
		{1000 * ms, time.Second, 100 * ms},
		{1500 * ms, 0, 100 * ms},
		{1700 * ms, 0, 0},
		{3000 * ms, time.Minute, 0},
	} {
		got := Delay{tt.waited, tt.stall}.limit(given)
		if d := got - tt.want; d < -ms || d > ms {
			t.Errorf("waited %s, stall %s: %s, want %s", tt.waited, tt.stall, got, tt.want)
		}
	}
}

// TestGuardTakesNoOthersTime: what a request has waited is over, and a request
// that has waited for too long is not judged.
func TestGuardTakesNoOthersTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, nil }
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if _, err := Guard(WithDelay(ctx, Delay{Waited: time.Second}), time.Hour, hang); !errors.Is(err, ErrTimeout) && err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took != 600*time.Millisecond {
			t.Errorf("took %s", took)
		}
		ctx, cancel = context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		asked := false
		_, err := Guard(WithDelay(ctx, Delay{Waited: 1900 * time.Millisecond}), time.Hour, func(context.Context) (int, error) {
			asked = true
			return 0, nil
		})
		if asked || !errors.Is(err, ErrTimeout) || !errors.Is(err, ErrLate) {
			t.Errorf("asked %v, error %v", asked, err)
		}
	})
}

func TestGuard(t *testing.T) {
	t.Run("deadline", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		left, _ := Guard(ctx, time.Hour, timeLeft)
		if left > 48*time.Second || left < 40*time.Second {
			t.Errorf("%s of a minute", left)
		}
	})
	t.Run("fallback", func(t *testing.T) {
		left, _ := Guard(t.Context(), time.Minute, timeLeft)
		if left > 48*time.Second || left < 40*time.Second {
			t.Errorf("%s of a minute", left)
		}
	})
	t.Run("too late", func(t *testing.T) {
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		if _, err := Guard(ctx, time.Minute, func(ctx context.Context) (int, error) { select {} }); !errors.Is(err, ErrTimeout) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("panic", func(t *testing.T) {
		_, err := Guard(t.Context(), time.Minute, func(context.Context) (int, error) { panic("secret") })
		var p *PanicError
		if !errors.As(err, &p) || p.Value != "secret" || !strings.Contains(string(p.Stack), "TestGuard") || strings.Contains(err.Error(), "secret") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("exit", func(t *testing.T) {
		if v, err := Guard(t.Context(), time.Minute, func(context.Context) (int, error) { return 3, nil }); v != 3 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
	})
}

func timeLeft(ctx context.Context) (time.Duration, error) {
	deadline, _ := ctx.Deadline()
	return time.Until(deadline), nil
}
