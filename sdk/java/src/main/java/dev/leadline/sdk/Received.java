package dev.leadline.sdk;

import io.grpc.Context;
import java.util.Iterator;
import java.util.List;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Goes through what the messages of a stream carry. */
final class Received<R> implements Iterator<R> {
    private final Iterator<R> messages;

    private Received(Iterator<R> messages) {
        this.messages = messages;
    }

    /** Opens a stream; to close what is given ends it early. */
    static <R, T> Stream<T> of(Supplier<Iterator<R>> open, Function<R, List<T>> items) {
        Context.CancellableContext life = Context.current().withCancellation();
        Context before = life.attach();
        try {
            Iterator<R> messages = new Received<>(LeadlineClient.call(open));
            return StreamSupport.stream(Spliterators.spliteratorUnknownSize(messages, Spliterator.ORDERED), false)
                    .flatMap(message -> items.apply(message).stream())
                    .onClose(() -> life.cancel(null));
        } finally {
            life.detach(before);
        }
    }

    @Override
    public boolean hasNext() {
        return LeadlineClient.call(messages::hasNext);
    }

    @Override
    public R next() {
        return LeadlineClient.call(messages::next);
    }
}
