// Package openapi holds the OpenAPI document of the REST surface, for programs in Go.
package openapi

import _ "embed" // the document is part of the program that serves it

// Document is the OpenAPI 3.1 document, as JSON.
//
//go:embed leadline.openapi.json
var Document []byte
