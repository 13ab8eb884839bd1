/** The version of this package, as the user agent tells it; a test holds it to the package's metadata. */
export const VERSION = "0.1.0";
