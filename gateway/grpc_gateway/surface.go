package main

import (
	"context"
	"net/http"
	"net/textproto"
	"strings"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
)

// forwardedHeaders are what a backend sees of a request's headers, besides authorization and x-forwarded-for, which
// grpc-gateway forwards by itself. Whatever else a client claims, such as x-tenant-id, ends here.
var forwardedHeaders = map[string]string{
	"X-Request-Id": requestIDHeader,
	"Origin":       "origin",
	"Traceparent":  "traceparent",
	"Tracestate":   "tracestate",
}

// hiddenHeaders are of gRPC's answers, and mean nothing to a client of REST.
var hiddenHeaders = map[string]bool{"content-type": true, "grpc-accept-encoding": true, "date": true}

// backend names which processes answer.
type backend string

const (
	serverBackend backend = "server"
	scorerBackend backend = "scorer"
)

// service is one of the contract.
type service struct {
	register func(context.Context, *runtime.ServeMux, *grpc.ClientConn) error
	backend  backend
}

// newSurface gives the routes of the contract. A request that is one message must arrive within the limit.
func newSurface(ctx context.Context, backends *backends, replies *replies, limit time.Duration) (http.Handler, error) {
	mux := runtime.NewServeMux(
		runtime.SetQueryParameterParser(strictQueryParameters{}),
		runtime.WithMarshalerOption(runtime.MIMEWildcard, messageMarshaler{}),
		runtime.WithMarshalerOption(eventStream, eventMarshaler{}),
		runtime.WithMiddlewares(tellDeprecations(deprecations), refuseSecondSay(replies), bindBodies(limit)),
		runtime.WithIncomingHeaderMatcher(forwardedHeader),
		runtime.WithOutgoingHeaderMatcher(answeredHeader),
		runtime.WithOutgoingTrailerMatcher(func(string) (string, bool) { return "", false }),
		runtime.WithErrorHandler(replies.answerError),
		runtime.WithStreamErrorHandler(replies.streamError),
		runtime.WithRoutingErrorHandler(replies.answerUnknownRoute),
		runtime.WithUnescapingMode(runtime.UnescapingModeAllExceptReserved),
		runtime.WithDisablePathLengthFallback(),
		runtime.WithDisableHTTPMethodOverride(),
		runtime.WithWriteContentLength(),
	)
	connections := map[backend]*grpc.ClientConn{serverBackend: backends.server, scorerBackend: backends.scorer}
	for _, service := range services {
		if err := service.register(ctx, mux, connections[service.backend]); err != nil {
			return nil, err
		}
	}
	return mux, nil
}

func forwardedHeader(name string) (string, bool) {
	forwarded, isForwarded := forwardedHeaders[textproto.CanonicalMIMEHeaderKey(name)]
	return forwarded, isForwarded
}

func answeredHeader(name string) (string, bool) {
	isHidden := hiddenHeaders[name] || strings.HasPrefix(name, "grpc-")
	return name, !isHidden
}
