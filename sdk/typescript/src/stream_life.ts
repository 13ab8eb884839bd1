/** How long one stream of an endless one is kept. */
import { Code } from "@connectrpc/connect";

import { DeadlineExceeded, type LeadlineError, Unavailable } from "./errors.js";

/** Each new stream is opened with the token of then, so what goes on outlives its first token. */
const STREAM_MS = 900_000;
/** Three missed heartbeats: the connection is dead though nobody said so. */
const SILENCE_MS = 45_000;

/** Ends a stream after its time, or when nothing is heard any more. */
export class StreamLife {
  readonly #controller = new AbortController();
  readonly #age: ReturnType<typeof setTimeout>;
  #silence: ReturnType<typeof setTimeout> | undefined;
  readonly #outer: AbortSignal | undefined;
  readonly #isNeverSilent: boolean;
  /** Why the stream was ended here; undefined if it was not. */
  endedBy: LeadlineError | undefined;

  /**
   * @param outer Ends the stream too.
   * @param isNeverSilent Whether something is heard all the time, so that silence is a broken connection.
   */
  constructor(outer: AbortSignal | undefined, isNeverSilent: boolean) {
    this.#outer = outer;
    this.#isNeverSilent = isNeverSilent;
    outer?.addEventListener("abort", this.#abort, { once: true });
    this.#age = setTimeout(() => {
      this.#endBy(new DeadlineExceeded("the stream's time is over", { code: Code.DeadlineExceeded }));
    }, STREAM_MS);
    this.#silence = this.#listen();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  heard(): void {
    clearTimeout(this.#silence);
    this.#silence = this.#listen();
  }

  end(): void {
    clearTimeout(this.#age);
    clearTimeout(this.#silence);
    this.#outer?.removeEventListener("abort", this.#abort);
    this.#controller.abort();
  }

  #listen(): ReturnType<typeof setTimeout> | undefined {
    if (!this.#isNeverSilent) return undefined;
    return setTimeout(() => {
      this.#endBy(new Unavailable("nothing was heard for a while", { code: Code.Unavailable }));
    }, SILENCE_MS);
  }

  #endBy(error: LeadlineError): void {
    this.endedBy = error;
    this.#controller.abort(error);
  }

  readonly #abort = (): void => {
    this.#controller.abort(this.#outer?.reason);
  };
}
