package dev.leadline.sdk;

import dev.leadline.v1.DuplicatePolicy;
import dev.leadline.v1.ImportLeadsRequest;
import dev.leadline.v1.ImportLeadsResponse;
import dev.leadline.v1.ImportRow;
import dev.leadline.v1.Lead;
import dev.leadline.v1.LeadServiceGrpc.LeadServiceStub;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Sends an import as a row of short streams. Each is kept in memory until Leadline has answered it, so one that was cut
 * off is sent again as it was, under the same keys, whatever the rows come from; progress tells what is stored rather
 * than what was sent.
 */
final class Importing {
    private static final int MOST_ROWS = 2_000;
    private static final int BATCHES_A_STREAM = 5;
    private static final int MOST_FAILURES = 8;
    private static final Duration STREAM_TIME = Duration.ofMinutes(2);

    private final LeadServiceStub leads;
    private final CallSettings settings;

    Importing(LeadServiceStub leads, CallSettings settings) {
        this.leads = leads;
        this.settings = settings;
    }

    /** Gives leads as rows, each on the line of its place, from 1. */
    static final class Rows implements Iterator<ImportRow> {
        private final Iterator<Lead> leads;
        private long line;

        Rows(Iterator<Lead> leads) {
            this.leads = leads;
        }

        @Override
        public boolean hasNext() {
            return leads.hasNext();
        }

        @Override
        public ImportRow next() {
            return ImportRow.newBuilder().setLineNumber(++line).setLead(leads.next()).build();
        }
    }

    ImportResult send(Iterator<ImportRow> rows, DuplicatePolicy policy, Consumer<ImportResult> progress) {
        ImportResult result = new ImportResult(settings.key());
        Batches<ImportRow> batches = new Batches<>(rows, MOST_ROWS);
        for (int place = 0; batches.hasNext(); place++) {
            // The key of a stream is the import's with the stream's place, so each is an import of its own by the
            // contract.
            List<ImportLeadsRequest> stream = new ArrayList<>();
            while (batches.hasNext() && stream.size() < BATCHES_A_STREAM) {
                stream.add(ImportLeadsRequest.newBuilder()
                        .setIdempotencyKey(result.idempotencyKey() + "." + place)
                        .setSequenceNumber(stream.size())
                        .setDuplicatePolicy(policy)
                        .addAllRows(batches.next())
                        .build());
            }
            result.add(sendStream(stream));
            progress.accept(result);
        }
        return result;
    }

    private ImportLeadsResponse sendStream(List<ImportLeadsRequest> stream) {
        Resumption resumption = new Resumption(MOST_FAILURES);
        Governor.StreamToken token = new Governor.StreamToken();
        while (true) {
            LeadlineException failure;
            try {
                return sendOnce(stream, token).get();
            } catch (ExecutionException failed) {
                failure = failed.getCause() instanceof StatusRuntimeException told
                        ? LeadlineException.from(told)
                        : LeadlineException.from(Status.fromThrowable(failed.getCause()).asRuntimeException());
            } catch (InterruptedException interruption) {
                throw interrupted();
            }
            try {
                Thread.sleep(resumption.waitAfter(failure, token.renews(failure)).toMillis());
            } catch (InterruptedException interruption) {
                throw interrupted();
            }
        }
    }

    private CompletableFuture<ImportLeadsResponse> sendOnce(
            List<ImportLeadsRequest> stream, Governor.StreamToken token) {
        CompletableFuture<ImportLeadsResponse> answer = new CompletableFuture<>();
        long time = (settings.timeout() == null ? STREAM_TIME : settings.timeout()).toNanos();
        StreamObserver<ImportLeadsRequest> sending = leads.withOption(Governor.STREAM_TOKEN, token)
                .withDeadlineAfter(time, TimeUnit.NANOSECONDS)
                .importLeads(new StreamObserver<>() {
                    @Override
                    public void onNext(ImportLeadsResponse response) {
                        answer.complete(response);
                    }

                    @Override
                    public void onError(Throwable failure) {
                        answer.completeExceptionally(failure);
                    }

                    @Override
                    public void onCompleted() {
                        Status early = Status.UNAVAILABLE.withDescription("the stream ended without an answer");
                        answer.completeExceptionally(early.asRuntimeException());
                    }
                });
        for (ImportLeadsRequest message : stream) {
            if (answer.isDone()) {
                return answer; // the stream is over; its answer tells why
            }
            sending.onNext(message);
        }
        if (!answer.isDone()) {
            sending.onCompleted();
        }
        return answer;
    }

    private static LeadlineException interrupted() {
        Thread.currentThread().interrupt();
        return LeadlineException.of(Status.Code.CANCELLED, "the thread was interrupted");
    }
}
