// Package request knows the time of a request: how much of it is lost before its
// handler starts, how long the handler may take, and which requests are in hand.
// A handler that hangs or panics still gives an answer, which refuses.
package request

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// ErrTimeout is the answer to a request that could not be judged in time.
var ErrTimeout = errors.New("specguard: not judged in time, refused")

// ErrLate is the answer to a request that had waited for too long to be judged.
var ErrLate = fmt.Errorf("%w (the node is too busy: the agent got no CPU time)", ErrTimeout)

// PanicError is a handler's panic, turned into a refusal. Its text is short,
// since it is shown to users; the stack is for the log.
type PanicError struct {
	Value any
	Stack []byte
}

func (*PanicError) Error() string { return "specguard: internal error, refused (see the agent's log)" }

// share of a request's time that a handler may take. The runtime lets a
// request through when a plugin does not answer in time, so an answer that
// refuses has to be there before.
const share = 0.8

// Delay is the time that a request has lost when its handler starts, and that its
// answer may lose.
type Delay struct {
	Waited time.Duration // since the runtime sent it
	Stall  time.Duration // for which the agent may not run
}

type delayKey struct{}

// WithDelay is the context of a request that has lost this time.
func WithDelay(ctx context.Context, d Delay) context.Context {
	return context.WithValue(ctx, delayKey{}, d)
}

// limit is how long the handler of a request may take whose time is given from
// now on; 0 where the request has waited for so long that there is no time left
// for it.
func (d Delay) limit(given time.Duration) time.Duration {
	back := time.Duration(float64(given) * (1 - share)) // for the answer's way
	left := given - d.Waited
	if left < back {
		return 0
	}
	// What is quickly judged may be, even if the agent does not get to run when
	// it would.
	return max(left-max(back, 2*d.Stall), left/10)
}

// Guard runs the handler of a request so that it always answers: a panic becomes
// a [PanicError], and a handler that has not answered when most of the request's
// time is over becomes [ErrTimeout]. Such a handler may go on after Guard has
// returned. fallback is the time of a request whose context has no deadline.
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
