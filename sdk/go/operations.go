package leadline

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	leadlinev1 "leadline.dev/sdk/go/gen/leadline/v1"
)

const (
	longestOperation = time.Hour
	reportInterval   = time.Second
	// waitMargin is the time that the answer to a wait may take on the way, above the time that it waits.
	waitMargin = 10 * time.Second
)

// Operation is a handle of a long-running operation: what is known of it is as it was when it was last asked for. A
// handle belongs to one goroutine.
type Operation[Result proto.Message] struct {
	message *longrunningpb.Operation
	client  *Client
}

func handle[Result proto.Message](
	client *Client, message *longrunningpb.Operation, err error,
) (*Operation[Result], error) {
	if err != nil {
		return nil, err
	}
	return &Operation[Result]{message: message, client: client}, nil
}

// Name gives the resource name, `operations/{operation}`: with it another process can get a handle of its own.
func (operation *Operation[Result]) Name() string { return operation.message.GetName() }

// Done tells whether the operation is over, with a result or with an error.
func (operation *Operation[Result]) Done() bool { return operation.message.GetDone() }

// Metadata tells where the operation stands.
func (operation *Operation[Result]) Metadata() *leadlinev1.OperationMetadata {
	metadata := new(leadlinev1.OperationMetadata)
	if err := operation.message.GetMetadata().UnmarshalTo(metadata); err != nil {
		return new(leadlinev1.OperationMetadata) // of a kind that this version does not know
	}
	return metadata
}

// Result gives what the operation made: the model that was trained, or how many leads were scored. It fails with what
// the operation failed with, and with [ErrFailedPrecondition] while it is not done.
func (operation *Operation[Result]) Result() (Result, error) {
	var none Result
	if failure := operation.message.GetError(); failure != nil {
		return none, errorFromProto(failure)
	}
	if !operation.Done() {
		return none, newError(codes.FailedPrecondition, operation.Name()+" is not done yet")
	}
	message, err := operation.message.GetResponse().UnmarshalNew()
	if err != nil {
		return none, newError(codes.FailedPrecondition, fmt.Sprintf("%s gives what this version does not know: %v", operation.Name(), err))
	}
	result, fits := message.(Result)
	if !fits {
		return none, newError(codes.FailedPrecondition, fmt.Sprintf("%s gives a %T", operation.Name(), message))
	}
	return result, nil
}

// Wait waits until the operation is done and gives its result, an hour at most where the context has no deadline.
// Progress, if not nil, is called about once a second. It goes on over lost connections. Waiting is only looking: the
// operation goes on if the wait ends early.
func (operation *Operation[Result]) Wait(
	ctx context.Context, progress func(*leadlinev1.OperationMetadata),
) (Result, error) {
	if _, hasDeadline := ctx.Deadline(); !hasDeadline {
		limited, cancel := context.WithTimeout(ctx, longestOperation)
		defer cancel()
		ctx = limited
	}
	var resumption resumption
	for !operation.Done() {
		message, err := operation.look(ctx)
		if err != nil {
			if err := resumption.waitAfter(ctx, err); err != nil {
				var none Result
				return none, err
			}
			continue
		}
		operation.message = message
		resumption.progressed()
		if progress != nil {
			progress(operation.Metadata())
		}
	}
	return operation.Result()
}

func (operation *Operation[Result]) look(ctx context.Context) (*longrunningpb.Operation, error) {
	limited, cancel := context.WithTimeout(ctx, reportInterval+waitMargin)
	defer cancel()
	request := &leadlinev1.WaitOperationRequest{Name: operation.Name(), Timeout: durationpb.New(reportInterval)}
	message, err := operation.client.operations.WaitOperation(limited, request)
	if errors.Is(err, ErrDeadlineExceeded) && ctx.Err() == nil {
		return nil, newError(codes.Unavailable, "no answer to a wait") // only this look's time is over
	}
	return message, err
}

// Cancel asks for the operation to end; it does soon after, and Wait then fails with [ErrCancelled].
func (operation *Operation[Result]) Cancel(ctx context.Context, options ...CallOption) error {
	request := &leadlinev1.CancelOperationRequest{Name: operation.Name(), IdempotencyKey: keyOf(options)}
	message, err := operation.client.operations.CancelOperation(ctx, request)
	if err == nil {
		operation.message = message
	}
	return err
}

// GetOperation gives a handle of an operation that was started before, whatever it makes.
func (client *Client) GetOperation(ctx context.Context, name string) (*Operation[proto.Message], error) {
	message, err := client.operations.GetOperation(ctx, &leadlinev1.GetOperationRequest{Name: name})
	return handle[proto.Message](client, message, err)
}

// ListOperations goes through the operations, the newest first. It ends after the first error.
func (client *Client) ListOperations(ctx context.Context) iter.Seq2[*Operation[proto.Message], error] {
	fetch := func(token string) (*leadlinev1.ListOperationsResponse, error) {
		return client.operations.ListOperations(ctx, &leadlinev1.ListOperationsRequest{PageToken: token})
	}
	return func(yield func(*Operation[proto.Message], error) bool) {
		for message, err := range pages(fetch, (*leadlinev1.ListOperationsResponse).GetOperations) {
			if !yield(handle[proto.Message](client, message, err)) {
				return
			}
		}
	}
}
