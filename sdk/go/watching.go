package leadline

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"

	leadlinev1 "leadline.dev/sdk/go/gen/leadline/v1"
)

const (
	rememberedUpdates = 4_096
	// streamTime is how long one stream is kept: each new one is opened with the token of then, so a watch outlives its
	// first token.
	streamTime = 15 * time.Minute
	// longestSilence is three missed heartbeats: the connection is dead though nobody said so.
	longestSilence = 45 * time.Second
)

var (
	errStreamTimeOver = errors.New("the stream's time is over")
	errSilence        = errors.New("nothing was heard for a while")
)

// WatchScoresOptions says what to watch.
type WatchScoresOptions struct {
	// Names are the leads to watch, up to 1,000; empty for all.
	Names []string
	// ResumeToken is that of an update, to go on right after it; empty for what comes next.
	ResumeToken string
	// Filter has conditions such as `grade = A AND score >= 70`; empty for all.
	Filter string
	// Snapshot gives the stored scores first, as they are, and then their changes.
	Snapshot bool
}

// ScoreUpdate is a new score of a lead.
type ScoreUpdate struct {
	// Score is the score, without attributions; its Lead says whose it is.
	Score *leadlinev1.Score
	// PreviousProbability is the probability before, 0 to 1; nil if this is the lead's first score.
	PreviousProbability *float64
	// ResumeToken lets another watch go on right after this update, even in another process.
	ResumeToken string
	// IsSnapshot tells that it is a stored score as it is, and not a change.
	IsSnapshot bool
}

// NotificationUpdate is a new notification of the caller.
type NotificationUpdate struct {
	// Notification is the notification.
	Notification *leadlinev1.Notification
	// ResumeToken lets another watch go on right after this update, even in another process.
	ResumeToken string
}

// WatchScores goes through new scores as they are stored: without an end, a gap or a repetition. It opens as many streams
// as it takes, each where the last one ended. It ends with an error when the context does, where a new stream would not
// help, or after 8 failures in a row.
func (client *Client) WatchScores(ctx context.Context, told WatchScoresOptions) iter.Seq2[ScoreUpdate, error] {
	open := func(ctx context.Context, token string) (receiver[*leadlinev1.WatchScoresResponse], error) {
		return client.scoring.WatchScores(ctx, &leadlinev1.WatchScoresRequest{
			Names: told.Names, ResumeToken: token, Filter: told.Filter, Snapshot: told.Snapshot,
		})
	}
	return updates(ctx, told.ResumeToken, open, scoreUpdate)
}

// WatchNotifications goes through the caller's new notifications, after the one with the resume token or, with an empty
// one, from now on. It goes on and ends as [Client.WatchScores] does.
func (client *Client) WatchNotifications(ctx context.Context, resumeToken string) iter.Seq2[NotificationUpdate, error] {
	notifications := leadlinev1.NewNotificationServiceClient(client.connection)
	open := func(ctx context.Context, token string) (receiver[*leadlinev1.WatchNotificationsResponse], error) {
		return notifications.WatchNotifications(ctx, &leadlinev1.WatchNotificationsRequest{ResumeToken: token})
	}
	return updates(ctx, resumeToken, open, notificationUpdate)
}

// receiver is a stream of messages.
type receiver[Message any] interface{ Recv() (Message, error) }

// watchMessage is a message of a stream that can be resumed.
type watchMessage interface {
	GetResumeToken() string
	GetStatus() *status.Status
}

// watch keeps the resume token of the last message, and what was passed on lately: announcing something is at least once.
type watch[Message watchMessage, Update any] struct {
	open        func(ctx context.Context, resumeToken string) (receiver[Message], error)
	update      func(message Message, resumeToken string) (update Update, key any)
	resumeToken string
	resumption  resumption
	passedOn    map[any]struct{}
	order       []any
}

// updates goes through the updates of a watch, over as many streams as it takes. What update gives is passed on once for
// each key; the key is nil where a message has no update.
func updates[Message watchMessage, Update any](
	ctx context.Context, resumeToken string, open func(context.Context, string) (receiver[Message], error),
	update func(Message, string) (Update, any),
) iter.Seq2[Update, error] {
	return func(yield func(Update, error) bool) {
		watch := &watch[Message, Update]{
			open: open, update: update, resumeToken: resumeToken, passedOn: make(map[any]struct{}),
		}
		for {
			isWanted, err := watch.stream(ctx, yield)
			if !isWanted {
				return
			}
			if err := watch.resumption.goOn(ctx, err); err != nil {
				var none Update
				yield(none, err)
				return
			}
		}
	}
}

// stream passes on what one stream tells. It gives whether more is wanted, and why the stream ended.
func (watch *watch[Message, Update]) stream(ctx context.Context, yield func(Update, error) bool) (bool, error) {
	life, end := context.WithCancelCause(ctx)
	defer end(nil)
	age := time.AfterFunc(streamTime, func() { end(errStreamTimeOver) })
	defer age.Stop()
	silence := time.AfterFunc(longestSilence, func() { end(errSilence) })
	defer silence.Stop()
	stream, err := watch.open(watch.resumption.context(life), watch.resumeToken)
	if err != nil {
		return true, endOf(life, err)
	}
	for {
		silence.Reset(longestSilence)
		message, err := stream.Recv()
		silence.Stop()
		if err != nil {
			return true, endOf(life, err)
		}
		if told := message.GetStatus(); told != nil {
			if failure := errorFromProto(told); !isRenewable(failure) {
				return true, failure
			}
			continue // the same comes as the status of the rpc, which knows the token that was refused
		}
		watch.resumption.progressed()
		if token := message.GetResumeToken(); token != "" {
			watch.resumeToken = token
		}
		update, key := watch.update(message, watch.resumeToken)
		if key != nil && !watch.isRepeated(key) && !yield(update, nil) {
			return false, nil
		}
	}
}

// endOf gives why a stream ended: what was decided here goes before what gRPC says of it.
func endOf(life context.Context, err error) error {
	switch cause := context.Cause(life); {
	case errors.Is(cause, errStreamTimeOver):
		return cause
	case errors.Is(cause, errSilence):
		return newError(codes.Unavailable, cause.Error())
	case errors.Is(err, io.EOF):
		return newError(codes.Unavailable, "the stream ended") // a stream without an end ended: its server is going away
	default:
		return err
	}
}

func (watch *watch[Message, Update]) isRepeated(key any) bool {
	if _, known := watch.passedOn[key]; known {
		return true
	}
	watch.passedOn[key] = struct{}{}
	watch.order = append(watch.order, key)
	if len(watch.order) > rememberedUpdates {
		delete(watch.passedOn, watch.order[0])
		watch.order = watch.order[1:]
	}
	return false
}

type scoreKey struct {
	lead, model string
	computed    int64
}

func scoreUpdate(message *leadlinev1.WatchScoresResponse, resumeToken string) (ScoreUpdate, any) {
	if stored := message.GetSnapshotScore(); stored != nil {
		return ScoreUpdate{Score: stored, ResumeToken: resumeToken, IsSnapshot: true}, new(scoreKey) // not a change: nothing repeats it
	}
	change := message.GetScoreChange()
	score := change.GetScore()
	if score == nil {
		return ScoreUpdate{}, nil
	}
	update := ScoreUpdate{Score: score, PreviousProbability: change.PreviousProbability, ResumeToken: resumeToken}
	return update, scoreKey{score.GetLead(), score.GetModel(), score.GetComputeTime().AsTime().UnixNano()}
}

func notificationUpdate(message *leadlinev1.WatchNotificationsResponse, resumeToken string) (NotificationUpdate, any) {
	notification := message.GetNotification()
	if notification == nil {
		return NotificationUpdate{}, nil
	}
	return NotificationUpdate{Notification: notification, ResumeToken: resumeToken}, notification.GetName()
}
