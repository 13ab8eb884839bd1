package leadline

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc/codes"
)

const (
	mostFailures = 8
	longestWait  = 30 * time.Second
	firstWait    = 200 * time.Millisecond
)

// streamError types the error of a stream; io.EOF is no failure but how gRPC tells the end.
func streamError(err error) error {
	if errors.Is(err, io.EOF) {
		return err
	}
	return errorFrom(err)
}

// isResumable tells whether a new stream may fare better than the one that failed with this error.
func isResumable(failure *Error) bool {
	if failure.refusedToken != "" {
		return true
	}
	switch failure.Code {
	case codes.Unavailable:
		return true
	case codes.ResourceExhausted: // without a time to retry it is a message that is too large
		return failure.RetryAfter > 0 || failure.Reason == "SLOW_CONSUMER"
	case codes.Internal: // Leadline gives each of its own failures a reason: without one the connection broke on the way
		return failure.Reason == ""
	default:
		return false
	}
}

// resumption counts the failures in a row and waits after each.
type resumption struct {
	failures int
	last     *Error
}

// progressed notes that the stream got further, so that failures are counted from 0 again.
func (resumption *resumption) progressed() { resumption.failures, resumption.last = 0, nil }

// context gives the context of the next stream: after one whose token was refused, it asks for another token.
func (resumption *resumption) context(ctx context.Context) context.Context {
	if resumption.last.token() == "" {
		return ctx
	}
	return context.WithValue(ctx, refusalKey{}, resumption.last)
}

// waitAfter waits before the next stream: a random time, so that clients don't come back all at once, at least as long
// as Leadline asks for, and longer the more often it failed. It gives the error itself where a new stream would not help
// or too many failed in a row.
func (resumption *resumption) waitAfter(ctx context.Context, err error) error {
	failure := asError(err)
	if !isResumable(failure) || resumption.failures >= mostFailures {
		return failure
	}
	resumption.failures++
	resumption.last = failure
	backoff := min(longestWait, firstWait<<resumption.failures)
	return sleep(ctx, max(failure.RetryAfter, rand.N(backoff)))
}

// goOn waits until the next stream of an endless one may be opened. It gives why there is to be none.
func (resumption *resumption) goOn(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errorFrom(ctx.Err())
	}
	if errors.Is(err, errStreamTimeOver) {
		return sleep(ctx, 100*time.Millisecond)
	}
	return resumption.waitAfter(ctx, err)
}

func sleep(ctx context.Context, duration time.Duration) error {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return errorFrom(ctx.Err())
	}
}
