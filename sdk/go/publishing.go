package leadline

import (
	"context"
	"iter"
	"sync"
	"time"

	leadlinev1 "leadline.dev/sdk/go/gen/leadline/v1"
)

// mostUnanswered messages may be on their way: more wait until Leadline has answered, so that memory stays constant.
const mostUnanswered = 256

// PublishedEvent is what became of an event that was published.
type PublishedEvent struct {
	// EventID is the sender's id of the event.
	EventID string
	// Outcome tells whether the event is kept now, was kept before, or is refused. An event whose answer got lost is sent
	// again, and then was kept before.
	Outcome leadlinev1.EventOutcome
	// Err says why it was refused; nil if it was not.
	Err *Error
	// DeadLetter is where a refused event is kept to be corrected and replayed; empty for other events.
	DeadLetter string
}

// PublishEvents records events as they happen, and gives what became of each as soon as Leadline tells, in their order.
//
// Where a connection is lost, what was not answered is sent again; each event needs an id, by which nothing is kept
// twice. Go through the answers to publish: as long as nobody takes them, nothing more is sent after the first few
// hundred. The events are gone through in another goroutine. It ends with the events, or with an error as
// [Client.WatchScores] does; what was acknowledged is kept.
func (client *Client) PublishEvents(
	ctx context.Context, events iter.Seq[*leadlinev1.Event],
) iter.Seq2[PublishedEvent, error] {
	return func(yield func(PublishedEvent, error) bool) {
		ctx, end := context.WithCancel(ctx)
		defer end()
		publication := &publication{client: client, changed: make(chan struct{})}
		go publication.draw(ctx, events)
		for {
			isWanted, err := publication.stream(ctx, yield)
			if !isWanted || publication.isOver() {
				return
			}
			if err := publication.resumption.goOn(ctx, err); err != nil {
				yield(PublishedEvent{}, err)
				return
			}
		}
	}
}

// publication is events on their way, over as many streams as it takes.
type publication struct {
	client     *Client
	resumption resumption

	mutex      sync.Mutex
	changed    chan struct{} // closed, and another in its place, whenever what follows changes
	unanswered []*leadlinev1.PublishEventsRequest
	nextNumber int64
	isComplete bool // all events have been given out
}

func (publication *publication) change(change func()) {
	publication.mutex.Lock()
	defer publication.mutex.Unlock()
	change()
	close(publication.changed)
	publication.changed = make(chan struct{})
}

// await waits until a condition holds that is looked at under the lock. It gives false where the context ends before.
func (publication *publication) await(ctx context.Context, holds func() bool) bool {
	for {
		publication.mutex.Lock()
		isMet, changed := holds(), publication.changed
		publication.mutex.Unlock()
		if isMet {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// draw takes the events, as many as may be on their way.
func (publication *publication) draw(ctx context.Context, events iter.Seq[*leadlinev1.Event]) {
	for event := range events {
		isThereRoom := func() bool { return len(publication.unanswered) < mostUnanswered }
		if !publication.await(ctx, isThereRoom) {
			return
		}
		publication.change(func() {
			publication.unanswered = append(publication.unanswered, &leadlinev1.PublishEventsRequest{
				SequenceNumber: publication.nextNumber, Events: []*leadlinev1.Event{event},
			})
			publication.nextNumber++
		})
	}
	publication.change(func() { publication.isComplete = true })
}

// message waits for the first message with this number or a higher one. It gives nil where there is none any more.
func (publication *publication) message(ctx context.Context, number int64) *leadlinev1.PublishEventsRequest {
	var found *leadlinev1.PublishEventsRequest
	publication.await(ctx, func() bool {
		for _, message := range publication.unanswered {
			if message.GetSequenceNumber() >= number {
				found = message
				return true
			}
		}
		return publication.isComplete
	})
	return found
}

func (publication *publication) isOver() bool {
	publication.mutex.Lock()
	defer publication.mutex.Unlock()
	return publication.isComplete && len(publication.unanswered) == 0
}

// stream sends what is not answered, then what comes, and passes on the answers. It gives whether more are wanted, and
// why the stream ended.
func (publication *publication) stream(ctx context.Context, yield func(PublishedEvent, error) bool) (bool, error) {
	life, end := context.WithCancelCause(ctx)
	defer end(nil)
	age := time.AfterFunc(streamTime, func() { end(errStreamTimeOver) })
	defer age.Stop()
	stream, err := publication.client.integration.PublishEvents(publication.resumption.context(life))
	if err != nil {
		return true, endOf(life, err)
	}
	go publication.send(life, stream)
	for {
		response, err := stream.Recv()
		if err != nil {
			return true, endOf(life, err)
		}
		publication.resumption.progressed()
		publication.change(func() {
			for len(publication.unanswered) > 0 &&
				publication.unanswered[0].GetSequenceNumber() <= response.GetSequenceNumber() {
				publication.unanswered = publication.unanswered[1:]
			}
		})
		for _, told := range response.GetAcknowledgements() {
			published := PublishedEvent{EventID: told.GetEventId(), Outcome: told.GetOutcome(), DeadLetter: told.GetDeadLetter()}
			if status := told.GetStatus(); status != nil {
				published.Err = errorFromProto(status)
			}
			if !yield(published, nil) {
				return false, nil
			}
		}
	}
}

// send gives messages to a stream until that or the events end; receiving tells why a stream ended.
func (publication *publication) send(
	life context.Context, stream leadlinev1.IntegrationService_PublishEventsClient,
) {
	for number := int64(0); ; {
		message := publication.message(life, number)
		if message == nil {
			_ = stream.CloseSend() // never fails
			return
		}
		if stream.Send(message) != nil {
			return
		}
		number = message.GetSequenceNumber() + 1
	}
}
