package main

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

var upperCase = regexp.MustCompile("[A-Z]")

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

// refuseSecondSay refuses requests whose query names a field that the path fills: what a request says twice, it may say
// differently. An escape in a name is refused with it, since no field needs any.
func refuseSecondSay(replies *replies) runtime.Middleware {
	return func(next runtime.HandlerFunc) runtime.HandlerFunc {
		return func(writer http.ResponseWriter, request *http.Request, pathParameters map[string]string) {
			for _, parameter := range strings.Split(request.URL.RawQuery, "&") {
				name, _, _ := strings.Cut(parameter, "=")
				if _, isFilled := pathParameters[inContract(name)]; isFilled || strings.Contains(name, "%") {
					told := "a query parameter names a field that the path fills, or has an escape in its name"
					writeReply(writer, http.StatusBadRequest, replies.reply(http.StatusBadRequest, told))
					return
				}
			}
			next(writer, request, pathParameters)
		}
	}
}

// inContract gives the name that a field has in the contract, by its name there or in JSON.
func inContract(name string) string {
	return upperCase.ReplaceAllStringFunc(name, func(letter string) string { return "_" + strings.ToLower(letter) })
}
