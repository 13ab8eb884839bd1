package main

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

const (
	allowedMethods = "GET, POST, PATCH, DELETE"
	allowedHeaders = "authorization, content-type, grpc-timeout, x-request-id, traceparent, tracestate"
	exposedHeaders = "retry-after, x-request-id, leadline-api-version, deprecation, sunset, link"
	preflightAge   = "600"
)

// tenantOrigin is what an origin looks like that a tenant may allow, as the contract has it.
var tenantOrigin = regexp.MustCompile(`^https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?$`)

// crossOrigin lets browsers read what pages of other origins ask for. A preflight carries no token, so nobody knows for
// which tenant it is: it is answered for every origin that a tenant may allow, and the backends, which are told the
// origin, refuse the call itself. Log-in takes calls from the operator's own pages alone.
type crossOrigin struct {
	next http.Handler
	// own are the origins whose pages may call for every tenant.
	own []string
}

// ServeHTTP answers preflights, and says of other requests which page may read their answers.
func (cross *crossOrigin) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	origin, header := request.Header.Get("Origin"), writer.Header()
	isPreflight := request.Method == http.MethodOptions && request.Header.Get("Access-Control-Request-Method") != ""
	if origin == "" || !cross.mayRead(origin, request.URL.Path) {
		cross.next.ServeHTTP(writer, request)
		return
	}
	header.Set("Access-Control-Allow-Origin", origin)
	header.Add("Vary", "Origin")
	if isPreflight {
		header.Set("Access-Control-Allow-Methods", allowedMethods)
		header.Set("Access-Control-Allow-Headers", allowedHeaders)
		header.Set("Access-Control-Max-Age", preflightAge)
		return
	}
	header.Set("Access-Control-Expose-Headers", exposedHeaders)
	cross.next.ServeHTTP(writer, request)
}

func (cross *crossOrigin) mayRead(origin, path string) bool {
	isLogIn, isPublic := publicPaths[path]
	switch {
	case slices.Contains(cross.own, origin):
		return true
	case isLogIn:
		return false
	case isPublic:
		return strings.HasPrefix(origin, "https://") || strings.HasPrefix(origin, "http://")
	default:
		return tenantOrigin.MatchString(origin)
	}
}
