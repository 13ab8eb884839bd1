package main

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// strictQueryParameters refuses parameters that name no field: a misspelt filter would otherwise find everything. Of a
// field that takes one value and is given several, the last counts.
type strictQueryParameters struct{ runtime.DefaultQueryParser }

// Parse fills the message with the parameters that the path has not filled.
func (parameters strictQueryParameters) Parse(message proto.Message, values url.Values, bound *utilities.DoubleArray) error {
	known := make(url.Values, len(values))
	for name, given := range values {
		field := fieldAt(message.ProtoReflect().Descriptor(), strings.Split(name, "."))
		if field == nil {
			return fmt.Errorf("no field of the request is called %q", name)
		}
		if !field.IsList() {
			given = given[len(given)-1:]
		}
		known[name] = given
	}
	return parameters.DefaultQueryParser.Parse(message, known, bound)
}

// fieldAt finds a field by its names in the contract or in JSON; nil if there is none.
func fieldAt(message protoreflect.MessageDescriptor, path []string) protoreflect.FieldDescriptor {
	var field protoreflect.FieldDescriptor
	for _, name := range path {
		if message == nil {
			return nil
		}
		if field = message.Fields().ByTextName(name); field == nil {
			field = message.Fields().ByJSONName(name)
		}
		if field == nil {
			return nil
		}
		message = field.Message()
	}
	return field
}
