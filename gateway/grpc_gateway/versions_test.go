package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"

	surfacev1 "leadline.dev/gateway/grpc_gateway/gen/leadline/v1"
)

func TestAnswersOfRoutesThatEndTellIt(t *testing.T) {
	told := map[string]map[string]string{"GET /v1/{name=leads/*}": {"sunset": "soon"}}
	mux := runtime.NewServeMux(runtime.WithMiddlewares(tellDeprecations(told)))
	_, address := startBackend(t)
	backends, err := connect(settings{serverTarget: address, scorerTarget: address, unaryTimeout: testTimeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(backends.close)
	if err := surfacev1.RegisterLeadServiceHandler(t.Context(), mux, backends.server); err != nil {
		t.Fatal(err)
	}
	for path, expected := range map[string]string{"/v1/leads/1": "soon", "/v1/leads": ""} {
		answer := httptest.NewRecorder()
		mux.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
		if sunset := answer.Header().Get("Sunset"); sunset != expected {
			t.Errorf("%s: %q", path, sunset)
		}
	}
}
