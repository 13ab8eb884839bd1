package leadline

import (
	"context"
	"errors"
	"io"
	"iter"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// page is what every list gives at once.
type page interface{ GetNextPageToken() string }

// pages goes through a list; the next page is fetched when it is needed. It ends after the first error.
func pages[Page page, Item any](fetch func(token string) (Page, error), items func(Page) []Item) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for token := ""; ; {
			fetched, err := fetch(token)
			if err != nil {
				var none Item
				yield(none, err)
				return
			}
			for _, item := range items(fetched) {
				if !yield(item, nil) {
					return
				}
			}
			if token = fetched.GetNextPageToken(); token == "" {
				return
			}
		}
	}
}

// listed goes through the list that a request asks for; nil asks for all. It ends after the first error.
func listed[Request proto.Message, Page page, Item any](
	ctx context.Context, request Request, fetch func(context.Context, Request, ...grpc.CallOption) (Page, error),
	items func(Page) []Item,
) iter.Seq2[Item, error] {
	pageToken := request.ProtoReflect().Descriptor().Fields().ByName("page_token")
	return pages(func(token string) (Page, error) {
		asked := request.ProtoReflect().New() // the caller's request stays as it is
		proto.Merge(asked.Interface(), request)
		asked.Set(pageToken, protoreflect.ValueOfString(token))
		return fetch(ctx, asked.Interface().(Request))
	}, items)
}

// received goes through what the messages of a stream carry. It ends after the first error.
func received[Request, Response, Item any](
	ctx context.Context, request Request,
	open func(context.Context, Request, ...grpc.CallOption) (grpc.ServerStreamingClient[Response], error),
	items func(*Response) []Item,
) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		var none Item
		life, end := context.WithCancel(ctx)
		defer end()
		stream, err := open(life, request)
		for err == nil {
			var message *Response
			if message, err = stream.Recv(); err != nil {
				break
			}
			for _, item := range items(message) {
				if !yield(item, nil) {
					return
				}
			}
		}
		if !errors.Is(err, io.EOF) {
			yield(none, err)
		}
	}
}
