package dev.leadline.sdk;

/** Gives the bearer token to use now. It may be asked by several threads at the same time. */
@FunctionalInterface
public interface TokenSource {
    /**
     * Gives a token. It is asked before each call, on the thread that calls, so it should keep what it fetched until
     * that expires.
     *
     * @param refused the token that Leadline has just refused, so that another is needed; null where none was
     */
    String token(String refused);
}
