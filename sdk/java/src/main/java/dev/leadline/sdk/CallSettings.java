package dev.leadline.sdk;

import java.time.Duration;
import java.util.UUID;

/**
 * What one call can be told.
 *
 * @param timeout how long it may take, its retries included; null for the client's
 * @param idempotencyKey under which a mutation is done once; null for a new one. Give one of your own to be able to
 *     repeat
 *     the call safely after your process died: within 24 hours Leadline does it once and gives its first answer again.
 */
public record CallSettings(Duration timeout, String idempotencyKey) {
    /** What holds where nothing is told. */
    public static final CallSettings DEFAULT = new CallSettings(null, null);

    /** Gives settings with this time. */
    public static CallSettings withTimeout(Duration timeout) {
        return new CallSettings(timeout, null);
    }

    /** Gives settings with this idempotency key. */
    public static CallSettings withIdempotencyKey(String key) {
        return new CallSettings(null, key);
    }

    String key() {
        return idempotencyKey == null ? UUID.randomUUID().toString() : idempotencyKey;
    }
}
