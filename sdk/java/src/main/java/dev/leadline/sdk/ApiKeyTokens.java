package dev.leadline.sdk;

import com.google.protobuf.Timestamp;
import dev.leadline.v1.ExchangeApiKeyResponse;
import io.grpc.Deadline;
import io.grpc.Status;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * Keeps the access token of an API key until shortly before it expires. Calls that need one at the same time share one
 * exchange; each waits no longer than its own deadline.
 */
final class ApiKeyTokens implements TokenSource {
    /** How long before its end a token is renewed, so that none expires on its way. */
    private static final Duration MARGIN = Duration.ofSeconds(30);

    private final Function<Deadline, ExchangeApiKeyResponse> exchange;
    private final ReentrantLock turn = new ReentrantLock();
    private String held;
    private Instant renewTime = Instant.MIN;

    /** @param exchange asks Leadline for an access token until a deadline, which may be null */
    ApiKeyTokens(Function<Deadline, ExchangeApiKeyResponse> exchange) {
        this.exchange = exchange;
    }

    @Override
    public String token(String refused) {
        Deadline deadline = Governor.DEADLINE.get();
        takeTurn(deadline);
        try {
            if (held == null || held.equals(refused) || !Instant.now().isBefore(renewTime)) {
                ExchangeApiKeyResponse answer = exchange.apply(deadline);
                Timestamp end = answer.getAccessTokenExpireTime();
                held = answer.getAccessToken();
                renewTime = Instant.ofEpochSecond(end.getSeconds(), end.getNanos()).minus(MARGIN);
            }
            return held;
        } finally {
            turn.unlock();
        }
    }

    private void takeTurn(Deadline deadline) {
        try {
            if (deadline == null) {
                turn.lockInterruptibly();
            } else if (!turn.tryLock(deadline.timeRemaining(TimeUnit.NANOSECONDS), TimeUnit.NANOSECONDS)) {
                throw LeadlineException.of(Status.Code.DEADLINE_EXCEEDED, "no token came in time");
            }
        } catch (InterruptedException interruption) {
            Thread.currentThread().interrupt();
            throw LeadlineException.of(Status.Code.CANCELLED, "the thread was interrupted");
        }
    }
}
