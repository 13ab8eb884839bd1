package leadline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	leadlinev1 "leadline.dev/sdk/go/gen/leadline/v1"
)

const (
	mostRows         = 2_000
	batchesAStream   = 5
	mostRefusedRows  = 1_000
	importStreamTime = 2 * time.Minute
)

// ImportOptions says how to import.
type ImportOptions struct {
	// DuplicatePolicy says what to do with rows that are known already; they are skipped unless you say otherwise.
	DuplicatePolicy leadlinev1.DuplicatePolicy
	// Progress is called each time that Leadline has stored some more.
	Progress func(soFar ImportResult)
}

// RefusedRow is a row that was not taken.
type RefusedRow struct {
	// LineNumber is the row's line in its file, from 1.
	LineNumber int64
	// Err says why.
	Err *Error
}

// ImportResult tells what became of an import.
type ImportResult struct {
	// IdempotencyKey is the import's key: the same rows sent again under it within a day are not stored twice.
	IdempotencyKey string
	// CreatedCount is how many rows were stored as new leads, ReplacedCount how many replaced a stored lead.
	CreatedCount, ReplacedCount int64
	// DuplicateCount is how many rows were skipped since their lead is stored already, RefusedCount how many refused.
	DuplicateCount, RefusedCount int64
	// RefusedRows are the refused rows with the reason, in order; the first 1,000.
	RefusedRows []RefusedRow
}

// RowCount gives how many rows Leadline has answered for.
func (result *ImportResult) RowCount() int64 {
	return result.CreatedCount + result.ReplacedCount + result.DuplicateCount + result.RefusedCount
}

func (result *ImportResult) add(response *leadlinev1.ImportLeadsResponse) {
	result.CreatedCount += response.GetCreatedCount()
	result.ReplacedCount += response.GetReplacedCount()
	result.DuplicateCount += response.GetDuplicateCount()
	result.RefusedCount += response.GetRefusedCount()
	for _, refused := range response.GetRefusedRows() {
		if len(result.RefusedRows) < mostRefusedRows {
			row := RefusedRow{LineNumber: refused.GetLineNumber(), Err: errorFromProto(refused.GetStatus())}
			result.RefusedRows = append(result.RefusedRows, row)
		}
	}
}

// Rows gives leads as rows to import: the line number is the lead's place, from 1.
func Rows(leads iter.Seq[*leadlinev1.Lead]) iter.Seq[*leadlinev1.ImportRow] {
	return func(yield func(*leadlinev1.ImportRow) bool) {
		place := int64(0)
		for lead := range leads {
			place++
			if !yield(&leadlinev1.ImportRow{LineNumber: place, Lead: lead}) {
				return
			}
		}
	}
}

// ImportLeads imports any number of rows in constant memory.
//
// It sends them as a row of short streams. Each is kept in memory until Leadline has answered it, so one that was cut off
// is sent again as it was, under the same keys, whatever the rows come from. With an error it gives what was stored so
// far. To repeat the whole import, give the same key and the same rows in the same order.
func (client *Client) ImportLeads(
	ctx context.Context, rows iter.Seq[*leadlinev1.ImportRow], told ImportOptions, options ...CallOption,
) (ImportResult, error) {
	result := ImportResult{IdempotencyKey: keyOf(options)}
	if told.DuplicatePolicy == leadlinev1.DuplicatePolicy_DUPLICATE_POLICY_UNSPECIFIED {
		told.DuplicatePolicy = leadlinev1.DuplicatePolicy_DUPLICATE_POLICY_SKIP
	}
	for stream := range importStreams(rows, result.IdempotencyKey, told.DuplicatePolicy) {
		response, err := client.sendImport(ctx, stream)
		if err != nil {
			return result, err
		}
		result.add(response)
		if told.Progress != nil {
			told.Progress(result)
		}
	}
	return result, nil
}

// importStreams cuts rows into streams, always in the same way. The key of a stream is the import's with the stream's
// place, so each stream is an import of its own by the contract.
func importStreams(
	rows iter.Seq[*leadlinev1.ImportRow], key string, policy leadlinev1.DuplicatePolicy,
) iter.Seq[[]*leadlinev1.ImportLeadsRequest] {
	return func(yield func([]*leadlinev1.ImportLeadsRequest) bool) {
		var stream []*leadlinev1.ImportLeadsRequest
		place := 0
		for batch := range batched(rows, mostRows) {
			if len(stream) == batchesAStream {
				if !yield(stream) {
					return
				}
				stream = nil
				place++
			}
			stream = append(stream, &leadlinev1.ImportLeadsRequest{
				IdempotencyKey:  fmt.Sprintf("%s.%d", key, place),
				SequenceNumber:  int64(len(stream)),
				DuplicatePolicy: policy,
				Rows:            batch,
			})
		}
		if len(stream) > 0 {
			yield(stream)
		}
	}
}

func (client *Client) sendImport(
	ctx context.Context, stream []*leadlinev1.ImportLeadsRequest,
) (*leadlinev1.ImportLeadsResponse, error) {
	var resumption resumption
	for {
		response, err := client.sendImportOnce(resumption.context(ctx), stream)
		if err == nil {
			return response, nil
		}
		if err := resumption.waitAfter(ctx, err); err != nil {
			return nil, err
		}
	}
}

func (client *Client) sendImportOnce(
	ctx context.Context, stream []*leadlinev1.ImportLeadsRequest,
) (*leadlinev1.ImportLeadsResponse, error) {
	limited, cancel := context.WithTimeout(ctx, importStreamTime)
	defer cancel()
	sending, err := client.leads.ImportLeads(limited)
	if err != nil {
		return nil, err
	}
	for _, message := range stream {
		if err := sending.Send(message); errors.Is(err, io.EOF) {
			break // the stream is over; receiving tells why
		} else if err != nil {
			return nil, err
		}
	}
	return sending.CloseAndRecv()
}
