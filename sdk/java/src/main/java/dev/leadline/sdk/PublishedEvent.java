package dev.leadline.sdk;

import dev.leadline.v1.EventOutcome;

/**
 * What became of an event that was published.
 *
 * @param eventId the sender's id of the event
 * @param outcome whether it is kept now, was kept before, or is refused; an event whose answer got lost is sent again,
 *     and then was kept before
 * @param error why it was refused; null if it was not
 * @param deadLetter where a refused event is kept to be corrected and replayed; empty for other events
 */
public record PublishedEvent(String eventId, EventOutcome outcome, LeadlineException error, String deadLetter) {}
