package leadline

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	leadlinev1 "leadline.dev/sdk/go/gen/leadline/v1"
)

const (
	contractPackage = "leadline.v1"
	exchangeMethod  = "leadline.v1.AuthenticationService.ExchangeApiKey"
)

// NewIdempotencyKey gives a key for one logical call.
func NewIdempotencyKey() string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // crypto/rand ends the program rather than fail
	return hex.EncodeToString(random[:])
}

// isRepeatable tells whether gRPC may send a call again by itself: where the contract says that it has no side effects,
// where its one request carries an idempotency key, and where it exchanges an API key, since a second access token harms
// nobody. gRPC never repeats a stream that has begun, so the client does.
func isRepeatable(method protoreflect.MethodDescriptor) bool {
	if method.IsStreamingClient() || method.IsStreamingServer() {
		return false
	}
	options, _ := method.Options().(*descriptorpb.MethodOptions)
	return options.GetIdempotencyLevel() != descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN ||
		method.FullName() == exchangeMethod ||
		method.Input().Fields().ByName("idempotency_key") != nil
}

// isPublic tells whether a method needs no token. A token is not sent with it: an expired one would be refused.
func isPublic(method protoreflect.MethodDescriptor) bool {
	public, _ := proto.GetExtension(method.Options(), leadlinev1.E_Public).(bool)
	return public
}

// methodOf gives the contract's method of a path as gRPC names it; nil for another package's.
func methodOf(path string) protoreflect.MethodDescriptor {
	name := protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", "."))
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	if err != nil {
		return nil
	}
	method, _ := found.(protoreflect.MethodDescriptor)
	return method
}

// serviceConfig gives the retries of the contract's repeatable methods, in the form that gRPC reads. gRPC adds jitter to
// the backoff and lets a server's pushback go before it. The throttle stops retries while more than about one call in
// ten fails, so that a client never adds to an overload.
func serviceConfig() string {
	type methodName struct {
		Service string `json:"service"`
		Method  string `json:"method"`
	}
	var names []methodName
	protoregistry.GlobalFiles.RangeFilesByPackage(contractPackage, func(file protoreflect.FileDescriptor) bool {
		for service := range file.Services().Len() {
			methods := file.Services().Get(service).Methods()
			for place := range methods.Len() {
				if method := methods.Get(place); isRepeatable(method) {
					names = append(names, methodName{string(method.Parent().FullName()), string(method.Name())})
				}
			}
		}
		return true
	})
	config, err := json.Marshal(map[string]any{
		"methodConfig": []any{map[string]any{
			"name": names,
			"retryPolicy": map[string]any{
				"maxAttempts":          5,
				"initialBackoff":       "0.1s",
				"maxBackoff":           "2s",
				"backoffMultiplier":    2,
				"retryableStatusCodes": []string{"UNAVAILABLE", "RESOURCE_EXHAUSTED"},
			},
		}},
		"retryThrottling": map[string]any{"maxTokens": 100, "tokenRatio": 0.1},
	})
	if err != nil {
		panic(err) // texts and numbers always have a JSON form
	}
	return string(config)
}

// withKey gives the request with an idempotency key, where the contract asks for one and it has none. The caller's
// message stays as it is, so that it can be sent again as another call.
func withKey(request any) any {
	message, isMessage := request.(proto.Message)
	if !isMessage {
		return request
	}
	field := message.ProtoReflect().Descriptor().Fields().ByName("idempotency_key")
	if field == nil || message.ProtoReflect().Get(field).String() != "" {
		return request
	}
	keyed := proto.Clone(message)
	keyed.ProtoReflect().Set(field, protoreflect.ValueOfString(NewIdempotencyKey()))
	return keyed
}

// governor gives every call its deadline, its idempotency key, its token and its typed error.
type governor struct {
	timeout time.Duration
	token   TokenSource
}

func (governor *governor) unary(
	ctx context.Context, path string, request, response any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker,
	options ...grpc.CallOption,
) error {
	if _, hasDeadline := ctx.Deadline(); !hasDeadline {
		limited, cancel := context.WithTimeout(ctx, governor.timeout)
		defer cancel()
		ctx = limited
	}
	// The key is minted here, above gRPC's retries, so all tries of a call have the same.
	request = withKey(request)
	authorized, token, err := governor.authorize(ctx, path, "")
	if err != nil {
		return err
	}
	err = errorFrom(invoke(authorized, path, request, response, connection, options...))
	if err == nil || token == "" || !isRenewable(asError(err)) {
		return err
	}
	// Nothing was done under a refused token, so even what is not repeatable may be sent with a new one.
	authorized, renewed, renewal := governor.authorize(ctx, path, token)
	if renewal != nil {
		return renewal
	}
	if renewed == token {
		return err
	}
	return errorFrom(invoke(authorized, path, request, response, connection, options...))
}

func (governor *governor) stream(
	ctx context.Context, description *grpc.StreamDesc, connection *grpc.ClientConn, path string, open grpc.Streamer,
	options ...grpc.CallOption,
) (grpc.ClientStream, error) {
	refusal := refusalOf(ctx)
	authorized, token, err := governor.authorize(ctx, path, refusal.token())
	if err != nil {
		return nil, err
	}
	if refusal != nil && token == refusal.refusedToken {
		final := *refusal
		final.refusedToken = ""
		return nil, &final
	}
	opened, err := open(authorized, description, connection, path, options...)
	if err != nil {
		return nil, refusedWith(errorFrom(err), token)
	}
	return &typedStream{opened, token}, nil
}

// isRenewable tells whether a call may fare better with another token than the one that it was refused with.
func isRenewable(failure *Error) bool {
	switch failure.Reason {
	case "TOKEN_EXPIRED", "TOKEN_INVALID", "TOKEN_REVOKED":
		return true
	default:
		return false
	}
}

// refusalKey is where the context of a new stream has the failure of the one before, if that was refused with its token.
type refusalKey struct{}

func refusalOf(ctx context.Context) *Error {
	refusal, _ := ctx.Value(refusalKey{}).(*Error)
	return refusal
}

// refusedWith notes the token in the error of a stream that was refused with it, so that the next has another.
func refusedWith(err error, token string) error {
	if failure := (*Error)(nil); errors.As(err, &failure) && isRenewable(failure) {
		failure.refusedToken = token
	}
	return err
}

// authorize gives the context of a call with its token, and the token; none where the call needs none. Its errors are
// typed.
func (governor *governor) authorize(ctx context.Context, path, refused string) (context.Context, string, error) {
	if method := methodOf(path); method == nil || isPublic(method) {
		return ctx, "", nil
	}
	token, err := governor.token(ctx, refused)
	if err != nil {
		return nil, "", tokenError(err)
	}
	if strings.ContainsFunc(token, func(character rune) bool { return character < ' ' || character > '~' }) {
		return nil, "", newError(codes.Unauthenticated, "the token has characters that can't be sent, such as a line break")
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token), token, nil
}

// typedStream fails with typed errors; the end of a stream stays io.EOF, as gRPC has it.
type typedStream struct {
	grpc.ClientStream
	token string
}

func (stream *typedStream) RecvMsg(message any) error {
	return refusedWith(streamError(stream.ClientStream.RecvMsg(message)), stream.token)
}

func (stream *typedStream) SendMsg(message any) error {
	return refusedWith(streamError(stream.ClientStream.SendMsg(message)), stream.token)
}
