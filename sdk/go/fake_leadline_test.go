package leadline_test

import (
	"context"
	"fmt"
	"net"
	"path"
	"strconv"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadline "leadline.dev/sdk/go"
	leadlinev1 "leadline.dev/sdk/go/gen/leadline/v1"
)

// fault is what goes wrong with one call.
type fault struct {
	// err is what the call fails with.
	err error
	// isAnswerLost has the call carried out before it fails.
	isAnswerLost bool
	// delay is how long the call hangs.
	delay time.Duration
	// after is how many messages of a stream come through before it fails.
	after int
}

// fakeLeadline is a Leadline with a memory, which fails as it is told to.
type fakeLeadline struct {
	leadlinev1.UnimplementedLeadServiceServer
	leadlinev1.UnimplementedScoringServiceServer
	leadlinev1.UnimplementedIntegrationServiceServer
	leadlinev1.UnimplementedOperationServiceServer
	leadlinev1.UnimplementedAuthenticationServiceServer

	address string

	mutex         sync.Mutex
	faults        map[string][]fault
	requests      map[string][]proto.Message
	headers       map[string][]metadata.MD
	leads         []*leadlinev1.Lead
	created       map[string]*leadlinev1.Lead
	imported      map[string]*leadlinev1.ImportLeadsResponse
	changes       []*leadlinev1.ScoreChange
	answerLead    *leadlinev1.Lead
	tokenLifetime time.Duration
	exchanges     int
	steps         int
	failure       *status.Status
}

func startFake(t *testing.T) *fakeLeadline {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	fake := &fakeLeadline{
		address:       listener.Addr().String(),
		faults:        make(map[string][]fault),
		requests:      make(map[string][]proto.Message),
		headers:       make(map[string][]metadata.MD),
		created:       make(map[string]*leadlinev1.Lead),
		imported:      make(map[string]*leadlinev1.ImportLeadsResponse),
		tokenLifetime: time.Hour,
		steps:         2,
	}
	server := grpc.NewServer(grpc.UnaryInterceptor(fake.enter), grpc.MaxRecvMsgSize(16<<20))
	leadlinev1.RegisterLeadServiceServer(server, fake)
	leadlinev1.RegisterScoringServiceServer(server, fake)
	leadlinev1.RegisterIntegrationServiceServer(server, fake)
	leadlinev1.RegisterOperationServiceServer(server, fake)
	leadlinev1.RegisterAuthenticationServiceServer(server, fake)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return fake
}

func connect(t *testing.T, fake *fakeLeadline, options ...leadline.Option) *leadline.Client {
	t.Helper()
	if len(options) == 0 {
		options = []leadline.Option{leadline.WithToken("token")}
	}
	client, err := leadline.NewClient(fake.address, append(options, leadline.WithPlaintext())...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

// failure gives an error as Leadline answers with it.
func failure(code codes.Code, reason string, details ...protoadapt.MessageV1) error {
	details = append(details, &errdetails.ErrorInfo{
		Reason: reason, Domain: "leadline.dev", Metadata: map[string]string{"name": "leads/7"},
	})
	answered, err := status.New(code, "it went wrong").WithDetails(details...)
	if err != nil {
		panic(err)
	}
	return answered.Err()
}

var errUnavailable = status.Error(codes.Unavailable, "away")

func leadName(number int) string {
	return fmt.Sprintf("leads/00000000-0000-7000-8000-%012d", number)
}

func (fake *fakeLeadline) note(ctx context.Context, method string, request proto.Message) fault {
	fake.mutex.Lock()
	defer fake.mutex.Unlock()
	header, _ := metadata.FromIncomingContext(ctx)
	fake.requests[method] = append(fake.requests[method], request)
	fake.headers[method] = append(fake.headers[method], header)
	var next fault
	if faults := fake.faults[method]; len(faults) > 0 {
		next, fake.faults[method] = faults[0], faults[1:]
	}
	return next
}

func (fake *fakeLeadline) enter(
	ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler,
) (any, error) {
	next := fake.note(ctx, path.Base(info.FullMethod), proto.Clone(request.(proto.Message)))
	if next.delay > 0 {
		select {
		case <-time.After(next.delay):
		case <-ctx.Done():
			return nil, status.FromContextError(ctx.Err()).Err()
		}
	}
	if next.err != nil && !next.isAnswerLost {
		return nil, next.err
	}
	fake.mutex.Lock()
	defer fake.mutex.Unlock()
	response, err := handler(ctx, request)
	if next.err != nil {
		return nil, next.err
	}
	return response, err
}

// asked gives the requests that came for a method so far.
func (fake *fakeLeadline) asked(method string) []proto.Message {
	fake.mutex.Lock()
	defer fake.mutex.Unlock()
	return append([]proto.Message(nil), fake.requests[method]...)
}

func (fake *fakeLeadline) store(lead *leadlinev1.Lead) *leadlinev1.Lead {
	stored := proto.Clone(lead).(*leadlinev1.Lead)
	stored.Name = leadName(len(fake.leads))
	fake.leads = append(fake.leads, stored)
	return stored
}

func (fake *fakeLeadline) CreateLead(_ context.Context, request *leadlinev1.CreateLeadRequest) (*leadlinev1.Lead, error) {
	if _, known := fake.created[request.GetIdempotencyKey()]; !known {
		fake.created[request.GetIdempotencyKey()] = fake.store(request.GetLead())
	}
	return fake.created[request.GetIdempotencyKey()], nil
}

func (fake *fakeLeadline) GetLead(context.Context, *leadlinev1.GetLeadRequest) (*leadlinev1.Lead, error) {
	return fake.answerLead, nil
}

func (fake *fakeLeadline) UpdateLead(_ context.Context, request *leadlinev1.UpdateLeadRequest) (*leadlinev1.Lead, error) {
	return request.GetLead(), nil
}

func (fake *fakeLeadline) ListLeads(
	_ context.Context, request *leadlinev1.ListLeadsRequest,
) (*leadlinev1.ListLeadsResponse, error) {
	first, _ := strconv.Atoi(request.GetPageToken())
	last := min(len(fake.leads), first+int(request.GetPageSize()))
	response := &leadlinev1.ListLeadsResponse{Leads: fake.leads[first:last]}
	if last < len(fake.leads) {
		response.NextPageToken = strconv.Itoa(last)
	}
	return response, nil
}

func (fake *fakeLeadline) ImportLeads(
	stream grpc.ClientStreamingServer[leadlinev1.ImportLeadsRequest, leadlinev1.ImportLeadsResponse],
) error {
	next := fake.note(stream.Context(), "ImportLeads", nil)
	sum := new(leadlinev1.ImportLeadsResponse)
	for received := 1; ; received++ {
		message, err := stream.Recv()
		if err != nil { // the end, or the connection is gone
			return stream.SendAndClose(sum)
		}
		answer := fake.importBatch(message)
		sum.CreatedCount += answer.GetCreatedCount()
		sum.RefusedCount += answer.GetRefusedCount()
		sum.RefusedRows = append(sum.RefusedRows, answer.GetRefusedRows()...)
		if next.err != nil && received == next.after {
			return next.err
		}
	}
}

func (fake *fakeLeadline) importBatch(message *leadlinev1.ImportLeadsRequest) *leadlinev1.ImportLeadsResponse {
	fake.mutex.Lock()
	defer fake.mutex.Unlock()
	key := fmt.Sprintf("%s/%d", message.GetIdempotencyKey(), message.GetSequenceNumber())
	if known := fake.imported[key]; known != nil {
		return known
	}
	answer := new(leadlinev1.ImportLeadsResponse)
	for _, row := range message.GetRows() {
		if row.GetLead().GetEmail() == "nobody" {
			refused, _ := status.FromError(failure(codes.InvalidArgument, "INVALID_REQUEST"))
			answer.RefusedCount++
			answer.RefusedRows = append(answer.RefusedRows, &leadlinev1.RefusedRow{
				LineNumber: row.GetLineNumber(), Status: refused.Proto(),
			})
			continue
		}
		fake.store(row.GetLead())
		answer.CreatedCount++
	}
	fake.imported[key] = answer
	return answer
}

func (fake *fakeLeadline) RecordEvents(
	_ context.Context, request *leadlinev1.RecordEventsRequest,
) (*leadlinev1.RecordEventsResponse, error) {
	response := new(leadlinev1.RecordEventsResponse)
	for index, event := range request.GetEvents() {
		if event.GetLeadExternalId() == "nobody" {
			missing, _ := status.FromError(failure(codes.NotFound, "LEAD_NOT_FOUND"))
			response.RefusedEvents = append(response.RefusedEvents, &leadlinev1.RefusedEvent{
				EventId: event.GetEventId(), Index: int32(index), Status: missing.Proto(),
			})
			continue
		}
		response.RecordedCount++
	}
	return response, nil
}

func score(name string) *leadlinev1.Score {
	return &leadlinev1.Score{
		Lead: name, Model: "models/1", Probability: 0.731, Value: 73, EvidenceCount: 5254, ProbabilityLow: 0.641,
		ProbabilityHigh: 0.808,
		Attributions:    []*leadlinev1.Attribution{{Feature: "Lead Source", Observed: "Google", LogOdds: 2}},
	}
}

func (fake *fakeLeadline) ScoreInlineLead(
	context.Context, *leadlinev1.ScoreInlineLeadRequest,
) (*leadlinev1.Score, error) {
	return score(""), nil
}

func (fake *fakeLeadline) BatchScoreLeads(
	_ context.Context, request *leadlinev1.BatchScoreLeadsRequest,
) (*leadlinev1.BatchScoreLeadsResponse, error) {
	response := new(leadlinev1.BatchScoreLeadsResponse)
	for _, name := range request.GetNames() {
		result := &leadlinev1.BatchScoreResult{Result: &leadlinev1.BatchScoreResult_Score{Score: score(name)}}
		if name == leadName(404) {
			missing, _ := status.FromError(failure(codes.NotFound, "LEAD_NOT_FOUND"))
			result.Result = &leadlinev1.BatchScoreResult_Status{Status: missing.Proto()}
		}
		response.Results = append(response.Results, result)
	}
	return response, nil
}

func (fake *fakeLeadline) WatchScores(
	request *leadlinev1.WatchScoresRequest, stream grpc.ServerStreamingServer[leadlinev1.WatchScoresResponse],
) error {
	next := fake.note(stream.Context(), "WatchScores", request)
	start, _ := strconv.Atoi(request.GetResumeToken())
	for told, change := range fake.changes[start:] {
		if next.err != nil && told == next.after {
			return next.err
		}
		message := &leadlinev1.WatchScoresResponse{
			ResumeToken: strconv.Itoa(start + told + 1),
			Event:       &leadlinev1.WatchScoresResponse_ScoreChange{ScoreChange: change},
		}
		if err := stream.Send(message); err != nil {
			return err
		}
	}
	if next.err != nil {
		return next.err
	}
	<-stream.Context().Done()
	return stream.Context().Err()
}

func (fake *fakeLeadline) ExchangeApiKey(
	context.Context, *leadlinev1.ExchangeApiKeyRequest,
) (*leadlinev1.ExchangeApiKeyResponse, error) {
	fake.exchanges++
	return &leadlinev1.ExchangeApiKeyResponse{
		AccessToken:           fmt.Sprintf("token-%d", fake.exchanges),
		AccessTokenExpireTime: timestamppb.New(time.Now().Add(fake.tokenLifetime)),
	}, nil
}

func (fake *fakeLeadline) operation() (*longrunningpb.Operation, error) {
	asked := len(fake.requests["WaitOperation"])
	stage, err := anypb.New(&leadlinev1.OperationMetadata{Stage: fmt.Sprintf("step %d", asked)})
	if err != nil {
		return nil, err
	}
	operation := &longrunningpb.Operation{Name: "operations/1", Metadata: stage, Done: asked >= fake.steps}
	if operation.GetDone() && fake.failure != nil {
		operation.Result = &longrunningpb.Operation_Error{Error: fake.failure.Proto()}
	} else if operation.GetDone() {
		model, err := anypb.New(&leadlinev1.Model{Name: "models/1", Evaluation: &leadlinev1.Evaluation{Auc: 0.9}})
		if err != nil {
			return nil, err
		}
		operation.Result = &longrunningpb.Operation_Response{Response: model}
	}
	return operation, nil
}

func (fake *fakeLeadline) TrainModel(
	context.Context, *leadlinev1.TrainModelRequest,
) (*longrunningpb.Operation, error) {
	return fake.operation()
}

func (fake *fakeLeadline) WaitOperation(
	context.Context, *leadlinev1.WaitOperationRequest,
) (*longrunningpb.Operation, error) {
	return fake.operation()
}

func (fake *fakeLeadline) CancelOperation(
	context.Context, *leadlinev1.CancelOperationRequest,
) (*longrunningpb.Operation, error) {
	fake.failure, _ = status.FromError(failure(codes.Aborted, "OPERATION_CANCELLED"))
	return fake.operation()
}
