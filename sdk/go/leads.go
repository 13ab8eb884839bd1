package leadline

import (
	"context"
	"iter"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	leadlinev1 "leadline.dev/sdk/go/gen/leadline/v1"
)

// ListLeadsOptions says which leads, in which order.
type ListLeadsOptions struct {
	// Filter has conditions such as `status = OPEN AND score >= 70`; empty for all.
	Filter string
	// OrderBy is `score desc`, `create_time desc` or `create_time`; empty for the newest first.
	OrderBy string
	// PageSize is how many to fetch at once, up to 1,000; 0 leaves it to Leadline.
	PageSize int32
}

// CreateLead creates a lead. It fails with [ErrAlreadyExists] if another one has this external id.
func (client *Client) CreateLead(ctx context.Context, lead *leadlinev1.Lead, options ...CallOption) (*leadlinev1.Lead, error) {
	return client.leads.CreateLead(ctx, &leadlinev1.CreateLeadRequest{Lead: lead, IdempotencyKey: keyOf(options)})
}

// BatchCreateLeads creates up to 1,000 leads, all or none. [Client.ImportLeads] takes any number.
func (client *Client) BatchCreateLeads(
	ctx context.Context, leads []*leadlinev1.Lead, options ...CallOption,
) ([]*leadlinev1.Lead, error) {
	request := &leadlinev1.BatchCreateLeadsRequest{Leads: leads, IdempotencyKey: keyOf(options)}
	response, err := client.leads.BatchCreateLeads(ctx, request)
	return response.GetLeads(), err
}

// GetLead gives a lead with its latest stored score.
func (client *Client) GetLead(ctx context.Context, name string) (*leadlinev1.Lead, error) {
	return client.leads.GetLead(ctx, &leadlinev1.GetLeadRequest{Name: name})
}

// ListLeads goes through leads; the next page is fetched when it is needed. It ends after the first error.
func (client *Client) ListLeads(ctx context.Context, options ListLeadsOptions) iter.Seq2[*leadlinev1.Lead, error] {
	fetch := func(token string) (*leadlinev1.ListLeadsResponse, error) {
		return client.leads.ListLeads(ctx, &leadlinev1.ListLeadsRequest{
			Filter: options.Filter, OrderBy: options.OrderBy, PageSize: options.PageSize, PageToken: token,
		})
	}
	return pages(fetch, (*leadlinev1.ListLeadsResponse).GetLeads)
}

// UpdateLead changes a lead: what the mask names, or, with an empty one, what is set. A lead with an etag is changed only
// if nobody else did meanwhile; else it fails with [ErrConflict].
func (client *Client) UpdateLead(
	ctx context.Context, lead *leadlinev1.Lead, mask []string, options ...CallOption,
) (*leadlinev1.Lead, error) {
	request := &leadlinev1.UpdateLeadRequest{Lead: lead, IdempotencyKey: keyOf(options)}
	if len(mask) > 0 {
		request.UpdateMask = &fieldmaskpb.FieldMask{Paths: mask}
	}
	return client.leads.UpdateLead(ctx, request)
}

// DeleteLead deletes a lead with its events and scores; with an etag, only if nobody changed it meanwhile.
func (client *Client) DeleteLead(ctx context.Context, name, etag string, options ...CallOption) error {
	request := &leadlinev1.DeleteLeadRequest{Name: name, Etag: etag, IdempotencyKey: keyOf(options)}
	_, err := client.leads.DeleteLead(ctx, request)
	return err
}
