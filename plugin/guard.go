package plugin

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// ErrTimeout is the answer to a request that could not be judged in time.
var ErrTimeout = errors.New("specguard: not judged in time, refused")

// errLate is the answer to a request that had waited for too long to be judged.
var errLate = fmt.Errorf("%w (the node is too busy: the agent did not get to run)", ErrTimeout)

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

// delay is what a request has lost of its time when its handler starts, and
// what its answer may lose.
type delay struct {
	waited time.Duration // since the runtime has sent it
	stall  time.Duration // for which the agent may not run
}

type delayKey struct{}

func withDelay(ctx context.Context, d delay) context.Context {
	return context.WithValue(ctx, delayKey{}, d)
}

// limit is how long the handler of a request may take whose time is given from
// now on; 0 where the request has waited for so long that there is no time left
// for it.
func (d delay) limit(given time.Duration) time.Duration {
	back := time.Duration(float64(given) * (1 - share)) // for the answer's way
	left := given - d.waited
	if left < back {
		return 0
	}
	// What is quickly judged may be, even if the agent does not get to run when
	// it would.
	return max(left-max(back, 2*d.stall), left/10)
}

// guard runs a handler of a runtime's request so that it always answers: a
// panic becomes an error, and so does a handler that has not answered when
// most of the request's time is over. fallback is the time of a request that
// carries no deadline.
func guard[T any](ctx context.Context, fallback time.Duration, handle func(context.Context) (T, error)) (T, error) {
	given := fallback
	if deadline, ok := ctx.Deadline(); ok {
		given = time.Until(deadline)
	}
	d, _ := ctx.Value(delayKey{}).(delay)
	limit := d.limit(given)
	if limit <= 0 {
		var none T
		return none, errLate
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
