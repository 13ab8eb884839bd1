package dev.leadline.sdk;

import dev.leadline.v1.Score;
import java.util.OptionalDouble;

/**
 * A new score of a lead.
 *
 * @param score the score, without attributions; its lead says whose it is
 * @param previousProbability the probability before, 0 to 1; empty if this is the lead's first score
 * @param resumeToken lets another watch go on right after this update, even in another process
 * @param isSnapshot whether it is a stored score as it is, and not a change
 */
public record ScoreUpdate(Score score, OptionalDouble previousProbability, String resumeToken, boolean isSnapshot) {}
