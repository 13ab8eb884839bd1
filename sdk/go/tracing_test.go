package leadline_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/attribute"
	otelcodes "go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	leadline "leadline.dev/sdk/go"
	leadlinev1 "leadline.dev/sdk/go/gen/leadline/v1"
)

// connectTraced gives a client that is traced as the README says, and where its spans go.
func connectTraced(t *testing.T, fake *fakeLeadline) (*leadline.Client, *trace.TracerProvider, *tracetest.InMemoryExporter) {
	t.Helper()
	spans := tracetest.NewInMemoryExporter()
	provider := trace.NewTracerProvider(trace.WithSyncer(spans))
	tracing := otelgrpc.NewClientHandler(
		otelgrpc.WithTracerProvider(provider), otelgrpc.WithPropagators(propagation.TraceContext{}),
	)
	options := []leadline.Option{leadline.WithToken("token"), leadline.WithDialOptions(grpc.WithStatsHandler(tracing))}
	return connect(t, fake, options...), provider, spans
}

// checkSpan looks at the span of a try: what OpenTelemetry's conventions say of a call, and how it ended.
func checkSpan(t *testing.T, span tracetest.SpanStub, rpc, code string) {
	t.Helper()
	if span.Name != "leadline.v1."+rpc || span.SpanKind != oteltrace.SpanKindClient {
		t.Errorf("the span of %s is %s of kind %s", rpc, span.Name, span.SpanKind)
	}
	for _, want := range []attribute.KeyValue{
		attribute.String("rpc.system.name", "grpc"),
		attribute.String("rpc.method", "leadline.v1."+rpc),
		attribute.String("rpc.response.status_code", code),
	} {
		if !slices.Contains(span.Attributes, want) {
			t.Errorf("the span of %s lacks %v: %v", rpc, want, span.Attributes)
		}
	}
	if isError := span.Status.Code == otelcodes.Error; isError != (code != "OK") {
		t.Errorf("the span of %s has the status %v", rpc, span.Status)
	}
}

// checkCarried sees that Leadline was told of the span, so that its own can hang below.
func checkCarried(t *testing.T, header metadata.MD, span tracetest.SpanStub) {
	t.Helper()
	parent := strings.Join(header.Get("traceparent"), "")
	want := span.SpanContext.TraceID().String() + "-" + span.SpanContext.SpanID().String()
	if !strings.Contains(parent, want) {
		t.Errorf("Leadline was told of %q, not of %s", parent, want)
	}
}

func TestEachTryOfACallIsASpanOfOneTrace(t *testing.T) {
	fake := startFake(t)
	fake.faults["CreateLead"] = []fault{{err: errUnavailable}}
	client, provider, spans := connectTraced(t, fake)
	ctx, outer := provider.Tracer("program").Start(t.Context(), "of the program")
	if _, err := client.CreateLead(ctx, &leadlinev1.Lead{ExternalId: "a"}); err != nil {
		t.Fatal(err)
	}
	found := spans.GetSpans()
	if len(found) != 2 {
		t.Fatalf("%d spans of two tries", len(found))
	}
	for place, code := range []string{"UNAVAILABLE", "OK"} {
		checkSpan(t, found[place], "LeadService/CreateLead", code)
		checkCarried(t, fake.headers["CreateLead"][place], found[place])
		if !found[place].Parent.Equal(outer.SpanContext()) {
			t.Errorf("the span of try %d is below %v", place, found[place].Parent)
		}
	}
}

func TestAFailedCallHasItsErrorInItsSpan(t *testing.T) {
	fake := startFake(t)
	fake.faults["GetLead"] = []fault{{err: failure(codes.NotFound, "LEAD_NOT_FOUND")}}
	client, _, spans := connectTraced(t, fake)
	if _, err := client.GetLead(t.Context(), leadName(7)); !errors.Is(err, leadline.ErrNotFound) {
		t.Fatal(err)
	}
	found := spans.GetSpans()
	if len(found) != 1 || found[0].Status.Description != "it went wrong" {
		t.Fatalf("the spans are %v", found)
	}
	checkSpan(t, found[0], "LeadService/GetLead", "NOT_FOUND")
	checkCarried(t, fake.headers["GetLead"][0], found[0])
}
