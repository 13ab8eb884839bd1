package dev.leadline.sdk;

import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** Counts the failures in a row and tells how long to wait after each. */
final class Resumption {
    private static final long LONGEST_WAIT_MILLISECONDS = 30_000;

    private final int mostFailures;
    private int failures;

    Resumption(int mostFailures) {
        this.mostFailures = mostFailures;
    }

    /** Tells whether a new stream may fare better than the one that failed. */
    static boolean isResumable(LeadlineException failure) {
        return switch (failure.code()) {
            case UNAVAILABLE -> true;
            // Without a time to retry it is a message that is too large.
            case RESOURCE_EXHAUSTED -> failure.retryAfter().isPresent() || failure.reason().equals("SLOW_CONSUMER");
            // Leadline gives each of its own failures a reason: without one the connection broke on the way.
            case INTERNAL -> failure.reason().isEmpty();
            default -> false;
        };
    }

    /** Notes that the stream got further, so that failures are counted from 0 again. */
    void progressed() {
        failures = 0;
    }

    /**
     * Gives how long to wait before the next stream: a random time, so that clients don't come back all at once, at
     * least as long as Leadline asks for, and longer the more often it failed.
     *
     * @param isRenewed whether the next stream will have another access token than the one that was refused
     * @throws LeadlineException the failure itself, where a new stream would not help or too many failed in a row
     */
    Duration waitAfter(LeadlineException failure, boolean isRenewed) {
        if (!(isRenewed || isResumable(failure)) || failures >= mostFailures) {
            throw failure;
        }
        failures++;
        long backoff = Math.min(LONGEST_WAIT_MILLISECONDS, 200L << failures);
        Duration random = Duration.ofMillis(ThreadLocalRandom.current().nextLong(backoff));
        Duration asked = failure.retryAfter().orElse(Duration.ZERO);
        return asked.compareTo(random) > 0 ? asked : random;
    }

    /**
     * Waits before the next stream of an endless one, or until it is closed.
     *
     * @throws LeadlineException as {@link #waitAfter} throws; Cancelled where the thread is interrupted
     */
    void pauseAfter(LeadlineException failure, Governor.StreamToken token, CountDownLatch closed) {
        if (closed.getCount() == 0) {
            return;
        }
        boolean isOwnEnd = failure.code() == Status.Code.DEADLINE_EXCEEDED;
        Duration pause = isOwnEnd ? Duration.ofMillis(100) : waitAfter(failure, token.renews(failure));
        try {
            closed.await(pause.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException interruption) {
            Thread.currentThread().interrupt();
            throw LeadlineException.of(Status.Code.CANCELLED, "the thread was interrupted");
        }
    }
}
