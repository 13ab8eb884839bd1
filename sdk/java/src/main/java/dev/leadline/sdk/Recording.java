package dev.leadline.sdk;

import dev.leadline.v1.Event;
import dev.leadline.v1.RecordEventsRequest;
import dev.leadline.v1.RecordEventsResponse;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;

/** Records events in as many requests as it takes, each under the call's key with its place. */
final class Recording {
    private static final int MOST_EVENTS = 1_000;

    private Recording() {}

    static RecordEventsResult record(
            Function<RecordEventsRequest, RecordEventsResponse> send, Iterator<Event> events, CallSettings settings) {
        String key = settings.key();
        long recorded = 0;
        long duplicates = 0;
        List<RefusedEvent> refused = new ArrayList<>();
        long first = 0;
        Batches<Event> batches = new Batches<>(events, MOST_EVENTS);
        for (int place = 0; batches.hasNext(); place++) {
            List<Event> batch = batches.next();
            RecordEventsResponse response = send.apply(RecordEventsRequest.newBuilder()
                    .addAllEvents(batch)
                    .setIdempotencyKey(key + "." + place)
                    .build());
            recorded += response.getRecordedCount();
            duplicates += response.getDuplicateCount();
            for (var event : response.getRefusedEventsList()) {
                LeadlineException error = LeadlineException.from(event.getStatus());
                refused.add(new RefusedEvent(event.getEventId(), first + event.getIndex(), error));
            }
            first += batch.size();
        }
        return new RecordEventsResult(key, recorded, duplicates, List.copyOf(refused));
    }
}
