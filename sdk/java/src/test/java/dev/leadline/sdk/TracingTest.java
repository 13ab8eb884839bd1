package dev.leadline.sdk;

import static io.opentelemetry.api.common.AttributeKey.longKey;
import static io.opentelemetry.api.common.AttributeKey.stringKey;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.leadline.v1.GetLeadRequest;
import dev.leadline.v1.Lead;
import dev.leadline.v1.LeadServiceGrpc;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.instrumentation.grpc.v1_6.GrpcTelemetry;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** OpenTelemetry sees the calls of a client that is told of it as the README says. */
class TracingTest {
    private static final String NAME = InProcessServerBuilder.generateName();
    private static final String LEAD = "leads/1";

    private final InMemorySpanExporter spans = InMemorySpanExporter.create();
    private final OpenTelemetrySdk telemetry = OpenTelemetrySdk.builder()
            .setTracerProvider(SdkTracerProvider.builder()
                    .addSpanProcessor(SimpleSpanProcessor.create(spans))
                    .build())
            .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance()))
            .build();
    private final List<String> parents = new CopyOnWriteArrayList<>();
    private Server server;

    @BeforeEach
    void serve() throws IOException {
        server = InProcessServerBuilder.forName(NAME)
                .addService(new LeadServiceGrpc.LeadServiceImplBase() {
                    @Override
                    public void getLead(GetLeadRequest request, StreamObserver<Lead> answer) {
                        if (!request.getName().equals(LEAD)) {
                            Status missing = Status.NOT_FOUND.withDescription("no such lead");
                            answer.onError(missing.asRuntimeException());
                        } else if (parents.size() == 1) {
                            answer.onError(Status.UNAVAILABLE.asRuntimeException());
                        } else {
                            answer.onNext(Lead.newBuilder().setName(LEAD).build());
                            answer.onCompleted();
                        }
                    }
                })
                .intercept(new ServerInterceptor() {
                    @Override
                    public <Q, R> ServerCall.Listener<Q> interceptCall(
                            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
                        parents.add(headers.get(Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER)));
                        return next.startCall(call, headers);
                    }
                })
                .build()
                .start();
    }

    @AfterEach
    void stop() {
        server.shutdownNow();
        telemetry.close();
    }

    private LeadlineClient client() {
        return new LeadlineClientBuilder(credentials -> InProcessChannelBuilder.forName(NAME))
                .token("token")
                .interceptors(GrpcTelemetry.create(telemetry).createClientInterceptor())
                .build();
    }

    /** Looks at the span of a call: what OpenTelemetry's conventions say, and that Leadline was told of it. */
    private void check(SpanData span, Status.Code code) {
        assertEquals("leadline.v1.LeadService/GetLead", span.getName());
        assertEquals(SpanKind.CLIENT, span.getKind());
        assertEquals("grpc", span.getAttributes().get(stringKey("rpc.system")));
        assertEquals("leadline.v1.LeadService", span.getAttributes().get(stringKey("rpc.service")));
        assertEquals("GetLead", span.getAttributes().get(stringKey("rpc.method")));
        assertEquals((long) code.value(), span.getAttributes().get(longKey("rpc.grpc.status_code")));
        for (String parent : parents) {
            assertEquals(List.of(span.getTraceId(), span.getSpanId()), List.of(parent.split("-")).subList(1, 3));
        }
    }

    @Test
    void aCallIsOneSpanWithItsRetriesInside() {
        Span outer = telemetry.getTracer("program").spanBuilder("of the program").startSpan();
        try (LeadlineClient client = client(); Scope inside = outer.makeCurrent()) {
            assertEquals(LEAD, client.getLead(LEAD).getName());
        }
        SpanData span = spans.getFinishedSpanItems().get(0);
        assertEquals(2, parents.size());
        assertEquals(outer.getSpanContext().getSpanId(), span.getParentSpanId());
        assertEquals(StatusCode.UNSET, span.getStatus().getStatusCode());
        check(span, Status.Code.OK);
    }

    @Test
    void aFailedCallHasItsErrorInItsSpan() {
        try (LeadlineClient client = client()) {
            assertThrows(LeadlineException.NotFound.class, () -> client.getLead("leads/7"));
        }
        SpanData span = spans.getFinishedSpanItems().get(0);
        assertEquals(StatusCode.ERROR, span.getStatus().getStatusCode());
        check(span, Status.Code.NOT_FOUND);
    }
}
