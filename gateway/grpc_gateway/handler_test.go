package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	leadlinev1 "leadline.dev/sdk/go/gen/leadline/v1"
)

const testTimeout = 200 * time.Millisecond

// leadBackend answers the rpcs of leads that the tests call, and fails others as asked.
type leadBackend struct {
	leadlinev1.UnimplementedLeadServiceServer
	failure error
	callers chan metadata.MD
	health  *health.Server
}

func (backend *leadBackend) GetLead(ctx context.Context, request *leadlinev1.GetLeadRequest) (*leadlinev1.Lead, error) {
	caller, _ := metadata.FromIncomingContext(ctx)
	backend.callers <- caller
	return &leadlinev1.Lead{Name: request.GetName()}, backend.failure
}

func (backend *leadBackend) ListLeads(ctx context.Context, _ *leadlinev1.ListLeadsRequest) (*leadlinev1.ListLeadsResponse, error) {
	<-ctx.Done()
	return nil, status.FromContextError(ctx.Err()).Err()
}

func startBackend(t *testing.T) (*leadBackend, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	backend := &leadBackend{callers: make(chan metadata.MD, 10), health: health.NewServer()}
	server := grpc.NewServer()
	leadlinev1.RegisterLeadServiceServer(server, backend)
	healthpb.RegisterHealthServer(server, backend.health)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return backend, listener.Addr().String()
}

// startGateway serves in front of a backend that is both server and scorer.
func startGateway(ctx context.Context, t *testing.T, target string, log io.Writer) *httptest.Server {
	t.Helper()
	settings := settings{serverTarget: target, scorerTarget: target, unaryTimeout: testTimeout}
	connected, err := connect(settings)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := newHandler(ctx, connected, settings, slog.New(slog.NewJSONHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(func() { server.Close(); connected.close() })
	return server
}

// get answers with the status, the reason of an error, and the whole response with its body read.
func get(t *testing.T, address string) (int, string, *http.Response, []byte) {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var failure struct{ Details []struct{ Reason string } }
	if json.Unmarshal(body, &failure) != nil || len(failure.Details) == 0 {
		return response.StatusCode, "", response, body
	}
	return response.StatusCode, failure.Details[0].Reason, response, body
}

func TestZeroValuesAreWrittenAndAbsentOnesAreNot(t *testing.T) {
	_, target := startBackend(t)
	gateway := startGateway(t.Context(), t, target, io.Discard)
	_, _, _, body := get(t, gateway.URL+"/v1/leads/1")
	var lead map[string]any
	if err := json.Unmarshal(body, &lead); err != nil {
		t.Fatal(err)
	}
	if lead["company"] != "" || lead["status"] != "LEAD_STATUS_UNSPECIFIED" || lead["name"] != "leads/1" {
		t.Errorf("zero values are missing: %s", body)
	}
	if _, isWritten := lead["createTime"]; isWritten {
		t.Errorf("an absent message is written: %s", body)
	}
}

func TestFailuresOnTheWayHaveTheContractsReasons(t *testing.T) {
	backend, target := startBackend(t)
	gateway := startGateway(t.Context(), t, target, io.Discard)
	if httpStatus, reason, _, _ := get(t, gateway.URL+"/v1/leads"); httpStatus != 504 || reason != "DEADLINE_EXCEEDED" {
		t.Errorf("too late: %d %s", httpStatus, reason)
	}
	nobody := startGateway(t.Context(), t, "127.0.0.1:1", io.Discard)
	if httpStatus, reason, _, _ := get(t, nobody.URL+"/v1/leads/1"); httpStatus != 503 || reason != "DEPENDENCY_UNAVAILABLE" {
		t.Errorf("no backend: %d %s", httpStatus, reason)
	}
	backend.failure = status.Error(codes.Unauthenticated, "send a token")
	httpStatus, _, response, body := get(t, gateway.URL+"/v1/leads/1")
	if httpStatus != 401 || response.Header.Get("WWW-Authenticate") != "Bearer" || !bytes.Contains(body, []byte("send a token")) {
		t.Errorf("a backend's refusal: %d %v %s", httpStatus, response.Header, body)
	}
}

func TestABodyThatDoesNotArriveIsGivenUp(t *testing.T) {
	_, target := startBackend(t)
	gateway := startGateway(t.Context(), t, target, io.Discard)
	body, _ := io.Pipe()
	response, err := http.Post(gateway.URL+"/v1/leads", "application/json", body)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusRequestTimeout {
		t.Errorf("answered with %d", response.StatusCode)
	}
}

func TestHealthIsThatOfTheBackends(t *testing.T) {
	backend, target := startBackend(t)
	stopping, stop := context.WithCancel(t.Context())
	gateway := startGateway(stopping, t, target, io.Discard)
	if httpStatus, _, _, _ := get(t, gateway.URL+"/healthz"); httpStatus != 200 {
		t.Errorf("healthy backends: %d", httpStatus)
	}
	backend.health.SetServingStatus("", healthpb.HealthCheckResponse_NOT_SERVING)
	if httpStatus, _, _, _ := get(t, gateway.URL+"/healthz"); httpStatus != 503 {
		t.Errorf("a backend that doesn't serve: %d", httpStatus)
	}
	backend.health.SetServingStatus("", healthpb.HealthCheckResponse_SERVING)
	stop()
	if httpStatus, _, _, _ := get(t, gateway.URL+"/healthz"); httpStatus != 503 {
		t.Errorf("a gateway that stops: %d", httpStatus)
	}
	if httpStatus, _, _, _ := get(t, gateway.URL+"/livez"); httpStatus != 200 {
		t.Errorf("a gateway that lives: %d", httpStatus)
	}
}

func TestTheLogTellsNothingPersonal(t *testing.T) {
	_, target := startBackend(t)
	var log bytes.Buffer
	gateway := startGateway(t.Context(), t, target, &log)
	_, _, response, _ := get(t, gateway.URL+"/v1/leads/1?readMask=ada@example.com")
	var line map[string]any
	if err := json.Unmarshal(log.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if line["path"] != "/v1/leads/1" || line["request_id"] != response.Header.Get("X-Request-Id") {
		t.Errorf("the line does not tell of the request: %v", line)
	}
	if strings.Contains(log.String(), "ada") || strings.Contains(log.String(), "127.0.0.1") {
		t.Errorf("the line tells too much: %s", log.String())
	}
}

func TestTheDocumentationLetsNothingInFromElsewhere(t *testing.T) {
	_, target := startBackend(t)
	gateway := startGateway(t.Context(), t, target, io.Discard)
	for path, contentType := range map[string]string{
		"/docs": "text/html; charset=utf-8", "/docs/page.js": "text/javascript; charset=utf-8",
		"/docs/swagger-ui-bundle.js": "text/javascript; charset=utf-8", "/openapi.json": "application/json; charset=utf-8",
	} {
		httpStatus, _, response, body := get(t, gateway.URL+path)
		if httpStatus != 200 || response.Header.Get("Content-Type") != contentType {
			t.Errorf("%s: %d %v", path, httpStatus, response.Header)
		}
		if !strings.HasPrefix(response.Header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self';") {
			t.Errorf("%s may load anything: %v", path, response.Header)
		}
		if path == "/docs" && (bytes.Contains(body, []byte("://")) || bytes.Contains(body, []byte("<script>"))) {
			t.Errorf("the page has a script of its own or names another host: %s", body)
		}
	}
	if httpStatus, reason, _, _ := get(t, gateway.URL+"/docs/../settings.go"); httpStatus != 404 || reason != "UNKNOWN_METHOD" {
		t.Errorf("a file that is not served: %d %s", httpStatus, reason)
	}
}
