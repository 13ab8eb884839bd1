package main

import (
	"net/http"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
)

const (
	versionHeader = "leadline-api-version"
	apiVersion    = "v1"
)

// tellDeprecations has the answers of rpcs that are going to end tell so, by verb and path of their routes.
func tellDeprecations(told map[string]map[string]string) runtime.Middleware {
	return func(next runtime.HandlerFunc) runtime.HandlerFunc {
		return func(writer http.ResponseWriter, request *http.Request, pathParameters map[string]string) {
			if pattern, isKnown := runtime.HTTPPattern(request.Context()); isKnown {
				for name, value := range told[request.Method+" "+pattern.String()] {
					writer.Header().Set(name, value)
				}
			}
			next(writer, request, pathParameters)
		}
	}
}
