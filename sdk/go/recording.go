package leadline

import (
	"context"
	"fmt"
	"iter"

	leadlinev1 "leadline.dev/sdk/go/gen/leadline/v1"
)

const mostEvents = 1_000

// RefusedEvent is an event that was not taken.
type RefusedEvent struct {
	// EventID is the sender's id of the event.
	EventID string
	// Index is its place among the events given, from 0.
	Index int
	// Err says why.
	Err *Error
}

// RecordEventsResult tells what became of events.
type RecordEventsResult struct {
	// IdempotencyKey is the call's key: the same events sent again under it within a day are answered as before.
	IdempotencyKey string
	// RecordedCount is how many events were recorded, DuplicateCount how many were skipped as recorded already.
	RecordedCount, DuplicateCount int64
	// RefusedEvents are the events refused, with the reason.
	RefusedEvents []RefusedEvent
}

// RecordEvents records what leads did, in as many requests as it takes, each under the call's key with its place. With an
// error it gives what was recorded so far.
func (client *Client) RecordEvents(
	ctx context.Context, events iter.Seq[*leadlinev1.Event], options ...CallOption,
) (RecordEventsResult, error) {
	result := RecordEventsResult{IdempotencyKey: keyOf(options)}
	place, firstIndex := 0, 0
	for batch := range batched(events, mostEvents) {
		response, err := client.integration.RecordEvents(ctx, &leadlinev1.RecordEventsRequest{
			Events: batch, IdempotencyKey: fmt.Sprintf("%s.%d", result.IdempotencyKey, place),
		})
		if err != nil {
			return result, err
		}
		result.RecordedCount += response.GetRecordedCount()
		result.DuplicateCount += response.GetDuplicateCount()
		for _, refused := range response.GetRefusedEvents() {
			result.RefusedEvents = append(result.RefusedEvents, RefusedEvent{
				EventID: refused.GetEventId(),
				Index:   firstIndex + int(refused.GetIndex()),
				Err:     errorFromProto(refused.GetStatus()),
			})
		}
		place++
		firstIndex += len(batch)
	}
	return result, nil
}
