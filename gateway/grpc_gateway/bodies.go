package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

const largestMessageBytes = 16 * 1024 * 1024

var (
	errTooLarge = errors.New("the message is too large")
	errNoArray  = errors.New("the rpc takes a stream: send an array of its messages")
	// noFilter lets every query parameter fill its field.
	noFilter = utilities.NewDoubleArray(nil)
)

// boundBody is the body of a request with what its path and its query say of the same message.
type boundBody struct {
	io.ReadCloser
	pathParameters  map[string]string
	queryParameters url.Values
	// mustArriveIn starts the time in which a whole message must arrive.
	mustArriveIn func() error
	// failure is why the body could not be read; grpc-gateway itself passes on no more than its words.
	failure error
}

// bindBodies makes the body of each request a boundBody, which must arrive in time.
func bindBodies(limit time.Duration) runtime.Middleware {
	return func(next runtime.HandlerFunc) runtime.HandlerFunc {
		return func(writer http.ResponseWriter, request *http.Request, pathParameters map[string]string) {
			controller := http.NewResponseController(writer)
			request.Body = &boundBody{
				ReadCloser:      request.Body,
				pathParameters:  pathParameters,
				queryParameters: request.URL.Query(),
				mustArriveIn:    func() error { return controller.SetReadDeadline(time.Now().Add(limit)) },
			}
			next(writer, request, pathParameters)
		}
	}
}

// bodyDecoder reads one message, or for an rpc that takes a stream the messages of a JSON array one by one.
type bodyDecoder struct {
	body    *boundBody
	reader  *limitedReader
	decoder *json.Decoder
	isArray bool
}

func newBodyDecoder(reader io.Reader) *bodyDecoder {
	body, isBound := reader.(*boundBody)
	if !isBound {
		body = &boundBody{ReadCloser: io.NopCloser(reader), mustArriveIn: func() error { return nil }}
	}
	limited := &limitedReader{reader: body}
	return &bodyDecoder{body: body, reader: limited, decoder: json.NewDecoder(limited)}
}

// Decode reads the next message; io.EOF means that there is none.
func (decoder *bodyDecoder) Decode(value any) error {
	message, isMessage := value.(proto.Message)
	if !isMessage {
		return fmt.Errorf("%T is not a message of the contract", value)
	}
	decoder.reader.left = largestMessageBytes
	read := decoder.readOnly
	if streamedRequests[message.ProtoReflect().Descriptor().FullName()] {
		read = decoder.readNext
	} else if err := decoder.body.mustArriveIn(); err != nil {
		return err
	}
	text, err := read()
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	if err == nil {
		err = reading.Unmarshal(text, message)
	}
	if err == nil {
		err = conflict(message, decoder.body.pathParameters)
	}
	if err == nil {
		err = runtime.PopulateQueryParameters(message, decoder.body.queryParameters, noFilter)
	}
	decoder.body.failure = err
	return err
}

func (decoder *bodyDecoder) readOnly() ([]byte, error) {
	text, err := io.ReadAll(decoder.reader)
	if err == nil && len(bytes.TrimSpace(text)) == 0 {
		return []byte("{}"), nil
	}
	return text, err
}

func (decoder *bodyDecoder) readNext() ([]byte, error) {
	if !decoder.isArray {
		if opening, err := decoder.decoder.Token(); err != nil {
			return nil, cutOff(err)
		} else if opening != json.Delim('[') {
			return nil, errNoArray
		}
		decoder.isArray = true
	}
	if decoder.decoder.More() {
		var text json.RawMessage
		err := decoder.decoder.Decode(&text)
		return text, cutOff(err)
	}
	if _, err := decoder.decoder.Token(); err != nil {
		return nil, cutOff(err)
	}
	return nil, io.EOF
}

// cutOff tells an end that comes too early from the end of all messages.
func cutOff(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// limitedReader reads up to so many bytes, and then fails.
type limitedReader struct {
	reader io.Reader
	left   int
}

func (limited *limitedReader) Read(buffer []byte) (int, error) {
	count, err := limited.reader.Read(buffer)
	if limited.left -= count; limited.left < 0 {
		return 0, errTooLarge
	}
	return count, err
}

// conflict tells where a message names another resource than the path does: the path would win without a word.
func conflict(message proto.Message, pathParameters map[string]string) error {
	for path, value := range pathParameters {
		reflected := message.ProtoReflect()
		names := strings.Split(path, ".")
		for _, name := range names[:len(names)-1] {
			reflected = reflected.Get(reflected.Descriptor().Fields().ByName(protoreflect.Name(name))).Message()
		}
		field := reflected.Descriptor().Fields().ByName(protoreflect.Name(names[len(names)-1]))
		if said := reflected.Get(field).String(); said != "" && said != value {
			return fmt.Errorf("the body has a conflicting value for %s: the path says %q", path, value)
		}
	}
	return nil
}

// streamedRequests are the messages of which an rpc takes a stream.
var streamedRequests = func() map[protoreflect.FullName]bool {
	found := make(map[protoreflect.FullName]bool)
	protoregistry.GlobalFiles.RangeFilesByPackage("leadline.v1", func(file protoreflect.FileDescriptor) bool {
		for number := range file.Services().Len() {
			methods := file.Services().Get(number).Methods()
			for index := range methods.Len() {
				if method := methods.Get(index); method.IsStreamingClient() {
					found[method.Input().FullName()] = true
				}
			}
		}
		return true
	})
	return found
}()
