package plugin

import (
	"context"
	"errors"
	"runtime/debug"
	"time"
)

// ErrTimeout is the answer to a request that could not be judged in time.
var ErrTimeout = errors.New("specguard: not judged in time, refused")

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

// guard runs a handler of a runtime's request so that it always answers: a
// panic becomes an error, and so does a handler that has not answered when
// most of the request's time is over. fallback is the time of a request that
// carries no deadline.
func guard[T any](ctx context.Context, fallback time.Duration, handle func(context.Context) (T, error)) (T, error) {
	limit := fallback
	if deadline, ok := ctx.Deadline(); ok {
		limit = time.Until(deadline)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(float64(limit)*share))
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
