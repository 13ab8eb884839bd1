/** When a call or a stream that failed is made again, and how long to wait before. */
import { Code } from "@connectrpc/connect";

import { errorFrom, type LeadlineError } from "./errors.js";

const LONGEST_WAIT_MS = 30_000;

/** The errors of streams that were refused with a token that another can take the place of. */
export const renewable = new WeakSet<LeadlineError>();

/** Tells whether a new stream may fare better than the one that failed with this error. */
export function isResumable(error: LeadlineError): boolean {
  if (renewable.has(error)) return true;
  if (error.code === Code.Unavailable) return true;
  // Without a time to retry it is a message that is too large.
  if (error.code === Code.ResourceExhausted) return error.retryAfterMs !== undefined || error.reason === "SLOW_CONSUMER";
  // Leadline gives each of its own failures a reason: without one the connection broke on the way.
  return (error.code === Code.Internal || error.code === Code.Unknown) && error.reason === "";
}

/** Counts the failures in a row and tells how long to wait after each. */
export class Resumption {
  #failures = 0;
  readonly #mostFailures: number;

  constructor(mostFailures: number) {
    this.#mostFailures = mostFailures;
  }

  /** Notes that the stream got further, so that failures are counted from 0 again. */
  progressed(): void {
    this.#failures = 0;
  }

  /**
   * Gives the milliseconds to wait before the next stream: random, so that clients don't come back all at once, and at
   * least as long as Leadline asks for.
   *
   * @throws LeadlineError the error itself, where a new stream would not help or too many failed in a row.
   */
  waitAfter(error: LeadlineError): number {
    if (!isResumable(error) || this.#failures >= this.#mostFailures) throw error;
    this.#failures += 1;
    const backoff = Math.min(LONGEST_WAIT_MS, 200 * 2 ** this.#failures);
    return Math.max(error.retryAfterMs ?? 0, Math.random() * backoff);
  }
}

/**
 * Waits.
 *
 * @throws LeadlineError the signal was given before or meanwhile: Cancelled, or DeadlineExceeded if time was up.
 */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(errorFrom(signal?.reason));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
}
