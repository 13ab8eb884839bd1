package dev.leadline.sdk;

import com.google.rpc.Status;
import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.AbstractStub;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Goes through what happens: without an end, a gap or a repetition. It opens as many streams as it takes, each where
 * the last one ended. One thread goes through it; any may close it, which ends it.
 *
 * @param <S> the stub that opens the streams
 * @param <M> their messages
 * @param <U> the updates
 */
abstract class Watch<S extends AbstractStub<S>, M, U> implements Iterator<U>, Iterable<U>, AutoCloseable {
    /**
     * How long one stream is kept: each new one is opened with the token of then, so a watch outlives its first token.
     */
    static final Duration STREAM_TIME = Duration.ofMinutes(15);

    static final int MOST_FAILURES = 8;
    private static final int REMEMBERED_UPDATES = 4_096;

    private final S stub;
    private final Resumption resumption = new Resumption(MOST_FAILURES);
    private final Governor.StreamToken token = new Governor.StreamToken();
    private final Context.CancellableContext life = Context.current().withCancellation();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Map<String, Boolean> passedOn = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > REMEMBERED_UPDATES;
        }
    };
    private String resumeToken;
    private Iterator<M> stream;
    private U next;

    Watch(S stub, String resumeToken) {
        this.stub = stub.withOption(Governor.STREAM_TOKEN, token);
        this.resumeToken = resumeToken;
    }

    /** Opens a stream that goes on after the message with this token. */
    abstract Iterator<M> open(S stub, String resumeToken);

    /** Gives the token of a message; empty if it has none. */
    abstract String resumeTokenOf(M message);

    /** Gives why a message ends its stream; null if it does not. */
    abstract Status statusOf(M message);

    /** Gives the update of a message; null if it has none, or repeats one. */
    abstract U updateOf(M message, String resumeToken);

    /** Tells whether what this key names was passed on before: announcing is at least once. */
    final boolean isRepeated(String key) {
        return passedOn.put(key, true) != null;
    }

    /** Gives itself: a watch can be gone through once. */
    @Override
    public Iterator<U> iterator() {
        return this;
    }

    @Override
    public boolean hasNext() {
        while (next == null && closed.getCount() > 0) {
            try {
                next = listen();
            } catch (StatusRuntimeException failure) {
                stream = null;
                resumption.pauseAfter(LeadlineException.from(failure), token, closed);
            }
        }
        return next != null;
    }

    @Override
    public U next() {
        if (!hasNext()) {
            throw new NoSuchElementException("the watch was closed");
        }
        U update = next;
        next = null;
        return update;
    }

    /** Ends the watch; a thread that waits for an update waits no longer. */
    @Override
    public void close() {
        closed.countDown();
        life.cancel(null);
    }

    /** Gives the update of the stream's next message; null if it has none, or repeats one. */
    private U listen() {
        if (stream == null) {
            Context before = life.attach();
            try {
                stream = open(stub.withDeadlineAfter(STREAM_TIME.toSeconds(), TimeUnit.SECONDS), resumeToken);
            } finally {
                life.detach(before);
            }
        }
        if (!stream.hasNext()) { // a stream without an end ended: its server is going away
            throw io.grpc.Status.UNAVAILABLE.withDescription("the stream ended").asRuntimeException();
        }
        M message = stream.next();
        Status status = statusOf(message);
        if (status != null) {
            StatusRuntimeException failure = StatusProto.toStatusRuntimeException(status);
            if (Governor.isRenewable(LeadlineException.from(failure))) {
                return null; // the same comes as the status of the rpc, with which the token is known as refused
            }
            throw failure;
        }
        resumption.progressed();
        if (!resumeTokenOf(message).isEmpty()) {
            resumeToken = resumeTokenOf(message);
        }
        return updateOf(message, resumeToken);
    }
}
