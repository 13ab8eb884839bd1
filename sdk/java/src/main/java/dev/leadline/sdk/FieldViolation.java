package dev.leadline.sdk;

import java.io.Serializable;

/**
 * One field of a request that breaks a rule.
 *
 * @param field the path of the field, for example {@code lead.email}
 * @param description the rule that it breaks, in words
 */
public record FieldViolation(String field, String description) implements Serializable {}
