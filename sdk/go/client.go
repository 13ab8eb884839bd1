package leadline

import (
	"context"
	"crypto/tls"
	"errors"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	leadlinev1 "leadline.dev/sdk/go/gen/leadline/v1"
)

const largestMessage = 16 * 1024 * 1024

// Client is a connection to Leadline. Make one and keep it: all calls share it, from any number of goroutines.
//
// Every method fails with an [*Error]. A call takes as long as its context allows, or the client's timeout where the
// context has no deadline.
type Client struct {
	connection  *grpc.ClientConn
	leads       leadlinev1.LeadServiceClient
	scoring     leadlinev1.ScoringServiceClient
	integration leadlinev1.IntegrationServiceClient
	operations  leadlinev1.OperationServiceClient
	rules       leadlinev1.RuleServiceClient
}

// NewClient makes a client of the Leadline at `host:port`. It needs [WithToken], [WithTokenSource] or [WithAPIKey].
// Nothing is connected until the first call.
func NewClient(address string, options ...Option) (*Client, error) {
	told := settings{timeout: defaultTimeout, tls: &tls.Config{MinVersion: tls.VersionTLS12}}
	for _, option := range options {
		option(&told)
	}
	if (told.token == nil) == (told.apiKey == "") {
		return nil, errors.New("leadline: give a token source or an API key, and not both")
	}
	governor := &governor{timeout: told.timeout, token: told.token}
	security := credentials.NewTLS(told.tls)
	if told.plaintext {
		security = insecure.NewCredentials()
	}
	dialOptions := append([]grpc.DialOption{
		grpc.WithTransportCredentials(security),
		grpc.WithUserAgent(strings.TrimSpace(told.userAgent + " leadline-go/" + Version)),
		grpc.WithDefaultServiceConfig(serviceConfig()),
		grpc.WithDisableServiceConfig(), // retries are what the contract allows, not what a name server says
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(largestMessage)),
		grpc.WithChainUnaryInterceptor(governor.unary),
		grpc.WithChainStreamInterceptor(governor.stream),
	}, told.dialOptions...)
	connection, err := grpc.NewClient(address, dialOptions...)
	if err != nil {
		return nil, err
	}
	if told.apiKey != "" {
		authentication := leadlinev1.NewAuthenticationServiceClient(connection)
		governor.token = newAPIKeyTokens(func(ctx context.Context) (*leadlinev1.ExchangeApiKeyResponse, error) {
			return authentication.ExchangeApiKey(ctx, &leadlinev1.ExchangeApiKeyRequest{ApiKey: told.apiKey})
		}).current
	}
	return &Client{
		connection:  connection,
		leads:       leadlinev1.NewLeadServiceClient(connection),
		scoring:     leadlinev1.NewScoringServiceClient(connection),
		integration: leadlinev1.NewIntegrationServiceClient(connection),
		operations:  leadlinev1.NewOperationServiceClient(connection),
		rules:       leadlinev1.NewRuleServiceClient(connection),
	}, nil
}

// Connection gives the connection for a client of any service of the contract, such as
// leadlinev1.NewWorkflowServiceClient(client.Connection()): with this one's deadline, retries, keys, token and errors.
func (client *Client) Connection() grpc.ClientConnInterface { return client.connection }

// Close closes the connection; calls under way are cancelled.
func (client *Client) Close() error { return client.connection.Close() }
