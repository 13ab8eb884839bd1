package dev.leadline.sdk;

import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Function;

/** Goes through a list; the next page is fetched when it is needed. */
final class Pages<P, T> implements Iterator<T> {
    private final Function<String, P> fetch;
    private final Function<P, List<T>> items;
    private final Function<P, String> nextToken;
    private Iterator<T> page = Collections.emptyIterator();
    private String token = "";

    private Pages(Function<String, P> fetch, Function<P, List<T>> items, Function<P, String> nextToken) {
        this.fetch = fetch;
        this.items = items;
        this.nextToken = nextToken;
    }

    /** Gives a list that is fetched anew each time that it is gone through. */
    static <P, T> Iterable<T> of(Function<String, P> fetch, Function<P, List<T>> items, Function<P, String> nextToken) {
        return () -> new Pages<>(fetch, items, nextToken);
    }

    @Override
    public boolean hasNext() {
        while (!page.hasNext() && token != null) {
            P fetched = fetch.apply(token);
            page = items.apply(fetched).iterator();
            String following = nextToken.apply(fetched);
            token = following.isEmpty() ? null : following;
        }
        return page.hasNext();
    }

    @Override
    public T next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        return page.next();
    }
}
