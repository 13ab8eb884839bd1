package dev.leadline.sdk;

import dev.leadline.v1.Score;
import dev.leadline.v1.ScoringServiceGrpc.ScoringServiceBlockingStub;
import dev.leadline.v1.WatchScoresRequest;
import dev.leadline.v1.WatchScoresResponse;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.OptionalDouble;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Goes through new scores as they are stored: without an end, a gap or a repetition. It opens as many streams as it
 * takes, each where the last one ended. One thread goes through it; any may close it, which ends it.
 *
 * <p>{@link #hasNext} waits for an update, and fails with a {@link LeadlineException} where a new stream would not
 * help, or after 8 failures in a row.
 */
public final class ScoreWatch implements Iterator<ScoreUpdate>, Iterable<ScoreUpdate>, AutoCloseable {
    private static final int MOST_FAILURES = 8;
    private static final int REMEMBERED_SCORES = 4_096;
    /**
     * How long one stream is kept: each new one is opened with the token of then, so a watch outlives its first token.
     */
    private static final Duration STREAM_TIME = Duration.ofMinutes(15);

    private final ScoringServiceBlockingStub stub;
    private final WatchScoresRequest.Builder request;
    private final Resumption resumption = new Resumption(MOST_FAILURES);
    private final Governor.StreamToken token = new Governor.StreamToken();
    private final Context.CancellableContext life = Context.current().withCancellation();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Map<String, Boolean> passedOn = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > REMEMBERED_SCORES;
        }
    };
    private Iterator<WatchScoresResponse> stream;
    private ScoreUpdate next;

    ScoreWatch(ScoringServiceBlockingStub stub, WatchScoresRequest request) {
        this.stub = stub.withOption(Governor.STREAM_TOKEN, token);
        this.request = request.toBuilder();
    }

    /** Gives itself: a watch can be gone through once. */
    @Override
    public Iterator<ScoreUpdate> iterator() {
        return this;
    }

    @Override
    public boolean hasNext() {
        while (next == null && closed.getCount() > 0) {
            try {
                next = listen();
            } catch (StatusRuntimeException failure) {
                pauseAfter(LeadlineException.from(failure));
            }
        }
        return next != null;
    }

    @Override
    public ScoreUpdate next() {
        if (!hasNext()) {
            throw new NoSuchElementException("the watch was closed");
        }
        ScoreUpdate update = next;
        next = null;
        return update;
    }

    /** Ends the watch; a thread that waits for an update waits no longer. */
    @Override
    public void close() {
        closed.countDown();
        life.cancel(null);
    }

    /** Gives the update of the stream's next message; null if it has none, or repeats one. */
    private ScoreUpdate listen() {
        if (stream == null) {
            Context before = life.attach();
            try {
                stream = stub.withDeadlineAfter(STREAM_TIME.toSeconds(), TimeUnit.SECONDS).watchScores(request.build());
            } finally {
                life.detach(before);
            }
        }
        if (!stream.hasNext()) { // a stream without an end ended: its server is going away
            throw Status.UNAVAILABLE.withDescription("the stream ended").asRuntimeException();
        }
        WatchScoresResponse message = stream.next();
        if (message.hasStatus()) {
            StatusRuntimeException failure = StatusProto.toStatusRuntimeException(message.getStatus());
            if (Governor.isRenewable(LeadlineException.from(failure))) {
                return null; // the same comes as the status of the rpc, with which the token is known as refused
            }
            throw failure;
        }
        resumption.progressed();
        if (!message.getResumeToken().isEmpty()) {
            request.setResumeToken(message.getResumeToken());
        }
        if (message.hasSnapshotScore()) {
            return new ScoreUpdate(message.getSnapshotScore(), OptionalDouble.empty(), request.getResumeToken(), true);
        }
        if (!message.hasScoreChange() || isRepeated(message.getScoreChange().getScore())) {
            return null;
        }
        OptionalDouble previous = message.getScoreChange().hasPreviousProbability()
                ? OptionalDouble.of(message.getScoreChange().getPreviousProbability())
                : OptionalDouble.empty();
        return new ScoreUpdate(message.getScoreChange().getScore(), previous, request.getResumeToken(), false);
    }

    /** Tells whether a score was passed on before: announcing one is at least once. */
    private boolean isRepeated(Score score) {
        String computed = score.getComputeTime().getSeconds() + "." + score.getComputeTime().getNanos();
        return passedOn.put(score.getLead() + " " + score.getModel() + " " + computed, true) != null;
    }

    private void pauseAfter(LeadlineException failure) {
        stream = null;
        if (closed.getCount() == 0) {
            return;
        }
        boolean isOwnEnd = failure.code() == Status.Code.DEADLINE_EXCEEDED;
        Duration pause = isOwnEnd ? Duration.ofMillis(100) : resumption.waitAfter(failure, token.renews(failure));
        try {
            closed.await(pause.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException interruption) {
            Thread.currentThread().interrupt();
            throw LeadlineException.of(Status.Code.CANCELLED, "the thread was interrupted");
        }
    }
}
