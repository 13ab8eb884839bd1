package leadline

import (
	"context"
	"iter"

	leadlinev1 "leadline.dev/sdk/go/gen/leadline/v1"
)

// TrainModelOptions says from which fields a model may learn.
type TrainModelOptions struct {
	// ExcludedFields are left out.
	ExcludedFields []string
	// KeptFields are used although they look as if they were filled in after the outcome.
	KeptFields []string
}

// TrainModel trains a model on the leads that have an outcome.
func (client *Client) TrainModel(
	ctx context.Context, told TrainModelOptions, options ...CallOption,
) (*Operation[*leadlinev1.Model], error) {
	message, err := client.scoring.TrainModel(ctx, &leadlinev1.TrainModelRequest{
		ExcludedFields: told.ExcludedFields, KeptFields: told.KeptFields, IdempotencyKey: keyOf(options),
	})
	return handle[*leadlinev1.Model](client, message, err)
}

// GetModel gives a model with its evaluation.
func (client *Client) GetModel(ctx context.Context, name string) (*leadlinev1.Model, error) {
	return client.scoring.GetModel(ctx, &leadlinev1.GetModelRequest{Name: name})
}

// ListModels goes through the models, the newest first. It ends after the first error.
func (client *Client) ListModels(ctx context.Context) iter.Seq2[*leadlinev1.Model, error] {
	fetch := func(token string) (*leadlinev1.ListModelsResponse, error) {
		return client.scoring.ListModels(ctx, &leadlinev1.ListModelsRequest{PageToken: token})
	}
	return pages(fetch, (*leadlinev1.ListModelsResponse).GetModels)
}

// GetModelPlots gives the pictures of a model's evaluation, PNGs.
func (client *Client) GetModelPlots(ctx context.Context, name string) ([]*leadlinev1.Plot, error) {
	response, err := client.scoring.GetModelPlots(ctx, &leadlinev1.GetModelPlotsRequest{Name: name})
	return response.GetPlots(), err
}

// PromoteModel makes a model champion; overrideGate does so although it did not pass the promotion gate.
func (client *Client) PromoteModel(
	ctx context.Context, name string, overrideGate bool, options ...CallOption,
) (*leadlinev1.Model, error) {
	return client.scoring.PromoteModel(ctx, &leadlinev1.PromoteModelRequest{
		Name: name, OverrideGate: overrideGate, IdempotencyKey: keyOf(options),
	})
}

// RollBackModel makes an earlier champion champion again; with an empty name, the one before the present one.
func (client *Client) RollBackModel(ctx context.Context, name string, options ...CallOption) (*leadlinev1.Model, error) {
	request := &leadlinev1.RollBackModelRequest{Model: name, IdempotencyKey: keyOf(options)}
	return client.scoring.RollBackModel(ctx, request)
}

// DeleteModel deletes a model that is not champion.
func (client *Client) DeleteModel(ctx context.Context, name string, options ...CallOption) error {
	_, err := client.scoring.DeleteModel(ctx, &leadlinev1.DeleteModelRequest{Name: name, IdempotencyKey: keyOf(options)})
	return err
}
