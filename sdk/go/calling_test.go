package leadline_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	leadline "leadline.dev/sdk/go"
	leadlinev1 "leadline.dev/sdk/go/gen/leadline/v1"
)

func keys(t *testing.T, requests []proto.Message) []string {
	t.Helper()
	var found []string
	for _, request := range requests {
		found = append(found, request.(interface{ GetIdempotencyKey() string }).GetIdempotencyKey())
	}
	return found
}

func TestARetryReusesTheKey(t *testing.T) {
	fake := startFake(t)
	fake.faults["CreateLead"] = []fault{{err: errUnavailable, isAnswerLost: true}, {err: errUnavailable}}
	lead, err := connect(t, fake).CreateLead(t.Context(), &leadlinev1.Lead{ExternalId: "a"})
	if err != nil {
		t.Fatal(err)
	}
	sent := keys(t, fake.asked("CreateLead"))
	if len(sent) != 3 || sent[0] == "" || sent[0] != sent[1] || sent[1] != sent[2] {
		t.Errorf("the tries were sent under the keys %q", sent)
	}
	if len(fake.leads) != 1 || lead.GetName() != leadName(0) {
		t.Errorf("%d leads were stored; got %s", len(fake.leads), lead.GetName())
	}
}

func TestEachCallHasAKeyOfItsOwn(t *testing.T) {
	fake := startFake(t)
	client := connect(t, fake)
	for range 2 {
		if _, err := client.CreateLead(t.Context(), &leadlinev1.Lead{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.CreateLead(t.Context(), &leadlinev1.Lead{}, leadline.WithIdempotencyKey("mine")); err != nil {
		t.Fatal(err)
	}
	request := &leadlinev1.CreateLeadRequest{Lead: &leadlinev1.Lead{}}
	if _, err := leadlinev1.NewLeadServiceClient(client.Connection()).CreateLead(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	sent := keys(t, fake.asked("CreateLead"))
	if sent[0] == sent[1] || sent[2] != "mine" || sent[3] == "" || request.GetIdempotencyKey() != "" {
		t.Errorf("keys %q, the caller's own request has %q", sent, request.GetIdempotencyKey())
	}
}

func TestWhatCouldDoHarmIsNotRepeated(t *testing.T) {
	fake := startFake(t)
	fake.faults["LogIn"] = []fault{{err: errUnavailable}}
	fake.faults["GetLead"] = []fault{{err: failure(codes.InvalidArgument, "INVALID_REQUEST")}}
	client := connect(t, fake)
	authentication := leadlinev1.NewAuthenticationServiceClient(client.Connection())
	_, err := authentication.LogIn(t.Context(), &leadlinev1.LogInRequest{Email: "kim@example.com"})
	if !errors.Is(err, leadline.ErrUnavailable) || len(fake.asked("LogIn")) != 1 {
		t.Errorf("%v after %d tries", err, len(fake.asked("LogIn")))
	}
	_, err = client.GetLead(t.Context(), leadName(1))
	if !errors.Is(err, leadline.ErrInvalidRequest) || len(fake.asked("GetLead")) != 1 {
		t.Errorf("%v after %d tries", err, len(fake.asked("GetLead")))
	}
}

func TestTheDeadlineIsHard(t *testing.T) {
	hanging := fault{delay: time.Minute}
	unavailable := fault{err: errUnavailable, delay: 40 * time.Millisecond}
	for name, faults := range map[string][]fault{
		"the server hangs":         {hanging},
		"a retry hangs":            {unavailable, hanging},
		"every try is unavailable": {unavailable, unavailable, unavailable, unavailable, unavailable, unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			fake := startFake(t)
			fake.faults["GetLead"] = faults
			client := connect(t, fake, leadline.WithToken("token"), leadline.WithTimeout(300*time.Millisecond))
			start := time.Now()
			_, err := client.GetLead(t.Context(), leadName(1))
			if elapsed := time.Since(start); elapsed > 2*time.Second {
				t.Errorf("it took %v", elapsed)
			}
			if !errors.Is(err, leadline.ErrDeadlineExceeded) && !errors.Is(err, leadline.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
			if len(faults) < 3 && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAContextsOwnDeadlineGoesBeforeTheClients(t *testing.T) {
	fake := startFake(t)
	fake.faults["GetLead"] = []fault{{delay: 400 * time.Millisecond}}
	client := connect(t, fake, leadline.WithToken("token"), leadline.WithTimeout(100*time.Millisecond))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	fake.answerLead = &leadlinev1.Lead{Name: leadName(1)}
	if _, err := client.GetLead(ctx, leadName(1)); err != nil {
		t.Error(err)
	}
}

func TestEachReasonArrivesTyped(t *testing.T) {
	fake := startFake(t)
	client := connect(t, fake)
	for number, name := range leadlinev1.ErrorReason_name {
		reason := strings.TrimPrefix(name, "ERROR_REASON_")
		if number == 0 {
			continue
		}
		fake.faults["GetLead"] = []fault{{err: failure(codes.FailedPrecondition, reason)}}
		_, err := client.GetLead(t.Context(), leadName(1))
		var failed *leadline.Error
		if !errors.As(err, &failed) {
			t.Fatalf("%s arrived as %T", reason, err)
		}
		if failed.Reason != reason || failed.CatalogueReason() != leadlinev1.ErrorReason(number) {
			t.Errorf("%s arrived as %s", reason, failed.Reason)
		}
		if failed.Metadata["name"] != "leads/7" || status.Code(err) != codes.FailedPrecondition {
			t.Errorf("%s arrived with %v and %v", reason, failed.Metadata, status.Code(err))
		}
	}
}

func TestEachCodeIsAKind(t *testing.T) {
	fake := startFake(t)
	client := connect(t, fake)
	for code, kind := range map[codes.Code]error{
		codes.InvalidArgument:    leadline.ErrInvalidRequest,
		codes.OutOfRange:         leadline.ErrInvalidRequest,
		codes.Unauthenticated:    leadline.ErrUnauthenticated,
		codes.PermissionDenied:   leadline.ErrPermissionDenied,
		codes.NotFound:           leadline.ErrNotFound,
		codes.AlreadyExists:      leadline.ErrAlreadyExists,
		codes.Aborted:            leadline.ErrConflict,
		codes.FailedPrecondition: leadline.ErrFailedPrecondition,
		codes.DeadlineExceeded:   leadline.ErrDeadlineExceeded,
		codes.Canceled:           leadline.ErrCancelled,
		codes.Internal:           leadline.ErrInternal,
		codes.Unknown:            leadline.ErrInternal,
	} {
		fake.faults["GetLead"] = []fault{{err: status.Error(code, "it went wrong")}}
		if _, err := client.GetLead(t.Context(), leadName(1)); !errors.Is(err, kind) {
			t.Errorf("%v arrived as %v", code, err)
		}
	}
	for reason, kind := range map[string]error{
		"IDEMPOTENCY_KEY_REUSED": leadline.ErrIdempotencyKeyReused, "OPERATION_CANCELLED": leadline.ErrCancelled,
	} {
		fake.faults["GetLead"] = []fault{{err: failure(codes.Aborted, reason)}}
		if _, err := client.GetLead(t.Context(), leadName(1)); !errors.Is(err, kind) || errors.Is(err, leadline.ErrConflict) {
			t.Errorf("%s arrived as %v", reason, err)
		}
	}
}

func TestDetailsArrive(t *testing.T) {
	fake := startFake(t)
	fake.faults["GetLead"] = []fault{{err: failure(codes.InvalidArgument, "REASON_OF_TOMORROW",
		&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "name", Description: "is none"}}},
		&errdetails.RetryInfo{RetryDelay: durationpb.New(3 * time.Second)},
	)}}
	_, err := connect(t, fake).GetLead(t.Context(), "x")
	var failed *leadline.Error
	if !errors.As(err, &failed) || failed.RetryAfter != 3*time.Second || failed.CatalogueReason() != 0 {
		t.Fatalf("got %#v", failed)
	}
	if err.Error() != "leadline: it went wrong [REASON_OF_TOMORROW]; name: is none" {
		t.Error(err)
	}
}

func TestWhatThisVersionDoesNotKnowSurvives(t *testing.T) {
	fake := startFake(t)
	client := connect(t, fake)
	tomorrow := protowire.AppendString(protowire.AppendTag(nil, 5000, protowire.BytesType), "of tomorrow")
	fake.answerLead = &leadlinev1.Lead{Name: leadName(1), Status: 99}
	fake.answerLead.ProtoReflect().SetUnknown(tomorrow)
	lead, err := client.GetLead(t.Context(), leadName(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.UpdateLead(t.Context(), lead, nil); err != nil {
		t.Fatal(err)
	}
	returned := fake.asked("UpdateLead")[0].(*leadlinev1.UpdateLeadRequest).GetLead()
	if returned.GetStatus() != 99 || string(returned.ProtoReflect().GetUnknown()) != string(tomorrow) {
		t.Errorf("%v came back", returned)
	}
}

func TestAnAPIKeyIsExchangedOnceAndRenewed(t *testing.T) {
	fake := startFake(t)
	fake.answerLead = &leadlinev1.Lead{}
	client := connect(t, fake, leadline.WithAPIKey("key"))
	var calls sync.WaitGroup
	for range 20 {
		calls.Go(func() {
			if _, err := client.GetLead(t.Context(), leadName(1)); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	if fake.exchanges != 1 || fake.headers["GetLead"][0].Get("authorization")[0] != "Bearer token-1" {
		t.Errorf("%d exchanges, %v", fake.exchanges, fake.headers["GetLead"][0])
	}
	if sent := fake.headers["ExchangeApiKey"][0].Get("authorization"); len(sent) != 0 {
		t.Errorf("the exchange was sent with %q", sent)
	}
	fake.faults["CreateLead"] = []fault{{err: failure(codes.Unauthenticated, "TOKEN_EXPIRED")}}
	if _, err := client.CreateLead(t.Context(), &leadlinev1.Lead{}); err != nil {
		t.Fatal(err)
	}
	if sent := keys(t, fake.asked("CreateLead")); fake.exchanges != 2 || len(sent) != 2 || sent[0] != sent[1] {
		t.Errorf("%d exchanges, keys %q", fake.exchanges, sent)
	}
}

func TestATokenThatIsAboutToExpireIsRenewedBefore(t *testing.T) {
	fake := startFake(t)
	fake.answerLead, fake.tokenLifetime = &leadlinev1.Lead{}, 5*time.Second
	client := connect(t, fake, leadline.WithAPIKey("key"))
	for range 2 {
		if _, err := client.GetLead(t.Context(), leadName(1)); err != nil {
			t.Fatal(err)
		}
	}
	if fake.exchanges != 2 {
		t.Errorf("%d exchanges", fake.exchanges)
	}
}

func TestATokenSourceWithoutATokenIsUnauthenticated(t *testing.T) {
	fake := startFake(t)
	cause := errors.New("the vault is closed")
	client := connect(t, fake, leadline.WithTokenSource(func(context.Context, string) (string, error) { return "", cause }))
	_, err := client.GetLead(t.Context(), leadName(1))
	if !errors.Is(err, leadline.ErrUnauthenticated) || !errors.Is(err, cause) || len(fake.asked("GetLead")) != 0 {
		t.Errorf("got %v", err)
	}
}

func TestTheUserAgentTellsTheVersion(t *testing.T) {
	fake := startFake(t)
	fake.answerLead = &leadlinev1.Lead{}
	client := connect(t, fake, leadline.WithToken("token"), leadline.WithUserAgent("crm/7"))
	if _, err := client.GetLead(t.Context(), leadName(1)); err != nil {
		t.Fatal(err)
	}
	if agent := fake.headers["GetLead"][0].Get("user-agent")[0]; !strings.HasPrefix(agent, "crm/7 leadline-go/"+leadline.Version) {
		t.Error(agent)
	}
}

func TestAClientNeedsCredentials(t *testing.T) {
	if _, err := leadline.NewClient("127.0.0.1:1"); err == nil {
		t.Error("it was made without any")
	}
	if _, err := leadline.NewClient("127.0.0.1:1", leadline.WithToken("token"), leadline.WithAPIKey("key")); err == nil {
		t.Error("it was made with two")
	}
}
