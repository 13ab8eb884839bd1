package dev.leadline.sdk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.leadline.v1.ErrorReason;
import dev.leadline.v1.FieldValue;
import dev.leadline.v1.GetLeadRequest;
import dev.leadline.v1.Heartbeat;
import dev.leadline.v1.Lead;
import dev.leadline.v1.LeadServiceGrpc;
import dev.leadline.v1.ScoringServiceGrpc;
import dev.leadline.v1.WatchScoresRequest;
import dev.leadline.v1.WatchScoresResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is this SDK's own. What all SDKs have in common is tested by tests/sdk. */
class LeadlineClientTest {
    private static final String NAME = InProcessServerBuilder.generateName();

    private final CountDownLatch isWatched = new CountDownLatch(1);
    private Server server;

    @BeforeEach
    void serve() throws IOException {
        server = InProcessServerBuilder.forName(NAME)
                .addService(new LeadServiceGrpc.LeadServiceImplBase() {
                    @Override
                    public void getLead(GetLeadRequest request, StreamObserver<Lead> answer) {
                        answer.onNext(Lead.newBuilder().setName(request.getName()).build());
                        answer.onCompleted();
                    }
                })
                .addService(new ScoringServiceGrpc.ScoringServiceImplBase() {
                    @Override
                    public void watchScores(WatchScoresRequest request, StreamObserver<WatchScoresResponse> answer) {
                        Heartbeat heartbeat = Heartbeat.getDefaultInstance();
                        answer.onNext(WatchScoresResponse.newBuilder().setHeartbeat(heartbeat).build());
                        isWatched.countDown();
                    }
                })
                .build()
                .start();
    }

    @AfterEach
    void stop() {
        server.shutdownNow();
    }

    private static LeadlineClientBuilder builder() {
        return new LeadlineClientBuilder(credentials -> InProcessChannelBuilder.forName(NAME));
    }

    @Test
    void interceptorsSeeEachCall() {
        List<String> seen = new ArrayList<>();
        ClientInterceptor tracing = new ClientInterceptor() {
            @Override
            public <Q, R> ClientCall<Q, R> interceptCall(
                    MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
                seen.add(method.getBareMethodName());
                return next.newCall(method, options);
            }
        };
        try (LeadlineClient client = builder().token("token").interceptors(tracing).build()) {
            assertEquals("leads/1", client.getLead("leads/1").getName());
        }
        assertEquals(List.of("GetLead"), seen);
    }

    @Test
    void aClientNeedsOneKindOfCredentials() {
        assertThrows(IllegalStateException.class, () -> builder().build());
        assertThrows(IllegalStateException.class, () -> builder().token("token").apiKey("key").build());
    }

    @Test
    void aSourceWithoutATokenIsUnauthenticated() {
        IllegalStateException cause = new IllegalStateException("the vault is closed");
        TokenSource closed = refused -> {
            throw cause;
        };
        try (LeadlineClient client = builder().tokenSource(closed).build()) {
            var failure = assertThrows(LeadlineException.Unauthenticated.class, () -> client.getLead("leads/1"));
            assertSame(cause, failure.getCause());
        }
    }

    @Test
    void aWatchThatIsClosedEnds() throws Exception {
        try (LeadlineClient client = builder().token("token").build(); ScoreWatch watch = client.watchScores()) {
            CompletableFuture<Boolean> next = CompletableFuture.supplyAsync(watch::hasNext);
            assertTrue(isWatched.await(10, TimeUnit.SECONDS));
            watch.close();
            assertFalse(next.get(10, TimeUnit.SECONDS));
            assertThrows(NoSuchElementException.class, watch::next);
        }
    }

    @Test
    void reasonsOfTheCatalogueAreKnown() {
        LeadlineException failure = LeadlineException.of(Status.Code.NOT_FOUND, "no such lead");
        assertEquals(ErrorReason.ERROR_REASON_UNSPECIFIED, failure.catalogueReason());
        assertEquals("NotFound: no such lead", failure.toString());
    }

    @Test
    void batchesAreNeitherTooManyNorTooLarge() {
        FieldValue large = FieldValue.newBuilder().setText("n".repeat(3 * 1024 * 1024)).build();
        Iterator<FieldValue> values = List.of(large, large, large).iterator();
        List<Integer> sizes = new ArrayList<>();
        new Batches<>(values, 2).forEachRemaining(batch -> sizes.add(batch.size()));
        assertEquals(List.of(1, 1, 1), sizes);
        sizes.clear();
        Iterator<FieldValue> small = IntStream.range(0, 5).mapToObj(FieldValues::of).iterator();
        new Batches<>(small, 2).forEachRemaining(batch -> sizes.add(batch.size()));
        assertEquals(List.of(2, 2, 1), sizes);
    }

    @Test
    void waitsGrowAndEnd() {
        Resumption resumption = new Resumption(3);
        LeadlineException down = LeadlineException.of(Status.Code.UNAVAILABLE, "down");
        for (int failures = 1; failures <= 3; failures++) {
            assertTrue(resumption.waitAfter(down, false).compareTo(Duration.ofMillis(200L << failures)) <= 0);
        }
        assertSame(down, assertThrows(LeadlineException.class, () -> resumption.waitAfter(down, false)));
        resumption.progressed();
        LeadlineException refused = LeadlineException.of(Status.Code.INVALID_ARGUMENT, "no");
        assertSame(refused, assertThrows(LeadlineException.class, () -> resumption.waitAfter(refused, false)));
    }

    @Test
    void fieldsOfJavaValues() {
        Map<String, Object> values = new HashMap<>(Map.of("Source", "Google", "Visits", 4, "Won", true));
        values.put("Unknown", null);
        Map<String, FieldValue> fields = FieldValues.toFields(values);
        assertEquals(3, fields.size());
        assertEquals(4.0, FieldValues.from(fields.get("Visits")));
        Instant moment = Instant.parse("2026-01-02T03:04:05.678Z");
        assertEquals(moment, FieldValues.from(FieldValues.of(moment)));
        Map<String, Double> nothing = Map.of("Visits", Double.NaN);
        var refused = assertThrows(IllegalArgumentException.class, () -> FieldValues.toFields(nothing));
        assertTrue(refused.getMessage().startsWith("Visits: "));
    }
}
