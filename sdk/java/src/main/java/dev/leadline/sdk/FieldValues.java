package dev.leadline.sdk;

import com.google.protobuf.Timestamp;
import dev.leadline.v1.FieldValue;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/** Converts between Java values and the values of custom fields and of events' properties. */
public final class FieldValues {
    private static final int LONGEST_CATEGORY = 256;
    private static final int LONGEST_TEXT = 16_384;

    private FieldValues() {}

    /**
     * Gives a Java value as the value of a field: a boolean, a finite number, an {@link Instant}, and for a string a
     * category of up to 256 characters or a text. A {@link FieldValue} is given back as it is.
     *
     * @throws IllegalArgumentException the value can't be held by a field
     */
    public static FieldValue of(Object value) {
        FieldValue.Builder field = FieldValue.newBuilder();
        if (value instanceof FieldValue known) {
            return known;
        } else if (value instanceof Boolean truth) {
            return field.setBoolean(truth).build();
        } else if (value instanceof Number number) {
            if (!Double.isFinite(number.doubleValue())) {
                throw new IllegalArgumentException(number + " is not a finite number");
            }
            return field.setNumber(number.doubleValue()).build();
        } else if (value instanceof Instant moment) {
            Timestamp.Builder date = Timestamp.newBuilder().setSeconds(moment.getEpochSecond());
            return field.setDate(date.setNanos(moment.getNano())).build();
        } else if (value instanceof CharSequence text) {
            return ofText(text.toString());
        }
        String type = value == null ? "null" : value.getClass().getName();
        throw new IllegalArgumentException("no kind of field holds a " + type);
    }

    private static FieldValue ofText(String text) {
        // Characters are counted as the contract counts them, by code points.
        int length = text.codePointCount(0, text.length());
        if (length == 0) {
            throw new IllegalArgumentException("an empty text is no answer: leave the field out");
        }
        if (length > LONGEST_TEXT) {
            throw new IllegalArgumentException(length + " characters are too many: a text has at most " + LONGEST_TEXT);
        }
        FieldValue.Builder field = FieldValue.newBuilder();
        return (length <= LONGEST_CATEGORY ? field.setCategory(text) : field.setText(text)).build();
    }

    /**
     * Gives Java values as custom fields; what is null is left out.
     *
     * @throws IllegalArgumentException a value can't be held by a field; the message names it
     */
    public static Map<String, FieldValue> toFields(Map<String, ?> values) {
        Map<String, FieldValue> fields = new LinkedHashMap<>();
        values.forEach((name, value) -> {
            try {
                if (value != null) {
                    fields.put(name, of(value));
                }
            } catch (IllegalArgumentException refused) {
                throw new IllegalArgumentException(name + ": " + refused.getMessage(), refused);
            }
        });
        return fields;
    }

    /** Gives the value of a field as Java has it; null if it holds nothing that is known here. */
    public static Object from(FieldValue field) {
        return switch (field.getKindCase()) {
            case NUMBER -> field.getNumber();
            case CATEGORY -> field.getCategory();
            case BOOLEAN -> field.getBoolean();
            case DATE -> Instant.ofEpochSecond(field.getDate().getSeconds(), field.getDate().getNanos());
            case TEXT -> field.getText();
            case KIND_NOT_SET -> null;
        };
    }
}
