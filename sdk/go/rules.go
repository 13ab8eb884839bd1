package leadline

import (
	"context"
	"iter"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"

	leadlinev1 "leadline.dev/sdk/go/gen/leadline/v1"
)

const activeRuleSet = "ruleSets/active"

// RuleSetChange is what became of activating or deactivating a version of the scoring rules.
type RuleSetChange struct {
	// RuleSet is the version as it is now.
	RuleSet *leadlinev1.RuleSet
	// Rescoring is a handle to wait until every open lead is scored anew; nil while there is no model.
	Rescoring *Operation[*leadlinev1.RescoreLeadsResponse]
}

// CreateRuleSet stores a new version of the scoring rules, which does nothing until it is activated. With the etag of the
// newest version it fails with [ErrConflict] if somebody stored another meanwhile.
func (client *Client) CreateRuleSet(
	ctx context.Context, ruleSet *leadlinev1.RuleSet, newestEtag string, options ...CallOption,
) (*leadlinev1.RuleSet, error) {
	return client.rules.CreateRuleSet(ctx, &leadlinev1.CreateRuleSetRequest{
		RuleSet: ruleSet, NewestEtag: newestEtag, IdempotencyKey: keyOf(options),
	})
}

// GetRuleSet gives a version of the rules; with an empty name, the active one.
func (client *Client) GetRuleSet(ctx context.Context, name string) (*leadlinev1.RuleSet, error) {
	if name == "" {
		name = activeRuleSet
	}
	return client.rules.GetRuleSet(ctx, &leadlinev1.GetRuleSetRequest{Name: name})
}

// ListRuleSets goes through the versions, the newest first. It ends after the first error.
func (client *Client) ListRuleSets(ctx context.Context) iter.Seq2[*leadlinev1.RuleSet, error] {
	fetch := func(token string) (*leadlinev1.ListRuleSetsResponse, error) {
		return client.rules.ListRuleSets(ctx, &leadlinev1.ListRuleSetsRequest{PageToken: token})
	}
	return pages(fetch, (*leadlinev1.ListRuleSetsResponse).GetRuleSets)
}

// ActivateRuleSet lets a version decide scores from now on, and has open leads scored anew.
func (client *Client) ActivateRuleSet(ctx context.Context, name, etag string, options ...CallOption) (*RuleSetChange, error) {
	request := &leadlinev1.ActivateRuleSetRequest{Name: name, Etag: etag, IdempotencyKey: keyOf(options)}
	response, err := client.rules.ActivateRuleSet(ctx, request)
	return client.ruleSetChange(response.GetRuleSet(), response.GetRescoring(), err)
}

// DeactivateRuleSet lets no rules decide scores from now on, and has open leads scored anew.
func (client *Client) DeactivateRuleSet(ctx context.Context, name, etag string, options ...CallOption) (*RuleSetChange, error) {
	request := &leadlinev1.DeactivateRuleSetRequest{Name: name, Etag: etag, IdempotencyKey: keyOf(options)}
	response, err := client.rules.DeactivateRuleSet(ctx, request)
	return client.ruleSetChange(response.GetRuleSet(), response.GetRescoring(), err)
}

func (client *Client) ruleSetChange(
	ruleSet *leadlinev1.RuleSet, rescoring *longrunningpb.Operation, err error,
) (*RuleSetChange, error) {
	if err != nil {
		return nil, err
	}
	change := &RuleSetChange{RuleSet: ruleSet}
	if rescoring != nil {
		change.Rescoring = &Operation[*leadlinev1.RescoreLeadsResponse]{message: rescoring, client: client}
	}
	return change, nil
}

// DeleteRuleSet deletes a version that is not active.
func (client *Client) DeleteRuleSet(ctx context.Context, name string, options ...CallOption) error {
	_, err := client.rules.DeleteRuleSet(ctx, &leadlinev1.DeleteRuleSetRequest{Name: name, IdempotencyKey: keyOf(options)})
	return err
}

// DryRunRuleSet tells what rules would do, on a sample of leads; a size of 0 leaves it to Leadline.
func (client *Client) DryRunRuleSet(
	ctx context.Context, ruleSet *leadlinev1.RuleSet, sampleSize int32,
) (*leadlinev1.DryRunRuleSetResponse, error) {
	return client.rules.DryRunRuleSet(ctx, &leadlinev1.DryRunRuleSetRequest{RuleSet: ruleSet, SampleSize: sampleSize})
}
