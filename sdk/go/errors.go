package leadline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	leadlinev1 "leadline.dev/sdk/go/gen/leadline/v1"
)

// The kinds of failures, by what you would do about them. Ask with [errors.Is].
var (
	// ErrInvalidRequest means that the request breaks a rule: look at FieldViolations, correct it.
	ErrInvalidRequest = errors.New("invalid request")
	// ErrIdempotencyKeyReused means that the key belongs to another request: take a new key. It is an ErrInvalidRequest.
	ErrIdempotencyKeyReused = errors.New("idempotency key reused")
	// ErrUnauthenticated means no token, or one that is not accepted: get a new one.
	ErrUnauthenticated = errors.New("unauthenticated")
	// ErrAPIKeyRefused means that the API key is unknown, revoked or expired: make a new one. It is an ErrUnauthenticated.
	ErrAPIKeyRefused = errors.New("API key refused")
	// ErrPermissionDenied means that the token lacks the permission in Metadata["permission"].
	ErrPermissionDenied = errors.New("permission denied")
	// ErrNotFound means that the token's tenant has no such resource.
	ErrNotFound = errors.New("not found")
	// ErrAlreadyExists means that it is there already; Metadata["name"] says which.
	ErrAlreadyExists = errors.New("already exists")
	// ErrConflict means that somebody changed it meanwhile: read it again and repeat.
	ErrConflict = errors.New("conflict")
	// ErrFailedPrecondition means that something must happen before, such as training a first model.
	ErrFailedPrecondition = errors.New("failed precondition")
	// ErrResourceExhausted means that a limit is reached: wait RetryAfter.
	ErrResourceExhausted = errors.New("resource exhausted")
	// ErrUnavailable means that Leadline, or a part that it needs, can't be reached now: try later.
	ErrUnavailable = errors.New("unavailable")
	// ErrDeadlineExceeded means no answer in time: it may have been done, repeat under the same idempotency key.
	ErrDeadlineExceeded = errors.New("deadline exceeded")
	// ErrCancelled means that the call or the operation was cancelled.
	ErrCancelled = errors.New("cancelled")
	// ErrInternal means a defect of Leadline: report it with Metadata["request_id"].
	ErrInternal = errors.New("internal error")
)

// FieldViolation is one field of a request that breaks a rule.
type FieldViolation struct {
	// Field is the path of the field, for example `lead.email`.
	Field string
	// Description is the rule that it breaks, in words.
	Description string
}

// Error is any failure of a call to Leadline. Get it with [errors.As]; ask for its kind with [errors.Is].
type Error struct {
	// Message says what happened, in words.
	Message string
	// Code is gRPC's status code.
	Code codes.Code
	// Reason names Leadline's reason, for example `LEAD_NOT_FOUND`: a name of leadlinev1.ErrorReason without its prefix.
	// It is empty where the failure did not come from Leadline itself.
	Reason string
	// Metadata tells what the reason tells besides, for example the name of what was not found.
	Metadata map[string]string
	// FieldViolations are the fields that break a rule; empty for other failures.
	FieldViolations []FieldViolation
	// RetryAfter is how long Leadline asks to wait before the next try; 0 if it does not say.
	RetryAfter time.Duration

	status *status.Status
	cause  error
	// refusedToken is the token that a stream was refused with; empty for other failures.
	refusedToken string
}

func (failure *Error) token() string {
	if failure == nil {
		return ""
	}
	return failure.refusedToken
}

// Error gives the message, the reason and each field violation on one line.
func (failure *Error) Error() string {
	var line strings.Builder
	line.WriteString("leadline: ")
	if failure.Message == "" {
		line.WriteString(failure.Code.String())
	}
	line.WriteString(failure.Message)
	if failure.Reason != "" {
		fmt.Fprintf(&line, " [%s]", failure.Reason)
	}
	for _, violation := range failure.FieldViolations {
		fmt.Fprintf(&line, "; %s: %s", violation.Field, violation.Description)
	}
	return line.String()
}

// CatalogueReason gives the reason as the contract's enum; unspecified where this version does not know it or there is none.
func (failure *Error) CatalogueReason() leadlinev1.ErrorReason {
	return leadlinev1.ErrorReason(leadlinev1.ErrorReason_value["ERROR_REASON_"+failure.Reason])
}

// GRPCStatus gives the status that Leadline answered with, so that gRPC's status package understands the error.
func (failure *Error) GRPCStatus() *status.Status { return failure.status }

// Unwrap gives the kinds of the error, and what caused it on this side.
func (failure *Error) Unwrap() []error {
	wrapped := kindsOf(failure.Code, failure.Reason)
	if failure.cause != nil {
		wrapped = append(wrapped, failure.cause)
	}
	return wrapped
}

func kindsOf(code codes.Code, reason string) []error {
	// A reason that asks for something else than its status code does.
	switch reason {
	case "IDEMPOTENCY_KEY_REUSED":
		return []error{ErrIdempotencyKeyReused, ErrInvalidRequest}
	case "API_KEY_REFUSED":
		return []error{ErrAPIKeyRefused, ErrUnauthenticated}
	case "OPERATION_CANCELLED":
		return []error{ErrCancelled}
	}
	switch code {
	case codes.InvalidArgument, codes.OutOfRange:
		return []error{ErrInvalidRequest}
	case codes.Unauthenticated:
		return []error{ErrUnauthenticated}
	case codes.PermissionDenied:
		return []error{ErrPermissionDenied}
	case codes.NotFound:
		return []error{ErrNotFound}
	case codes.AlreadyExists:
		return []error{ErrAlreadyExists}
	case codes.Aborted:
		return []error{ErrConflict}
	case codes.FailedPrecondition:
		return []error{ErrFailedPrecondition}
	case codes.ResourceExhausted:
		return []error{ErrResourceExhausted}
	case codes.Unavailable:
		return []error{ErrUnavailable}
	case codes.DeadlineExceeded:
		return []error{ErrDeadlineExceeded, context.DeadlineExceeded}
	case codes.Canceled:
		return []error{ErrCancelled, context.Canceled}
	default:
		return []error{ErrInternal}
	}
}

// errorFrom gives the error that whatever a call failed with tells of; nil for nil.
func errorFrom(err error) error {
	if err == nil {
		return nil
	}
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	if contextual := status.FromContextError(err); contextual.Code() != codes.Unknown {
		return errorFromStatus(contextual, err)
	}
	return errorFromStatus(status.Convert(err), err)
}

// tokenError gives the error of a token source that has no token.
func tokenError(err error) error {
	if _, isStatus := status.FromError(err); isStatus || status.FromContextError(err).Code() != codes.Unknown {
		return errorFrom(err)
	}
	return errorFromStatus(status.New(codes.Unauthenticated, "no token: "+err.Error()), err)
}

// errorFromProto gives the error of a refused row, of a result of a batch, or of a failed operation.
func errorFromProto(message *statuspb.Status) *Error {
	return errorFromStatus(status.FromProto(message), nil)
}

func errorFromStatus(answered *status.Status, cause error) *Error {
	failure := &Error{Message: answered.Message(), Code: answered.Code(), status: answered, cause: cause}
	for _, detail := range answered.Details() {
		switch told := detail.(type) {
		case *errdetails.ErrorInfo:
			failure.Reason, failure.Metadata = told.GetReason(), told.GetMetadata()
		case *errdetails.BadRequest:
			for _, violation := range told.GetFieldViolations() {
				found := FieldViolation{Field: violation.GetField(), Description: violation.GetDescription()}
				failure.FieldViolations = append(failure.FieldViolations, found)
			}
		case *errdetails.RetryInfo:
			failure.RetryAfter = told.GetRetryDelay().AsDuration()
		}
	}
	return failure
}

// asError gives an error as the SDK's own, which errorFrom made of it.
func asError(err error) *Error {
	var failure *Error
	if errors.As(errorFrom(err), &failure) {
		return failure
	}
	return errorFromStatus(status.Convert(err), err)
}

func newError(code codes.Code, message string) *Error {
	return errorFromStatus(status.New(code, message), nil)
}
