package dev.leadline.sdk;

/**
 * A row that was not taken.
 *
 * @param lineNumber the row's line in its file, from 1
 * @param error why
 */
public record RefusedRow(long lineNumber, LeadlineException error) {}
