package main

import (
	"context"
	_ "embed" // the replies are part of the program
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/anypb"
)

//go:embed local_replies.json
var localReplies []byte

// replies are what this program answers by itself: what Envoy does at the same place, in the same words. They are
// generated from gateway/envoy/local_replies.py.
type replies struct {
	byHTTPStatus map[int]*statuspb.Status
	// unknownVersion is what paths are answered that name a version of the API that there is not.
	unknownVersion     *statuspb.Status
	unknownVersionPath *regexp.Regexp
}

// toldBySender stands in a reply where the words of who refused the request belong.
const toldBySender = "%LOCAL_REPLY_BODY%"

func readReplies() (*replies, error) {
	var written struct {
		ByHTTPStatus   map[int]json.RawMessage `json:"by_http_status"`
		UnknownVersion struct {
			Path  string
			Reply json.RawMessage
		} `json:"unknown_version"`
	}
	if err := json.Unmarshal(localReplies, &written); err != nil {
		return nil, fmt.Errorf("local_replies.json: %w", err)
	}
	read := &replies{byHTTPStatus: make(map[int]*statuspb.Status), unknownVersion: new(statuspb.Status)}
	var err error
	if read.unknownVersionPath, err = regexp.Compile("^(?:" + written.UnknownVersion.Path + ")$"); err != nil {
		return nil, fmt.Errorf("local_replies.json: %w", err)
	}
	if err = protojson.Unmarshal(written.UnknownVersion.Reply, read.unknownVersion); err != nil {
		return nil, fmt.Errorf("local_replies.json: %w", err)
	}
	for httpStatus, text := range written.ByHTTPStatus {
		answer := new(statuspb.Status)
		if err := protojson.Unmarshal(text, answer); err != nil {
			return nil, fmt.Errorf("local_replies.json: %w", err)
		}
		read.byHTTPStatus[httpStatus] = answer
	}
	for _, needed := range []int{
		http.StatusBadRequest, http.StatusNotFound, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout,
	} {
		if read.byHTTPStatus[needed] == nil {
			return nil, fmt.Errorf("local_replies.json has no reply for HTTP status %d", needed)
		}
	}
	return read, nil
}

// reply gives the answer with an HTTP status; told goes where the sender's words belong.
func (replies *replies) reply(httpStatus int, told string) *status.Status {
	answer := status.FromProto(replies.byHTTPStatus[httpStatus])
	message := answer.Proto()
	if strings.Contains(message.GetMessage(), toldBySender) {
		message.Message = strings.ReplaceAll(message.GetMessage(), toldBySender, told)
		for index, detail := range message.GetDetails() {
			violations := new(errdetails.BadRequest)
			if detail.UnmarshalTo(violations) != nil {
				continue
			}
			for _, violation := range violations.GetFieldViolations() {
				violation.Description = message.GetMessage()
			}
			if packed, err := anypb.New(violations); err == nil {
				message.Details[index] = packed
			}
		}
	}
	return status.FromProto(message)
}

// statusOf gives the HTTP status and the body that an error becomes. What a backend refuses has details and stays as it
// is; what has none was refused on the way to it.
func (replies *replies) statusOf(err error) (int, *status.Status) {
	answer := status.Convert(err)
	if len(answer.Proto().GetDetails()) > 0 {
		return runtime.HTTPStatusFromCode(answer.Code()), answer
	}
	httpStatus := runtime.HTTPStatusFromCode(answer.Code())
	switch answer.Code() {
	case codes.InvalidArgument, codes.Unavailable, codes.DeadlineExceeded:
		return httpStatus, replies.reply(httpStatus, answer.Message())
	default:
		return httpStatus, answer
	}
}

func (replies *replies) streamError(_ context.Context, err error) *status.Status {
	_, answer := replies.statusOf(err)
	return answer
}

// answerError is how every request ends that fails before its answer has begun.
func (replies *replies) answerError(
	ctx context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, writer http.ResponseWriter, request *http.Request, err error,
) {
	httpStatus, answer := replies.statusOf(err)
	if body, isKept := request.Body.(*boundBody); isKept && body.failure != nil {
		httpStatus, answer = replies.unreadable(body.failure)
	}
	var routing *runtime.HTTPStatusError
	if errors.As(err, &routing) {
		httpStatus, answer = routing.HTTPStatus, replies.reply(routing.HTTPStatus, routing.Err.Error())
	}
	if metadata, isThere := runtime.ServerMetadataFromContext(ctx); isThere {
		for name, values := range metadata.HeaderMD {
			if answered, isAnswered := answeredHeader(name); isAnswered {
				writer.Header()[http.CanonicalHeaderKey(answered)] = values
			}
		}
	}
	writeReply(writer, httpStatus, answer)
}

// unreadable gives the answer to a request whose body can't be read.
func (replies *replies) unreadable(failure error) (int, *status.Status) {
	var slow interface{ Timeout() bool }
	switch {
	case errors.Is(failure, errTooLarge):
		return http.StatusRequestEntityTooLarge, replies.reply(http.StatusRequestEntityTooLarge, "")
	case errors.As(failure, &slow) && slow.Timeout():
		return http.StatusRequestTimeout, replies.reply(http.StatusRequestTimeout, "")
	default:
		return http.StatusBadRequest, replies.reply(http.StatusBadRequest, failure.Error())
	}
}

func (replies *replies) answerUnknownRoute(
	_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, writer http.ResponseWriter, request *http.Request, httpStatus int,
) {
	if httpStatus == http.StatusMethodNotAllowed {
		httpStatus = http.StatusNotFound
	}
	if httpStatus == http.StatusNotFound && replies.unknownVersionPath.MatchString(request.URL.Path) {
		writeReply(writer, httpStatus, status.FromProto(replies.unknownVersion))
		return
	}
	writeReply(writer, httpStatus, replies.reply(httpStatus, "the path is not one"))
}

func writeReply(writer http.ResponseWriter, httpStatus int, answer *status.Status) {
	body, err := messageMarshaler{}.Marshal(answer.Proto())
	if err != nil {
		// A detail of a type that this program does not know: the rest of the answer is still of use.
		body, _ = messageMarshaler{}.Marshal(&statuspb.Status{Code: int32(answer.Code()), Message: answer.Message()})
	}
	header := writer.Header()
	header.Set("Content-Type", messageMarshaler{}.ContentType(nil))
	if httpStatus == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", "Bearer")
	}
	writer.WriteHeader(httpStatus)
	_, _ = writer.Write(body)
}
