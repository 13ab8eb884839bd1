package dev.leadline.sdk;

import dev.leadline.v1.Event;
import dev.leadline.v1.EventAcknowledgement;
import dev.leadline.v1.IntegrationServiceGrpc.IntegrationServiceStub;
import dev.leadline.v1.PublishEventsRequest;
import dev.leadline.v1.PublishEventsResponse;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Records events as they happen, and tells what became of each, in their order. Each event is kept until Leadline has
 * answered it, so what a lost connection cut off is sent again. One thread goes through it; any may close it.
 *
 * <p>{@link #hasNext} waits for the next answer, and fails with a {@link LeadlineException} where a new stream would
 * not help, or after 8 failures in a row; what was acknowledged is kept.
 */
public final class EventPublication implements Iterator<PublishedEvent>, Iterable<PublishedEvent>, AutoCloseable {
    /** More messages wait until Leadline has answered, so that memory stays constant. */
    private static final int MOST_UNANSWERED = 256;

    private final IntegrationServiceStub stub;
    private final Resumption resumption = new Resumption(Watch.MOST_FAILURES);
    private final Governor.StreamToken token = new Governor.StreamToken();
    private final Context.CancellableContext life = Context.current().withCancellation();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Semaphore room = new Semaphore(MOST_UNANSWERED);
    private final Thread drawing;
    /** What other threads tell; all that follows is the business of the thread that goes through the answers. */
    private final BlockingQueue<Runnable> told = new LinkedBlockingQueue<>();
    private final Deque<PublishEventsRequest> unanswered = new ArrayDeque<>();
    private final Deque<PublishedEvent> answers = new ArrayDeque<>();
    private Stream stream;
    private long nextNumber;
    private boolean isComplete;
    private boolean isOver;
    private RuntimeException broken;

    EventPublication(IntegrationServiceStub stub, Iterator<Event> events) {
        this.stub = stub.withOption(Governor.STREAM_TOKEN, token);
        drawing = new Thread(() -> draw(events), "leadline-events");
        drawing.setDaemon(true);
        drawing.start();
    }

    /** Gives itself: a publication can be gone through once. */
    @Override
    public Iterator<PublishedEvent> iterator() {
        return this;
    }

    @Override
    public boolean hasNext() {
        while (answers.isEmpty() && !isOver && closed.getCount() > 0) {
            if (stream == null) {
                stream = new Stream();
                stream.open();
            }
            try {
                told.take().run();
            } catch (InterruptedException interruption) {
                Thread.currentThread().interrupt();
                throw LeadlineException.of(Status.Code.CANCELLED, "the thread was interrupted");
            }
        }
        if (answers.isEmpty() && broken != null) {
            throw broken;
        }
        return !answers.isEmpty();
    }

    @Override
    public PublishedEvent next() {
        if (!hasNext()) {
            throw new NoSuchElementException("all events are answered");
        }
        return answers.remove();
    }

    /** Ends the publication: what is not acknowledged may be kept or not. */
    @Override
    public void close() {
        closed.countDown();
        drawing.interrupt();
        life.cancel(null);
        told.add(() -> isOver = true);
    }

    private void draw(Iterator<Event> events) {
        try {
            while (events.hasNext()) {
                Event event = events.next();
                room.acquire();
                told.add(() -> take(event));
            }
            told.add(() -> complete(null));
        } catch (InterruptedException interruption) {
            Thread.currentThread().interrupt(); // the publication is closed: nobody waits for more
        } catch (RuntimeException failure) { // it is thrown in the thread that goes through the answers
            told.add(() -> complete(failure));
        }
    }

    private void take(Event event) {
        PublishEventsRequest message = PublishEventsRequest.newBuilder()
                .setSequenceNumber(nextNumber++)
                .addEvents(event)
                .build();
        unanswered.add(message);
        stream.send(message);
    }

    private void complete(RuntimeException failure) {
        isComplete = true;
        broken = failure;
        stream.send(null);
    }

    private void accept(PublishEventsResponse response) {
        resumption.progressed();
        while (!unanswered.isEmpty() && unanswered.peek().getSequenceNumber() <= response.getSequenceNumber()) {
            unanswered.remove();
            room.release();
        }
        for (EventAcknowledgement event : response.getAcknowledgementsList()) {
            LeadlineException error = event.hasStatus() ? LeadlineException.from(event.getStatus()) : null;
            answers.add(new PublishedEvent(event.getEventId(), event.getOutcome(), error, event.getDeadLetter()));
        }
    }

    private void lost(LeadlineException failure) {
        stream = null;
        isOver = isComplete && unanswered.isEmpty();
        if (!isOver) {
            resumption.pauseAfter(failure, token, closed);
        }
    }

    /** One stream: what it hears is told to the thread that goes through the answers. */
    private final class Stream implements StreamObserver<PublishEventsResponse> {
        private StreamObserver<PublishEventsRequest> sending;
        private volatile boolean isEnded;

        void open() {
            Context before = life.attach();
            try {
                sending = stub.withDeadlineAfter(Watch.STREAM_TIME.toSeconds(), TimeUnit.SECONDS).publishEvents(this);
            } finally {
                life.detach(before);
            }
            unanswered.forEach(this::send);
            if (isComplete) {
                send(null);
            }
        }

        /** Sends a message, or with null the end; a stream that is over says why by itself. */
        void send(PublishEventsRequest message) {
            if (isEnded || life.isCancelled()) {
                return;
            }
            if (message == null) {
                sending.onCompleted();
            } else {
                sending.onNext(message);
            }
        }

        @Override
        public void onNext(PublishEventsResponse response) {
            told.add(() -> accept(response));
        }

        @Override
        public void onError(Throwable failure) {
            isEnded = true;
            told.add(() -> lost(LeadlineException.from(Status.fromThrowable(failure).asRuntimeException(
                    Status.trailersFromThrowable(failure)))));
        }

        @Override
        public void onCompleted() {
            isEnded = true;
            told.add(() -> lost(LeadlineException.of(Status.Code.UNAVAILABLE, "the stream ended")));
        }
    }
}
