// Package leadline is the client of Leadline: it scores sales leads, says why, and tells of every new score.
//
// A [Client] is made once, from an address and a token or an API key, and kept. It gives every call a deadline, repeats
// what can be repeated without harm, mints idempotency keys, goes through lists page by page, and fails with an [*Error]
// that carries the reason of Leadline's catalogue.
package leadline

// Version is the version of this package, as the user agent tells it.
const Version = "0.1.0"
