// Package request manages the time of a request: how much of it is lost before its handler
// starts, how long the handler may take, and which requests are running. If a handler hangs
// or panics, the request is still answered, with a refusal.
package request

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// ErrTimeout refuses a request that could not be judged in time.
var ErrTimeout = errors.New("specguard: not judged in time, refused")

// ErrLate refuses a request that had waited too long to be judged.
var ErrLate = fmt.Errorf("%w (the node is too busy: the agent got no CPU time)", ErrTimeout)

// PanicError is a handler's panic as an error, which refuses the request. Its text is short
// because users see it; the stack is for the log.
type PanicError struct {
	Value any
	Stack []byte
}

func (*PanicError) Error() string { return "specguard: internal error, refused (see the agent's log)" }

// share of a request's time that a handler may take. If a plugin does not answer in time,
// the runtime lets the request through. So a refusal must arrive before that.
const share = 0.8

// Delay is the time that a request has lost when its handler starts, and that its answer
// may still lose.
type Delay struct {
	Waited time.Duration // since the runtime sent it
	Stall  time.Duration // how long the agent may get no CPU time
}

type delayKey struct{}

// WithDelay returns the context of a request that has lost this time.
func WithDelay(ctx context.Context, d Delay) context.Context {
	return context.WithValue(ctx, delayKey{}, d)
}

// limit returns how long the handler may take if the request has the given time from now
// on; 0 if the request has waited so long that no time is left.
func (d Delay) limit(given time.Duration) time.Duration {
	back := time.Duration(float64(given) * (1 - share)) // for the answer's way
	left := given - d.Waited
	if left < back {
		return 0
	}
	// Leave some time: a quick judgement may succeed even if the agent does not always get
	// to run.
	return max(left-max(back, 2*d.Stall), left/10)
}

// Guard runs the handler of a request and always returns. If the handler panics, the error
// is a [PanicError]. If it has not returned when most of the request's time is over, the
// error is [ErrTimeout], and the handler may go on. fallback is the time of a request whose
// context has no deadline.
func Guard[T any](ctx context.Context, fallback time.Duration, handle func(context.Context) (T, error)) (T, error) {
	given := fallback
	if deadline, ok := ctx.Deadline(); ok {
		given = time.Until(deadline)
	}
	d, _ := ctx.Value(delayKey{}).(Delay)
	limit := d.limit(given)
	if limit <= 0 {
		var none T
		return none, ErrLate
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			if p := recover(); p != nil {
				a.err = &PanicError{Value: p, Stack: debug.Stack()}
			}
			answers <- a
		}()
		a.value, a.err = handle(ctx)
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, ErrTimeout
	}
}
