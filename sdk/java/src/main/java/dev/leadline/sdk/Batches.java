package dev.leadline.sdk;

import com.google.protobuf.Message;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/** Cuts messages into batches that are neither too many messages nor too many bytes. */
final class Batches<M extends Message> implements Iterator<List<M>> {
    private static final int MOST_BYTES = 4 * 1024 * 1024;

    private final Iterator<? extends M> messages;
    private final int mostMessages;
    private M next;

    /**
     * Makes batches, always in the same way: a repetition must send the same ones. A message that is larger than a
     * batch goes alone.
     */
    Batches(Iterator<? extends M> messages, int mostMessages) {
        this.messages = messages;
        this.mostMessages = mostMessages;
        this.next = messages.hasNext() ? messages.next() : null;
    }

    @Override
    public boolean hasNext() {
        return next != null;
    }

    @Override
    public List<M> next() {
        if (next == null) {
            throw new NoSuchElementException();
        }
        List<M> batch = new ArrayList<>();
        int size = 0;
        while (next != null && (batch.isEmpty() || fits(batch.size(), size))) {
            size += next.getSerializedSize();
            batch.add(next);
            next = messages.hasNext() ? messages.next() : null;
        }
        return batch;
    }

    private boolean fits(int messagesBefore, int bytesBefore) {
        return messagesBefore < mostMessages && bytesBefore + next.getSerializedSize() <= MOST_BYTES;
    }
}
