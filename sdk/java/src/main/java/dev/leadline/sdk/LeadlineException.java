package dev.leadline.sdk;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import dev.leadline.v1.ErrorReason;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Any failure of a call to Leadline. Catch the class that says what you would do about it.
 *
 * <pre>
 * LeadlineException
 * ├── InvalidRequest        the request breaks a rule: look at fieldViolations(), correct it
 * │   └── IdempotencyKeyReused   the key belongs to another request: take a new key
 * ├── Unauthenticated       no token, or one that is not accepted: get a new one
 * │   └── ApiKeyRefused          the API key is unknown, revoked or expired: make a new one
 * ├── PermissionDenied      the token lacks the permission in metadata().get("permission")
 * ├── NotFound              no such lead, model or operation in the token's tenant
 * ├── AlreadyExists         another one has this id; metadata().get("name") says which
 * ├── Conflict              somebody changed it meanwhile: read it again and repeat
 * ├── FailedPrecondition    something must happen before, such as training a first model
 * ├── ResourceExhausted     too many requests: wait retryAfter()
 * ├── Unavailable           Leadline, or a part that it needs, can't be reached now: try later
 * ├── DeadlineExceeded      no answer in time: it may have been done, repeat under the same key
 * ├── Cancelled             the call or the operation was cancelled
 * └── InternalError         a defect of Leadline: report it with metadata().get("request_id")
 * </pre>
 */
public class LeadlineException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Details details;

    /** What an exception tells besides its message. */
    record Details(
            Status.Code code,
            String reason,
            Map<String, String> metadata,
            List<FieldViolation> fieldViolations,
            Duration retryAfter)
            implements Serializable {
        Details(Status.Code code) {
            this(code, "", Map.of(), List.of(), null);
        }
    }

    LeadlineException(String message, Details details, Throwable cause) {
        super(message, cause);
        this.details = details;
    }

    /** Gives gRPC's status code. */
    public Status.Code code() {
        return details.code();
    }

    /**
     * Gives the name of Leadline's reason, such as {@code LEAD_NOT_FOUND}: a name of {@link ErrorReason} without its
     * prefix. Empty where the failure did not come from Leadline itself.
     */
    public String reason() {
        return details.reason();
    }

    /** Gives the reason of the catalogue; unspecified where this version does not know it, or there is none. */
    public ErrorReason catalogueReason() {
        try {
            return ErrorReason.valueOf("ERROR_REASON_" + details.reason());
        } catch (IllegalArgumentException unknown) {
            return ErrorReason.ERROR_REASON_UNSPECIFIED;
        }
    }

    /** Gives what the reason tells besides, such as the name of what was not found. */
    public Map<String, String> metadata() {
        return details.metadata();
    }

    /** Gives the fields that break a rule; none for other failures. */
    public List<FieldViolation> fieldViolations() {
        return details.fieldViolations();
    }

    /** Gives how long Leadline asks to wait before the next try, if it does. */
    public Optional<Duration> retryAfter() {
        return Optional.ofNullable(details.retryAfter());
    }

    /** Gives the class, the message, the reason and each field violation on one line. */
    @Override
    public String toString() {
        StringBuilder line = new StringBuilder(getClass().getSimpleName()).append(": ").append(getMessage());
        if (!reason().isEmpty()) {
            line.append(" [").append(reason()).append(']');
        }
        for (FieldViolation found : fieldViolations()) {
            line.append("; ").append(found.field()).append(": ").append(found.description());
        }
        return line.toString();
    }

    /** The request breaks a rule of the contract; repeating it unchanged fails again. */
    public static class InvalidRequest extends LeadlineException {
        InvalidRequest(String message, Details details, Throwable cause) {
            super(message, details, cause);
        }
    }

    /** The idempotency key was used before with another request. */
    public static final class IdempotencyKeyReused extends InvalidRequest {
        IdempotencyKeyReused(String message, Details details, Throwable cause) {
            super(message, details, cause);
        }
    }

    /** The token is missing, expired or not accepted. */
    public static class Unauthenticated extends LeadlineException {
        Unauthenticated(String message, Details details, Throwable cause) {
            super(message, details, cause);
        }
    }

    /** The API key is not one that may be used: it is unknown, was revoked, or its time is over. */
    public static final class ApiKeyRefused extends Unauthenticated {
        ApiKeyRefused(String message, Details details, Throwable cause) {
            super(message, details, cause);
        }
    }

    /** The token is good, but does not permit this call. */
    public static final class PermissionDenied extends LeadlineException {
        PermissionDenied(String message, Details details, Throwable cause) {
            super(message, details, cause);
        }
    }

    /** The token's tenant has no such resource. */
    public static final class NotFound extends LeadlineException {
        NotFound(String message, Details details, Throwable cause) {
            super(message, details, cause);
        }
    }

    /** What was to be created is there already. */
    public static final class AlreadyExists extends LeadlineException {
        AlreadyExists(String message, Details details, Throwable cause) {
            super(message, details, cause);
        }
    }

    /** Somebody else's change came in between; read again and repeat. */
    public static final class Conflict extends LeadlineException {
        Conflict(String message, Details details, Throwable cause) {
            super(message, details, cause);
        }
    }

    /** Something else must happen first, such as training a model or recording outcomes. */
    public static final class FailedPrecondition extends LeadlineException {
        FailedPrecondition(String message, Details details, Throwable cause) {
            super(message, details, cause);
        }
    }

    /** A limit is reached: too many requests, or a message that is too large. */
    public static final class ResourceExhausted extends LeadlineException {
        ResourceExhausted(String message, Details details, Throwable cause) {
            super(message, details, cause);
        }
    }

    /** Leadline, or a part that it needs, can't be reached now. */
    public static final class Unavailable extends LeadlineException {
        Unavailable(String message, Details details, Throwable cause) {
            super(message, details, cause);
        }
    }

    /** No answer came in time. A mutation may have been made: repeat it under the same idempotency key. */
    public static final class DeadlineExceeded extends LeadlineException {
        DeadlineExceeded(String message, Details details, Throwable cause) {
            super(message, details, cause);
        }
    }

    /** The call or the operation was cancelled. */
    public static final class Cancelled extends LeadlineException {
        Cancelled(String message, Details details, Throwable cause) {
            super(message, details, cause);
        }
    }

    /** A defect on Leadline's side. */
    public static final class InternalError extends LeadlineException {
        InternalError(String message, Details details, Throwable cause) {
            super(message, details, cause);
        }
    }

    /** Gives the exception that a failed call of a generated stub tells of. */
    public static LeadlineException from(StatusRuntimeException failure) {
        if (failure.getCause() instanceof LeadlineException known) {
            return known;
        }
        return of(StatusProto.fromThrowable(failure), failure);
    }

    /** Gives the exception that a status tells of: of a refused row, a result of a batch, or a failed operation. */
    public static LeadlineException from(com.google.rpc.Status status) {
        return of(status, null);
    }

    static LeadlineException of(Status.Code code, String message) {
        return make(message, new Details(code), null);
    }

    private static LeadlineException of(com.google.rpc.Status status, Throwable cause) {
        Status.Code code = Status.fromCodeValue(status.getCode()).getCode();
        String reason = "";
        Map<String, String> metadata = Map.of();
        List<FieldViolation> violations = List.of();
        Duration retryAfter = null;
        try {
            for (Any detail : status.getDetailsList()) {
                if (detail.is(ErrorInfo.class)) {
                    ErrorInfo info = detail.unpack(ErrorInfo.class);
                    reason = info.getReason();
                    metadata = Map.copyOf(info.getMetadataMap());
                } else if (detail.is(BadRequest.class)) {
                    violations = detail.unpack(BadRequest.class).getFieldViolationsList().stream()
                            .map(found -> new FieldViolation(found.getField(), found.getDescription()))
                            .toList();
                } else if (detail.is(RetryInfo.class)) {
                    com.google.protobuf.Duration delay = detail.unpack(RetryInfo.class).getRetryDelay();
                    retryAfter = Duration.ofSeconds(delay.getSeconds(), delay.getNanos());
                }
            }
        } catch (InvalidProtocolBufferException broken) {
            return make(status.getMessage(), new Details(code), broken);
        }
        String message = status.getMessage().isEmpty() ? code.name() : status.getMessage();
        return make(message, new Details(code, reason, metadata, violations, retryAfter), cause);
    }

    private static LeadlineException make(String message, Details details, Throwable cause) {
        // A reason that asks for something else than its status code does.
        switch (details.reason()) {
            case "API_KEY_REFUSED":
                return new ApiKeyRefused(message, details, cause);
            case "IDEMPOTENCY_KEY_REUSED":
                return new IdempotencyKeyReused(message, details, cause);
            case "OPERATION_CANCELLED":
                return new Cancelled(message, details, cause);
            default:
                return switch (details.code()) {
                    case INVALID_ARGUMENT, OUT_OF_RANGE -> new InvalidRequest(message, details, cause);
                    case UNAUTHENTICATED -> new Unauthenticated(message, details, cause);
                    case PERMISSION_DENIED -> new PermissionDenied(message, details, cause);
                    case NOT_FOUND -> new NotFound(message, details, cause);
                    case ALREADY_EXISTS -> new AlreadyExists(message, details, cause);
                    case ABORTED -> new Conflict(message, details, cause);
                    case FAILED_PRECONDITION -> new FailedPrecondition(message, details, cause);
                    case RESOURCE_EXHAUSTED -> new ResourceExhausted(message, details, cause);
                    case UNAVAILABLE -> new Unavailable(message, details, cause);
                    case DEADLINE_EXCEEDED -> new DeadlineExceeded(message, details, cause);
                    case CANCELLED -> new Cancelled(message, details, cause);
                    default -> new InternalError(message, details, cause);
                };
        }
    }
}
