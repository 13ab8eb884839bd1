package dev.leadline.sdk;

import dev.leadline.v1.Score;

/**
 * What became of one lead of a batch: it has a score or an error, and the other is null.
 *
 * @param name the lead's resource name
 * @param score its score
 * @param error why there is none
 */
public record ScoredLead(String name, Score score, LeadlineException error) {}
