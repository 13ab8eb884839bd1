package dev.leadline.sdk;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import dev.leadline.v1.CancelOperationRequest;
import dev.leadline.v1.OperationMetadata;
import dev.leadline.v1.OperationServiceGrpc.OperationServiceBlockingStub;
import dev.leadline.v1.WaitOperationRequest;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A handle of a long-running operation: what is known of it is as it was when it was last asked for. A handle belongs
 * to one thread.
 *
 * @param <T> what the operation makes
 */
public final class Operation<T extends Message> {
    private static final int MOST_FAILURES = 8;
    private static final long REPORT_SECONDS = 1;
    /** The time that the answer to a wait may take on the way, above the time that it waits. */
    private static final long WAIT_MARGIN_SECONDS = 10;

    private final OperationServiceBlockingStub stub;
    private final Class<T> type;
    private com.google.longrunning.Operation message;

    Operation(OperationServiceBlockingStub stub, Class<T> type, com.google.longrunning.Operation message) {
        this.stub = stub;
        this.type = type;
        this.message = message;
    }

    /** Gives the resource name, {@code operations/{operation}}: with it another process can get a handle of its own. */
    public String name() {
        return message.getName();
    }

    /** Tells whether the operation is over, with a result or with an error. */
    public boolean isDone() {
        return message.getDone();
    }

    /** Tells where the operation stands. */
    public OperationMetadata metadata() {
        try {
            return message.getMetadata().unpack(OperationMetadata.class);
        } catch (InvalidProtocolBufferException unknown) { // of a kind that this version does not know
            return OperationMetadata.getDefaultInstance();
        }
    }

    /**
     * Gives what the operation made.
     *
     * @throws LeadlineException what the operation failed with; FailedPrecondition while it is not done
     */
    public T result() {
        if (message.hasError()) {
            throw LeadlineException.from(message.getError());
        }
        if (!isDone()) {
            throw LeadlineException.of(Status.Code.FAILED_PRECONDITION, name() + " is not done yet");
        }
        try {
            return message.getResponse().unpack(type);
        } catch (InvalidProtocolBufferException unknown) {
            String given = message.getResponse().getTypeUrl();
            throw LeadlineException.of(Status.Code.FAILED_PRECONDITION, name() + " gives a " + given);
        }
    }

    /**
     * Waits until the operation is done, an hour at most, and gives its result; see {@link #await(Duration, Consumer)}.
     */
    public T await() {
        return await(Duration.ofHours(1), now -> {});
    }

    /**
     * Waits until the operation is done and gives its result, over lost connections. Waiting is only looking: the
     * operation goes on if the wait ends early.
     *
     * @param timeout how long to wait at most
     * @param progress told about once a second where the operation stands
     * @throws LeadlineException what the operation failed with; DeadlineExceeded if it takes too long
     */
    public T await(Duration timeout, Consumer<OperationMetadata> progress) {
        Deadline end = Deadline.after(timeout.toNanos(), TimeUnit.NANOSECONDS);
        Resumption resumption = new Resumption(MOST_FAILURES);
        WaitOperationRequest request = WaitOperationRequest.newBuilder()
                .setName(name())
                .setTimeout(com.google.protobuf.Duration.newBuilder().setSeconds(REPORT_SECONDS))
                .build();
        while (!isDone()) {
            if (end.isExpired()) {
                throw LeadlineException.of(Status.Code.DEADLINE_EXCEEDED, name() + " is not done yet");
            }
            try {
                Deadline look = Deadline.after(REPORT_SECONDS + WAIT_MARGIN_SECONDS, TimeUnit.SECONDS);
                message = stub.withDeadline(look.minimum(end)).waitOperation(request);
                resumption.progressed();
                progress.accept(metadata());
            } catch (StatusRuntimeException failure) {
                LeadlineException told = LeadlineException.from(failure);
                if (told.code() == Status.Code.DEADLINE_EXCEEDED && !end.isExpired()) { // only this look's time is over
                    told = LeadlineException.of(Status.Code.UNAVAILABLE, "no answer to a wait");
                }
                pause(resumption.waitAfter(told, false));
            }
        }
        return result();
    }

    private static void pause(Duration pause) {
        try {
            Thread.sleep(pause.toMillis());
        } catch (InterruptedException interruption) {
            Thread.currentThread().interrupt();
            throw LeadlineException.of(Status.Code.CANCELLED, "the thread was interrupted");
        }
    }

    /** Asks for the operation to end; it does soon after, and {@link #await()} then fails with Cancelled. */
    public void cancel() {
        try {
            message = stub.cancelOperation(CancelOperationRequest.newBuilder().setName(name()).build());
        } catch (StatusRuntimeException failure) {
            throw LeadlineException.from(failure);
        }
    }
}
