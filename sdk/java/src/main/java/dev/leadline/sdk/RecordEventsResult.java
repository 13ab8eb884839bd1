package dev.leadline.sdk;

import java.util.List;

/**
 * What became of events.
 *
 * @param idempotencyKey the call's key: the same events sent again under it within a day are answered as before
 * @param recordedCount how many were recorded
 * @param duplicateCount how many were skipped since their id is recorded already
 * @param refusedEvents those that were refused, with the reason
 */
public record RecordEventsResult(
        String idempotencyKey, long recordedCount, long duplicateCount, List<RefusedEvent> refusedEvents) {}
