package dev.leadline.sdk;

/**
 * An event that was not taken.
 *
 * @param eventId the sender's id of the event
 * @param index its place among the events given, from 0
 * @param error why
 */
public record RefusedEvent(String eventId, long index, LeadlineException error) {}
