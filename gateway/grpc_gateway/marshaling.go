package main

import (
	"fmt"
	"io"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

const eventStream = "text/event-stream"

var (
	// Zero values are written, as at Envoy; absent messages and optional fields are not.
	writing = protojson.MarshalOptions{EmitDefaultValues: true}
	// A field that this version does not know is ignored, so that newer clients can talk to older servers.
	reading = protojson.UnmarshalOptions{DiscardUnknown: true}
)

// messageMarshaler is JSON as Envoy's transcoder has it. Messages of a stream come one a line.
type messageMarshaler struct{}

// Marshal writes a message, or one message or error of a stream, which grpc-gateway would wrap in another object.
func (messageMarshaler) Marshal(value any) ([]byte, error) {
	switch told := value.(type) {
	case map[string]any:
		value = told["result"]
	case map[string]proto.Message:
		value = told["error"]
	}
	message, isMessage := value.(proto.Message)
	if !isMessage {
		return nil, fmt.Errorf("%T is not a message of the contract", value)
	}
	return writing.Marshal(message)
}

// Unmarshal reads a message.
func (messageMarshaler) Unmarshal(text []byte, value any) error {
	message, isMessage := value.(proto.Message)
	if !isMessage {
		return fmt.Errorf("%T is not a message of the contract", value)
	}
	return reading.Unmarshal(text, message)
}

// NewDecoder reads the body of a request.
func (messageMarshaler) NewDecoder(body io.Reader) runtime.Decoder { return newBodyDecoder(body) }

// NewEncoder writes messages one after another.
func (marshaler messageMarshaler) NewEncoder(writer io.Writer) runtime.Encoder {
	return runtime.EncoderFunc(func(value any) error {
		text, err := marshaler.Marshal(value)
		if err != nil {
			return err
		}
		_, err = writer.Write(text)
		return err
	})
}

// ContentType is the same for answers, errors and streams.
func (messageMarshaler) ContentType(any) string { return "application/json" }

// eventMarshaler writes a stream as server-sent events, and everything else as messageMarshaler does.
type eventMarshaler struct{ messageMarshaler }

// Marshal writes a message or error of a stream as one event.
func (marshaler eventMarshaler) Marshal(value any) ([]byte, error) {
	text, err := marshaler.messageMarshaler.Marshal(value)
	if _, isAlone := value.(proto.Message); isAlone || err != nil {
		return text, err
	}
	return append([]byte("data: "), text...), nil
}

// StreamContentType is that of server-sent events.
func (eventMarshaler) StreamContentType(any) string { return eventStream }

// Delimiter ends an event.
func (eventMarshaler) Delimiter() []byte { return []byte("\n\n") }
