package leadline_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadline "leadline.dev/sdk/go"
	leadlinev1 "leadline.dev/sdk/go/gen/leadline/v1"
)

func TestAListEnds(t *testing.T) {
	fake := startFake(t)
	for range 25 {
		fake.store(&leadlinev1.Lead{})
	}
	var names []string
	for lead, err := range connect(t, fake).ListLeads(t.Context(), leadline.ListLeadsOptions{PageSize: 10}) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, lead.GetName())
	}
	if len(names) != 25 || names[24] != leadName(24) || len(fake.asked("ListLeads")) != 3 {
		t.Errorf("%d leads in %d pages", len(names), len(fake.asked("ListLeads")))
	}
}

func TestAListFetchesNoMoreThanIsWanted(t *testing.T) {
	fake := startFake(t)
	for range 25 {
		fake.store(&leadlinev1.Lead{})
	}
	for range connect(t, fake).ListLeads(t.Context(), leadline.ListLeadsOptions{PageSize: 10}) {
		break
	}
	if len(fake.asked("ListLeads")) != 1 {
		t.Errorf("%d pages were fetched", len(fake.asked("ListLeads")))
	}
}

func TestAListEndsWithItsError(t *testing.T) {
	fake := startFake(t)
	for range 25 {
		fake.store(&leadlinev1.Lead{})
	}
	fake.faults["ListLeads"] = []fault{{}, {err: failure(codes.InvalidArgument, "INVALID_PAGE_TOKEN")}}
	count, failures := 0, []error{}
	for _, err := range connect(t, fake).ListLeads(t.Context(), leadline.ListLeadsOptions{PageSize: 10}) {
		if err != nil {
			failures = append(failures, err)
			continue
		}
		count++
	}
	if count != 10 || len(failures) != 1 || !errors.Is(failures[0], leadline.ErrInvalidRequest) {
		t.Errorf("%d leads, then %v", count, failures)
	}
}

func changes(numbers ...int) []*leadlinev1.ScoreChange {
	var made []*leadlinev1.ScoreChange
	for _, number := range numbers {
		changed := score(leadName(number))
		changed.ComputeTime = timestamppb.New(time.Unix(int64(number), 0))
		made = append(made, &leadlinev1.ScoreChange{Score: changed})
	}
	return made
}

// watched gives the leads of so many updates, and fails if there are none for too long.
func watched(t *testing.T, client *leadline.Client, options leadline.WatchScoresOptions, count int) ([]string, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var leads []string
	for update, err := range client.WatchScores(ctx, options) {
		if err != nil {
			t.Fatalf("%v after %v", err, leads)
		}
		if leads = append(leads, update.Score.GetLead()); len(leads) == count {
			return leads, update.ResumeToken
		}
	}
	return leads, ""
}

func TestAWatchGoesOnWithoutLossOrRepetition(t *testing.T) {
	fake := startFake(t)
	// The second stream announces 2 and 1 again, as it may after a worker's crash.
	fake.changes = changes(0, 1, 2, 2, 1, 3, 4, 5, 6, 7)
	fake.faults["WatchScores"] = []fault{
		{err: errUnavailable, after: 3},
		{err: status.Error(codes.Internal, "the connection broke"), after: 4},
		{err: failure(codes.ResourceExhausted, "SLOW_CONSUMER"), after: 1},
	}
	leads, token := watched(t, connect(t, fake), leadline.WatchScoresOptions{}, 8)
	for number := range 8 {
		if leads[number] != leadName(number) {
			t.Fatalf("got %v", leads)
		}
	}
	var resumed []string
	for _, request := range fake.asked("WatchScores") {
		resumed = append(resumed, request.(*leadlinev1.WatchScoresRequest).GetResumeToken())
	}
	if !slices.Equal(resumed, []string{"", "3", "7", "8"}) || token != "10" {
		t.Errorf("streams went on after %q; the last token is %s", resumed, token)
	}
}

func TestAWatchGoesOnInAnotherProcess(t *testing.T) {
	fake := startFake(t)
	fake.changes = changes(0, 1, 2, 3)
	_, token := watched(t, connect(t, fake), leadline.WatchScoresOptions{}, 2)
	leads, _ := watched(t, connect(t, fake), leadline.WatchScoresOptions{ResumeToken: token, Names: []string{leadName(2)}}, 1)
	if leads[0] != leadName(2) {
		t.Errorf("went on with %v", leads)
	}
}

func TestAWatchEnds(t *testing.T) {
	fake := startFake(t)
	fake.faults["WatchScores"] = []fault{{err: failure(codes.InvalidArgument, "INVALID_RESUME_TOKEN")}}
	client := connect(t, fake)
	for _, err := range client.WatchScores(t.Context(), leadline.WatchScoresOptions{}) {
		if !errors.Is(err, leadline.ErrInvalidRequest) {
			t.Errorf("got %v", err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	for _, err := range client.WatchScores(ctx, leadline.WatchScoresOptions{}) {
		if !errors.Is(err, leadline.ErrDeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	}
}

func leads(count int) iter.Seq[*leadlinev1.Lead] {
	return func(yield func(*leadlinev1.Lead) bool) {
		for number := range count {
			lead := &leadlinev1.Lead{ExternalId: fmt.Sprint(number)}
			if number == 11_000 {
				lead.Email = "nobody"
			}
			if !yield(lead) {
				return
			}
		}
	}
}

func TestAnImportGoesOnAfterACut(t *testing.T) {
	fake := startFake(t)
	fake.faults["ImportLeads"] = []fault{{err: errUnavailable, after: 3}, {}, {err: errUnavailable, after: 1}}
	var progress []int64
	told := leadline.ImportOptions{Progress: func(soFar leadline.ImportResult) { progress = append(progress, soFar.RowCount()) }}
	result, err := connect(t, fake).ImportLeads(t.Context(), leadline.Rows(leads(12_000)), told)
	if err != nil {
		t.Fatal(err)
	}
	if result.CreatedCount != 11_999 || len(fake.leads) != 11_999 || !slices.Equal(progress, []int64{10_000, 12_000}) {
		t.Errorf("%d created, %d stored, progress %v", result.CreatedCount, len(fake.leads), progress)
	}
	refused := result.RefusedRows
	if len(refused) != 1 || refused[0].LineNumber != 11_001 || refused[0].Err.Reason != "INVALID_REQUEST" {
		t.Errorf("refused: %v", refused)
	}
}

func TestEventsAreSentInBatches(t *testing.T) {
	fake := startFake(t)
	events := func(yield func(*leadlinev1.Event) bool) {
		for number := range 1_500 {
			subject := &leadlinev1.Event_LeadExternalId{LeadExternalId: map[bool]string{true: "nobody"}[number == 1_200]}
			if !yield(&leadlinev1.Event{EventId: fmt.Sprint(number), Subject: subject}) {
				return
			}
		}
	}
	fake.faults["RecordEvents"] = []fault{{err: errUnavailable, isAnswerLost: true}}
	result, err := connect(t, fake).RecordEvents(t.Context(), events, leadline.WithIdempotencyKey("key"))
	if err != nil {
		t.Fatal(err)
	}
	if sent := keys(t, fake.asked("RecordEvents")); !slices.Equal(sent, []string{"key.0", "key.0", "key.1"}) {
		t.Errorf("sent under %q", sent)
	}
	if result.RecordedCount != 1_499 || len(result.RefusedEvents) != 1 || result.RefusedEvents[0].Index != 1_200 {
		t.Errorf("got %+v", result)
	}
}

func TestManyLeadsAreScoredInBatches(t *testing.T) {
	fake := startFake(t)
	var names []string
	for number := range 600 {
		names = append(names, leadName(number))
	}
	count := 0
	for scored, err := range connect(t, fake).BatchScoreLeads(t.Context(), names) {
		if err != nil {
			t.Fatal(err)
		}
		isMissing := scored.Err != nil && errors.Is(scored.Err, leadline.ErrNotFound)
		if scored.Name != names[count] || isMissing != (count == 404) || (scored.Score == nil) != isMissing {
			t.Errorf("%d: %+v", count, scored)
		}
		count++
	}
	if count != 600 || len(fake.asked("BatchScoreLeads")) != 3 {
		t.Errorf("%d in %d requests", count, len(fake.asked("BatchScoreLeads")))
	}
}

func TestAnOperationIsWaitedFor(t *testing.T) {
	fake := startFake(t)
	fake.steps = 3
	training, err := connect(t, fake).TrainModel(t.Context(), leadline.TrainModelOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := training.Result(); !errors.Is(err, leadline.ErrFailedPrecondition) {
		t.Errorf("before it is done: %v", err)
	}
	var stages []string
	model, err := training.Wait(t.Context(), func(now *leadlinev1.OperationMetadata) { stages = append(stages, now.GetStage()) })
	if err != nil || model.GetName() != "models/1" || !slices.Equal(stages, []string{"step 1", "step 2", "step 3"}) {
		t.Errorf("%v, %v after %q", model, err, stages)
	}
}

func TestACancelledOperationSaysSo(t *testing.T) {
	fake := startFake(t)
	training, err := connect(t, fake).TrainModel(t.Context(), leadline.TrainModelOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := training.Cancel(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := training.Wait(t.Context(), nil); !errors.Is(err, leadline.ErrCancelled) {
		t.Errorf("got %v", err)
	}
}

func TestValuesComeBack(t *testing.T) {
	moment := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	fields, err := leadline.ToFields(map[string]any{
		"Visits": 4, "Ratio": 0.5, "Source": "Google", "Signed": true, "Born": moment, "Note": leadline.Text("hi"),
		"Long": strings.Repeat("ä", 257), "Unknown": nil,
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"Visits": 4.0, "Ratio": 0.5, "Source": "Google", "Signed": true, "Born": moment, "Note": leadline.Text("hi"),
		"Long": leadline.Text(strings.Repeat("ä", 257)),
	} {
		if got := leadline.FromFieldValue(fields[name]); got != want {
			t.Errorf("%s came back as %v", name, got)
		}
	}
	if len(fields) != 7 {
		t.Errorf("%d fields", len(fields))
	}
	for name, value := range map[string]any{
		"infinite": math.Inf(1), "empty": "", "long": strings.Repeat("x", leadline.LongestText+1), "list": []int{1},
	} {
		if _, err := leadline.ToFields(map[string]any{name: value}); err == nil || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
