// Command contractdriver drives the Go SDK for the contract suite of all SDKs, tests/sdk: it reads calls as lines of JSON
// and answers them.
package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadline "leadline.dev/sdk/go"
	leadlinev1 "leadline.dev/sdk/go/gen/leadline/v1"
)

// told is what a request can say; each call looks at its own part.
type told struct {
	Call           string   `json:"call"`
	Address        string   `json:"address"`
	Token          string   `json:"token"`
	APIKey         string   `json:"api_key"`
	TimeoutMs      int64    `json:"timeout_ms"`
	UserAgent      string   `json:"user_agent"`
	Name           string   `json:"name"`
	Names          []string `json:"names"`
	Owner          string   `json:"owner"`
	ExternalID     string   `json:"external_id"`
	IdempotencyKey string   `json:"idempotency_key"`
	PageSize       int32    `json:"page_size"`
	Count          int      `json:"count"`
	Bad            []int    `json:"bad"`
	ResumeToken    string   `json:"resume_token"`
	Snapshot       bool     `json:"snapshot"`
	Email          string   `json:"email"`
	Password       string   `json:"password"`
	DisplayName    string   `json:"display_name"`
	Value          any      `json:"value"`
}

type answer map[string]any

type driver struct{ client *leadline.Client }

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	answers := json.NewEncoder(os.Stdout)
	driver := &driver{}
	for lines.Scan() {
		var request told
		if err := json.Unmarshal(lines.Bytes(), &request); err != nil {
			log.Fatal(err)
		}
		result, err := driver.carryOut(context.Background(), request)
		told := answer{"result": result}
		if err != nil {
			told = answer{"error": errorOf(err)}
		}
		if err := answers.Encode(told); err != nil {
			log.Fatal(err)
		}
	}
}

func (driver *driver) carryOut(ctx context.Context, told told) (any, error) {
	switch told.Call {
	case "version":
		return leadline.Version, nil
	case "connect":
		return nil, driver.connect(told)
	case "get_lead":
		lead, err := driver.client.GetLead(ctx, told.Name)
		return lead.GetExternalId(), err
	case "create_lead":
		lead := &leadlinev1.Lead{ExternalId: told.ExternalID}
		created, err := driver.client.CreateLead(ctx, lead, leadline.WithIdempotencyKey(told.IdempotencyKey))
		return created.GetName(), err
	case "change_owner":
		lead, err := driver.client.GetLead(ctx, told.Name)
		if err != nil {
			return nil, err
		}
		lead.Owner = told.Owner
		_, err = driver.client.UpdateLead(ctx, lead, nil)
		return nil, err
	case "list_leads":
		found := []string{}
		for lead, err := range driver.client.ListLeads(ctx, leadline.ListLeadsOptions{PageSize: told.PageSize}) {
			if err != nil {
				return nil, err
			}
			found = append(found, lead.GetExternalId())
		}
		return found, nil
	case "import_leads":
		return driver.importLeads(ctx, told)
	case "record_events":
		return driver.recordEvents(ctx, told)
	case "batch_score_leads":
		return driver.batchScoreLeads(ctx, told)
	case "watch_scores":
		return driver.watchScores(ctx, told)
	case "methods":
		return methods(), nil
	case "publish_events":
		return driver.publishEvents(ctx, told)
	case "watch_notifications":
		return driver.watchNotifications(ctx, told)
	case "list_lead_events":
		request := &leadlinev1.ListLeadEventsRequest{Parent: told.Name, PageSize: told.PageSize}
		eventID := func(found *leadlinev1.RecordedEvent) string { return found.GetEvent().GetEventId() }
		return collected(driver.client.ListLeadEvents(ctx, request), eventID)
	case "export_audit_records":
		request := &leadlinev1.ExportAuditRecordsRequest{}
		return collected(driver.client.ExportAuditRecords(ctx, request), (*leadlinev1.AuditRecord).GetName)
	case "create_workflow":
		request := &leadlinev1.CreateWorkflowRequest{Workflow: &leadlinev1.Workflow{DisplayName: told.DisplayName}}
		workflow, err := driver.client.CreateWorkflow(ctx, request)
		return workflow.GetDisplayName(), err
	case "get_leads_at_once":
		return driver.getLeadsAtOnce(ctx, told)
	case "log_in":
		_, err := driver.client.LogIn(ctx, &leadlinev1.LogInRequest{Email: told.Email, Password: told.Password})
		return nil, err
	case "train_model":
		return driver.trainModel(ctx)
	case "field_value":
		return fieldValue(told.Value)
	default:
		return nil, fmt.Errorf("no call is named %q", told.Call)
	}
}

func (driver *driver) connect(told told) error {
	if driver.client != nil {
		if err := driver.client.Close(); err != nil {
			return err
		}
	}
	options := []leadline.Option{leadline.WithPlaintext(), leadline.WithUserAgent(told.UserAgent)}
	if told.APIKey != "" {
		options = append(options, leadline.WithAPIKey(told.APIKey))
	} else {
		options = append(options, leadline.WithToken(told.Token))
	}
	if told.TimeoutMs > 0 {
		options = append(options, leadline.WithTimeout(time.Duration(told.TimeoutMs)*time.Millisecond))
	}
	client, err := leadline.NewClient(told.Address, options...)
	driver.client = client
	return err
}

func (driver *driver) importLeads(ctx context.Context, told told) (any, error) {
	rows := func(yield func(*leadlinev1.ImportRow) bool) {
		for line := 1; line <= told.Count; line++ {
			lead := &leadlinev1.Lead{ExternalId: strconv.Itoa(line)}
			if slices.Contains(told.Bad, line) {
				lead.Email = "nonsense"
			}
			if !yield(&leadlinev1.ImportRow{LineNumber: int64(line), Lead: lead}) {
				return
			}
		}
	}
	result, err := driver.client.ImportLeads(ctx, rows, leadline.ImportOptions{})
	refused := [][]any{}
	for _, row := range result.RefusedRows {
		refused = append(refused, []any{row.LineNumber, row.Err.Reason})
	}
	return answer{"created": result.CreatedCount, "refused": refused}, err
}

func eventsOf(told told) iter.Seq[*leadlinev1.Event] {
	moment := timestamppb.New(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	return func(yield func(*leadlinev1.Event) bool) {
		for place := range told.Count {
			subject := "somebody"
			if slices.Contains(told.Bad, place) {
				subject = "nobody"
			}
			if !yield(&leadlinev1.Event{
				EventId:      strconv.Itoa(place),
				Subject:      &leadlinev1.Event_LeadExternalId{LeadExternalId: subject},
				Type:         "page_view",
				OccurredTime: moment,
			}) {
				return
			}
		}
	}
}

func (driver *driver) recordEvents(ctx context.Context, told told) (any, error) {
	result, err := driver.client.RecordEvents(ctx, eventsOf(told))
	refused := [][]any{}
	for _, event := range result.RefusedEvents {
		refused = append(refused, []any{event.Index, event.Err.Reason})
	}
	return answer{"recorded": result.RecordedCount, "refused": refused}, err
}

func (driver *driver) publishEvents(ctx context.Context, told told) (any, error) {
	results := [][]string{}
	for published, err := range driver.client.PublishEvents(ctx, eventsOf(told)) {
		if err != nil {
			return nil, err
		}
		reason := ""
		if published.Err != nil {
			reason = published.Err.Reason
		}
		outcome := strings.TrimPrefix(published.Outcome.String(), "EVENT_OUTCOME_")
		results = append(results, []string{published.EventID, outcome, reason})
	}
	return results, nil
}

func (driver *driver) watchNotifications(ctx context.Context, told told) (any, error) {
	updates := []answer{}
	for update, err := range driver.client.WatchNotifications(ctx, told.ResumeToken) {
		if err != nil {
			return nil, err
		}
		name := update.Notification.GetName()
		updates = append(updates, answer{"notification": name, "resume_token": update.ResumeToken})
		if len(updates) == told.Count {
			break
		}
	}
	return updates, nil
}

func methods() []string {
	client := reflect.TypeFor[*leadline.Client]()
	names := make([]string, client.NumMethod())
	for place := range names {
		names[place] = client.Method(place).Name
	}
	return names
}

func collected[Item any](items iter.Seq2[Item, error], tell func(Item) string) (any, error) {
	found := []string{}
	for item, err := range items {
		if err != nil {
			return nil, err
		}
		found = append(found, tell(item))
	}
	return found, nil
}

func (driver *driver) batchScoreLeads(ctx context.Context, told told) (any, error) {
	results := []answer{}
	for scored, err := range driver.client.BatchScoreLeads(ctx, told.Names) {
		if err != nil {
			return nil, err
		}
		result := answer{"name": scored.Name}
		if scored.Err != nil {
			result["reason"] = scored.Err.Reason
		} else {
			result["value"] = scored.Score.GetValue()
		}
		results = append(results, result)
	}
	return results, nil
}

func (driver *driver) watchScores(ctx context.Context, told told) (any, error) {
	options := leadline.WatchScoresOptions{Names: told.Names, ResumeToken: told.ResumeToken, Snapshot: told.Snapshot}
	updates := []answer{}
	for update, err := range driver.client.WatchScores(ctx, options) {
		if err != nil {
			return nil, err
		}
		updates = append(updates, answer{
			"lead": update.Score.GetLead(), "snapshot": update.IsSnapshot, "resume_token": update.ResumeToken,
		})
		if len(updates) == told.Count {
			break
		}
	}
	return updates, nil
}

func (driver *driver) getLeadsAtOnce(ctx context.Context, told told) (any, error) {
	var calls sync.WaitGroup
	failures := make([]error, told.Count)
	for place := range told.Count {
		calls.Go(func() { _, failures[place] = driver.client.GetLead(ctx, told.Name) })
	}
	calls.Wait()
	return told.Count, errors.Join(failures...)
}

func (driver *driver) trainModel(ctx context.Context) (any, error) {
	training, err := driver.client.TrainModel(ctx, leadline.TrainModelOptions{})
	if err != nil {
		return nil, err
	}
	stages := []string{}
	model, err := training.Wait(ctx, func(now *leadlinev1.OperationMetadata) { stages = append(stages, now.GetStage()) })
	return answer{"model": model.GetName(), "stages": stages}, err
}

func fieldValue(value any) (any, error) {
	if date, isDate := value.(map[string]any); isDate {
		moment, err := time.Parse(time.RFC3339Nano, date["date"].(string))
		if err != nil {
			return nil, err
		}
		value = moment
	}
	converted, err := leadline.ToFieldValue(value)
	if err != nil {
		return nil, err
	}
	wire, err := proto.MarshalOptions{Deterministic: true}.Marshal(converted)
	return base64.StdEncoding.EncodeToString(wire), err
}

// kinds are the SDK's kinds of failures under the names of the protocol, the narrower before the wider.
var kinds = []struct {
	name string
	kind error
}{
	{"IdempotencyKeyReused", leadline.ErrIdempotencyKeyReused},
	{"ApiKeyRefused", leadline.ErrAPIKeyRefused},
	{"InvalidRequest", leadline.ErrInvalidRequest},
	{"Unauthenticated", leadline.ErrUnauthenticated},
	{"PermissionDenied", leadline.ErrPermissionDenied},
	{"NotFound", leadline.ErrNotFound},
	{"AlreadyExists", leadline.ErrAlreadyExists},
	{"Conflict", leadline.ErrConflict},
	{"FailedPrecondition", leadline.ErrFailedPrecondition},
	{"ResourceExhausted", leadline.ErrResourceExhausted},
	{"Unavailable", leadline.ErrUnavailable},
	{"DeadlineExceeded", leadline.ErrDeadlineExceeded},
	{"Cancelled", leadline.ErrCancelled},
	{"InternalError", leadline.ErrInternal},
}

func errorOf(err error) answer {
	result := answer{"kind": "Other", "text": fmt.Sprintf("%s %+v", err, err)}
	for _, known := range kinds {
		if errors.Is(err, known.kind) {
			result["kind"] = known.name
			break
		}
	}
	var failure *leadline.Error
	if !errors.As(err, &failure) {
		return result
	}
	violations := [][]string{}
	for _, violation := range failure.FieldViolations {
		violations = append(violations, []string{violation.Field, violation.Description})
	}
	metadata := failure.Metadata
	if metadata == nil {
		metadata = map[string]string{}
	}
	result["code"] = code.Code(failure.Code).String()
	result["reason"] = failure.Reason
	result["metadata"] = metadata
	result["violations"] = violations
	result["retry_after_ms"] = nil
	if failure.RetryAfter > 0 {
		result["retry_after_ms"] = failure.RetryAfter.Milliseconds()
	}
	return result
}
