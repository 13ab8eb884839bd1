package leadline

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"time"

	"google.golang.org/grpc"
)

const defaultTimeout = 10 * time.Second

// TokenSource gives the bearer token to use now. It is asked before each call, so it should keep what it fetched until
// it expires. Where Leadline refuses a token, it is asked once more with the token that was refused.
// Several calls may ask at the same time.
type TokenSource func(ctx context.Context, refused string) (string, error)

// Option tells a [Client] something that has another value otherwise.
type Option func(*settings)

type settings struct {
	token       TokenSource
	apiKey      string
	plaintext   bool
	tls         *tls.Config
	timeout     time.Duration
	userAgent   string
	dialOptions []grpc.DialOption
}

// WithToken lets the client call with one bearer token.
func WithToken(token string) Option {
	return WithTokenSource(func(context.Context, string) (string, error) { return token, nil })
}

// WithTokenSource lets the client ask for the bearer token before each call.
func WithTokenSource(source TokenSource) Option {
	return func(told *settings) { told.token = source }
}

// WithAPIKey lets the client exchange an API key for tokens, and renew them by itself.
func WithAPIKey(key string) Option {
	return func(told *settings) { told.apiKey = key }
}

// WithPlaintext leaves TLS out: on this machine, or inside a network that encrypts by itself.
func WithPlaintext() Option {
	return func(told *settings) { told.plaintext = true }
}

// WithRootCertificates trusts these authorities instead of the machine's.
func WithRootCertificates(authorities *x509.CertPool) Option {
	return func(told *settings) { told.tls = &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12} }
}

// WithTimeout sets the time that a call may take, its retries included, where its context has no deadline: 10 seconds
// unless you say otherwise.
func WithTimeout(timeout time.Duration) Option {
	return func(told *settings) { told.timeout = timeout }
}

// WithUserAgent sends the name and version of your program before the SDK's own.
func WithUserAgent(program string) Option {
	return func(told *settings) { told.userAgent = program }
}

// WithDialOptions adds options of gRPC, such as interceptors or a stats handler for traces and metrics.
func WithDialOptions(options ...grpc.DialOption) Option {
	return func(told *settings) { told.dialOptions = append(told.dialOptions, options...) }
}

// CallOption tells a mutation something that has another value otherwise.
type CallOption func(*callSettings)

type callSettings struct {
	idempotencyKey string
}

// WithIdempotencyKey makes a mutation under this key instead of a new one, so that it can be repeated safely after your
// own process died: within 24 hours, Leadline does it once and gives its first answer again.
func WithIdempotencyKey(key string) CallOption {
	return func(told *callSettings) { told.idempotencyKey = key }
}

func keyOf(options []CallOption) string {
	var told callSettings
	for _, option := range options {
		option(&told)
	}
	if told.idempotencyKey == "" {
		return NewIdempotencyKey()
	}
	return told.idempotencyKey
}
