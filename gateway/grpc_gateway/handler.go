package main

import (
	"context"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/google/uuid"
)

const requestIDHeader = "x-request-id"

// newHandler gives everything that the program serves. When the context ends, it is no longer healthy.
func newHandler(ctx context.Context, backends *backends, settings settings, log *slog.Logger) (http.Handler, error) {
	replies, err := readReplies()
	if err != nil {
		return nil, err
	}
	surface, err := newSurface(ctx, backends, replies, settings.unaryTimeout)
	if err != nil {
		return nil, err
	}
	documentation, err := newDocumentation()
	if err != nil {
		return nil, err
	}
	serve := func(writer http.ResponseWriter, request *http.Request) {
		switch {
		case request.URL.Path == "/livez":
			writer.WriteHeader(http.StatusOK)
		case request.URL.Path == "/healthz":
			if ctx.Err() != nil || !backends.areHealthy(request.Context()) {
				writer.WriteHeader(http.StatusServiceUnavailable)
			}
		case documentation.serves(request.URL.Path):
			documentation.ServeHTTP(writer, request)
		case hasEscapedSlash(request.URL.RawPath):
			writeReply(writer, http.StatusBadRequest, replies.reply(http.StatusBadRequest, "the path has an escaped slash"))
		default:
			surface.ServeHTTP(writer, normalized(request))
		}
	}
	return logged(log, identified(&crossOrigin{next: http.HandlerFunc(serve), own: settings.allowedOrigins})), nil
}

// identified gives each request an id of its own, which a backend logs and the answer tells, as it does the version.
func identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		id := uuid.NewString()
		request.Header.Set(requestIDHeader, id)
		writer.Header().Set(requestIDHeader, id)
		writer.Header().Set(versionHeader, apiVersion)
		next.ServeHTTP(writer, request)
	})
}

func hasEscapedSlash(path string) bool {
	lowered := strings.ToLower(path)
	return strings.Contains(lowered, "%2f") || strings.Contains(lowered, "%5c")
}

// normalized gives the request as Envoy would see it: without detours in its path, and asking for events only where a
// stream can give them.
func normalized(request *http.Request) *http.Request {
	if cleaned := path.Clean(request.URL.Path); cleaned != request.URL.Path && request.URL.RawPath == "" {
		request.URL.Path = cleaned
	}
	if strings.HasPrefix(request.Header.Get("Accept"), eventStream) && request.Method == http.MethodGet {
		request.Header.Set("Accept", eventStream)
	} else {
		request.Header.Del("Accept")
	}
	return request
}

// logged writes one line a request. It tells nothing personal: no query, no address, no header but the request's id.
func logged(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		begin := time.Now()
		told := &recordedAnswer{ResponseWriter: writer, httpStatus: http.StatusOK}
		next.ServeHTTP(told, request)
		log.Info(
			"request",
			"request_id", writer.Header().Get(requestIDHeader),
			"method", request.Method,
			"path", request.URL.Path,
			"http_status", told.httpStatus,
			"duration_ms", time.Since(begin).Milliseconds(),
			"protocol", request.Proto,
		)
	})
}

// recordedAnswer notes the status of an answer.
type recordedAnswer struct {
	http.ResponseWriter
	httpStatus int
}

// WriteHeader notes the status.
func (answer *recordedAnswer) WriteHeader(httpStatus int) {
	answer.httpStatus = httpStatus
	answer.ResponseWriter.WriteHeader(httpStatus)
}

// Unwrap lets a stream be flushed.
func (answer *recordedAnswer) Unwrap() http.ResponseWriter { return answer.ResponseWriter }
