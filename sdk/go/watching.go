package leadline

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"google.golang.org/grpc/codes"

	leadlinev1 "leadline.dev/sdk/go/gen/leadline/v1"
)

const (
	rememberedScores = 4_096
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

// WatchScores goes through new scores as they are stored: without an end, a gap or a repetition. It opens as many streams
// as it takes, each where the last one ended. It ends with an error when the context does, where a new stream would not
// help, or after 8 failures in a row.
func (client *Client) WatchScores(ctx context.Context, told WatchScoresOptions) iter.Seq2[ScoreUpdate, error] {
	return func(yield func(ScoreUpdate, error) bool) {
		watch := &watch{client: client, told: told, passedOn: make(map[scoreKey]struct{})}
		for {
			isWanted, err := watch.stream(ctx, yield)
			if !isWanted {
				return
			}
			if ctx.Err() != nil {
				err = errorFrom(ctx.Err())
			} else if errors.Is(err, errStreamTimeOver) {
				err = sleep(ctx, 100*time.Millisecond)
			} else {
				err = watch.resumption.waitAfter(ctx, err)
			}
			if err != nil {
				yield(ScoreUpdate{}, err)
				return
			}
		}
	}
}

type scoreKey struct {
	lead, model string
	computed    int64
}

// watch keeps the resume token of the last message, and the latest scores passed on: announcing one is at least once.
type watch struct {
	client     *Client
	told       WatchScoresOptions
	resumption resumption
	passedOn   map[scoreKey]struct{}
	order      []scoreKey
}

// stream passes on what one stream tells. It gives whether more is wanted, and why the stream ended.
func (watch *watch) stream(ctx context.Context, yield func(ScoreUpdate, error) bool) (bool, error) {
	life, end := context.WithCancelCause(ctx)
	defer end(nil)
	age := time.AfterFunc(streamTime, func() { end(errStreamTimeOver) })
	defer age.Stop()
	silence := time.AfterFunc(longestSilence, func() { end(errSilence) })
	defer silence.Stop()
	stream, err := watch.client.scoring.WatchScores(watch.resumption.context(life), &leadlinev1.WatchScoresRequest{
		Names: watch.told.Names, ResumeToken: watch.told.ResumeToken, Filter: watch.told.Filter, Snapshot: watch.told.Snapshot,
	})
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
		if update, isNew := watch.accept(message); isNew && !yield(update, nil) {
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

func (watch *watch) accept(message *leadlinev1.WatchScoresResponse) (ScoreUpdate, bool) {
	if token := message.GetResumeToken(); token != "" {
		watch.told.ResumeToken = token
	}
	if score := message.GetSnapshotScore(); score != nil {
		return ScoreUpdate{Score: score, ResumeToken: watch.told.ResumeToken, IsSnapshot: true}, true
	}
	change := message.GetScoreChange()
	if change.GetScore() == nil || watch.isRepeated(change.GetScore()) {
		return ScoreUpdate{}, false
	}
	update := ScoreUpdate{Score: change.GetScore(), ResumeToken: watch.told.ResumeToken}
	update.PreviousProbability = change.PreviousProbability
	return update, true
}

func (watch *watch) isRepeated(score *leadlinev1.Score) bool {
	key := scoreKey{score.GetLead(), score.GetModel(), score.GetComputeTime().AsTime().UnixNano()}
	if _, known := watch.passedOn[key]; known {
		return true
	}
	watch.passedOn[key] = struct{}{}
	watch.order = append(watch.order, key)
	if len(watch.order) > rememberedScores {
		delete(watch.passedOn, watch.order[0])
		watch.order = watch.order[1:]
	}
	return false
}
