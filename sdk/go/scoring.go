package leadline

import (
	"context"
	"iter"
	"slices"

	leadlinev1 "leadline.dev/sdk/go/gen/leadline/v1"
)

// leadsARequest: the model server is fastest with batches of 64 to 256 explained leads, and the answer stays far below
// the largest message.
const leadsARequest = 250

// ScoredLead is what became of one lead of a batch: it has a score or an error.
type ScoredLead struct {
	// Name is the lead's resource name.
	Name string
	// Score is the score; nil if there is an error.
	Score *leadlinev1.Score
	// Err says why there is no score; nil if there is one.
	Err *Error
}

// ScoreLead scores a stored lead as it now is, and says why.
func (client *Client) ScoreLead(ctx context.Context, name string) (*leadlinev1.Score, error) {
	return client.scoring.ScoreLead(ctx, &leadlinev1.ScoreLeadRequest{Name: name})
}

// ScoreInlineLead scores a lead that is not stored, and says why.
func (client *Client) ScoreInlineLead(ctx context.Context, lead *leadlinev1.Lead) (*leadlinev1.Score, error) {
	return client.scoring.ScoreInlineLead(ctx, &leadlinev1.ScoreInlineLeadRequest{Lead: lead})
}

// BatchScoreLeads scores any number of stored leads, in as many requests as it takes. It ends after a request's error;
// a lead's own is in its result.
func (client *Client) BatchScoreLeads(ctx context.Context, names []string) iter.Seq2[ScoredLead, error] {
	return func(yield func(ScoredLead, error) bool) {
		for chunk := range slices.Chunk(names, leadsARequest) {
			response, err := client.scoring.BatchScoreLeads(ctx, &leadlinev1.BatchScoreLeadsRequest{Names: chunk})
			if err != nil {
				yield(ScoredLead{}, err)
				return
			}
			for place, result := range response.GetResults() {
				scored := ScoredLead{Name: chunk[place], Score: result.GetScore()}
				if status := result.GetStatus(); status != nil {
					scored.Err = errorFromProto(status)
				}
				if !yield(scored, nil) {
					return
				}
			}
		}
	}
}

// SuggestChanges tells the smallest changes that would raise a lead to the next grade; only of these fields, or of all.
func (client *Client) SuggestChanges(
	ctx context.Context, name string, actionableFields ...string,
) (*leadlinev1.SuggestChangesResponse, error) {
	request := &leadlinev1.SuggestChangesRequest{Name: name, ActionableFields: actionableFields}
	return client.scoring.SuggestChanges(ctx, request)
}

// OverrideScore sets a lead's score, 0 to 100, by hand: it stands until ClearScoreOverride.
func (client *Client) OverrideScore(
	ctx context.Context, name string, value int32, options ...CallOption,
) (*leadlinev1.Score, error) {
	request := &leadlinev1.OverrideScoreRequest{Name: name, Value: &value, IdempotencyKey: keyOf(options)}
	return client.scoring.OverrideScore(ctx, request)
}

// ClearScoreOverride leaves a lead's score to be computed again.
func (client *Client) ClearScoreOverride(
	ctx context.Context, name string, options ...CallOption,
) (*leadlinev1.Score, error) {
	request := &leadlinev1.ClearScoreOverrideRequest{Name: name, IdempotencyKey: keyOf(options)}
	return client.scoring.ClearScoreOverride(ctx, request)
}

// ReplayScore computes a stored score once more from what was stored with it.
func (client *Client) ReplayScore(ctx context.Context, name string) (*leadlinev1.ReplayScoreResponse, error) {
	return client.scoring.ReplayScore(ctx, &leadlinev1.ReplayScoreRequest{Name: name})
}

// RescoreLeads scores every open lead anew.
func (client *Client) RescoreLeads(
	ctx context.Context, options ...CallOption,
) (*Operation[*leadlinev1.RescoreLeadsResponse], error) {
	message, err := client.scoring.RescoreLeads(ctx, &leadlinev1.RescoreLeadsRequest{IdempotencyKey: keyOf(options)})
	return handle[*leadlinev1.RescoreLeadsResponse](client, message, err)
}
