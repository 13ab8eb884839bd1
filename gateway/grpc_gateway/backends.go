package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	leadlinev1 "leadline.dev/sdk/go/gen/leadline/v1"
)

const (
	largestAnswerBytes = 64 * 1024 * 1024
	healthTimeout      = time.Second
	// takingTurns has the processes behind one name take turns.
	takingTurns = `{"loadBalancingConfig": [{"round_robin": {}}]}`
)

// waitTimes are of rpcs that hold their answer back on request: how much longer they may take than others.
var waitTimes = map[string]time.Duration{leadlinev1.OperationService_WaitOperation_FullMethodName: time.Minute}

// backends are the connections to the processes that answer.
type backends struct {
	server *grpc.ClientConn
	scorer *grpc.ClientConn
}

// connect prepares the connections; whether anybody answers shows with the first call.
func connect(settings settings) (*backends, error) {
	transport := insecure.NewCredentials()
	if settings.authoritiesFile != "" {
		read, err := credentials.NewClientTLSFromFile(settings.authoritiesFile, "")
		if err != nil {
			return nil, fmt.Errorf("LEADLINE_BACKEND_AUTHORITIES_FILE: %w", err)
		}
		transport = read
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultServiceConfig(takingTurns),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(largestAnswerBytes)),
		grpc.WithUnaryInterceptor(withTimeLimit(settings.unaryTimeout)),
	}
	server, serverErr := grpc.NewClient(settings.serverTarget, options...)
	scorer, scorerErr := grpc.NewClient(settings.scorerTarget, options...)
	if err := errors.Join(serverErr, scorerErr); err != nil {
		return nil, fmt.Errorf("a backend's target: %w", err)
	}
	return &backends{server: server, scorer: scorer}, nil
}

func (backends *backends) close() {
	_ = backends.server.Close()
	_ = backends.scorer.Close()
}

// areHealthy tells whether a process of each kind says that it serves.
func (backends *backends) areHealthy(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	for _, connection := range []*grpc.ClientConn{backends.server, backends.scorer} {
		answer, err := healthpb.NewHealthClient(connection).Check(ctx, new(healthpb.HealthCheckRequest))
		if err != nil || answer.GetStatus() != healthpb.HealthCheckResponse_SERVING {
			return false
		}
	}
	return true
}

// withTimeLimit ends unary rpcs whose caller has set no limit. A stream may last as long as its caller likes.
func withTimeLimit(limit time.Duration) grpc.UnaryClientInterceptor {
	return func(
		ctx context.Context, method string, request, answer any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker,
		options ...grpc.CallOption,
	) error {
		if _, isLimited := ctx.Deadline(); !isLimited {
			limited, cancel := context.WithTimeout(ctx, limit+waitTimes[method])
			defer cancel()
			ctx = limited
		}
		return invoke(ctx, method, request, answer, connection, options...)
	}
}
