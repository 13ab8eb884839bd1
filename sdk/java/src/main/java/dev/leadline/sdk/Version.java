package dev.leadline.sdk;

/** The version of this package, as the user agent and the package's metadata tell it. */
public final class Version {
    /** The version. */
    public static final String VERSION = "0.1.0";

    private Version() {}
}
