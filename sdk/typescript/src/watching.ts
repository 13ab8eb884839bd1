/** A watch of scores that goes on over as many streams as it takes, and passes nothing on twice. */
import { clone, create } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";

import { type Score } from "../gen/leadline/v1/score_pb.js";
import {
  type WatchScoresRequest,
  WatchScoresRequestSchema,
  type WatchScoresResponse,
} from "../gen/leadline/v1/scoring_service_pb.js";
import { DeadlineExceeded, errorFrom, errorFromStatus, type LeadlineError, streamEnded, Unavailable } from "./errors.js";
import { Resumption, sleep } from "./resuming.js";

const REMEMBERED_SCORES = 4_096;
/** How long one stream is kept: each new one is opened with the token of then, so a watch outlives its first token. */
const STREAM_MS = 900_000;
/** Three missed heartbeats: the connection is dead though nobody said so. */
const SILENCE_MS = 45_000;

/** A new score of a lead. */
export interface ScoreUpdate {
  /** The score, without attributions; `score.lead` says whose it is. */
  readonly score: Score;
  /** The probability before, 0 to 1; undefined if this is the lead's first score. */
  readonly previousProbability: number | undefined;
  /** Give it to `watchScores` to go on right after this update, even in another process. */
  readonly resumeToken: string;
  /** Whether it is a stored score as it is, and not a change. */
  readonly isSnapshot: boolean;
}

/** What a watch can be told. */
export interface WatchOptions {
  /** The token of an update, to go on right after it; empty for what comes next. */
  readonly resumeToken?: string;
  /** Only scores that pass it or did before, such as `grade = A AND score >= 70`; empty for all. */
  readonly filter?: string;
  /** True to get the stored scores first, as they are, and where the resume token has expired. */
  readonly snapshot?: boolean;
  /** Ends the watch. */
  readonly signal?: AbortSignal;
  /** How many streams in a row may fail before the watch gives up; 8 unless you say otherwise. */
  readonly mostFailures?: number;
  /** Told whenever the stream is open (true) or lost (false), to show it. */
  readonly onConnection?: (isConnected: boolean) => void;
}

/** Opens one stream. */
export type OpenStream = (request: WatchScoresRequest, signal: AbortSignal) => AsyncIterable<WatchScoresResponse>;

/**
 * Goes through new scores without an end, without a gap and without a repetition.
 *
 * @param names Only these leads; empty means all.
 * @param open Opens a stream.
 * @throws LeadlineError A new stream would not help, or too many failed in a row.
 */
export async function* watchScores(
  names: readonly string[],
  open: OpenStream,
  { resumeToken = "", filter = "", snapshot = false, signal, mostFailures = 8, onConnection }: WatchOptions,
): AsyncGenerator<ScoreUpdate> {
  const watch = new Watch(create(WatchScoresRequestSchema, { names: [...names], resumeToken, filter, snapshot }));
  const resumption = new Resumption(mostFailures);
  while (!signal?.aborted) {
    const life = new StreamLife(signal);
    try {
      for await (const message of open(watch.request(), life.signal)) {
        life.heard();
        resumption.progressed();
        onConnection?.(true);
        const update = watch.accept(message);
        if (update) yield update;
      }
      throw streamEnded();
    } catch (thrown) {
      if (signal?.aborted) return;
      const error = life.endedBy ?? errorFrom(thrown);
      const isOwnEnd = error.code === Code.DeadlineExceeded;
      if (!isOwnEnd) onConnection?.(false);
      const milliseconds = isOwnEnd ? 100 : resumption.waitAfter(error);
      await sleep(milliseconds, signal).catch(() => undefined);
    } finally {
      life.end();
    }
  }
}

/** Ends a stream after its time, or when nothing is heard any more. */
class StreamLife {
  readonly #controller = new AbortController();
  readonly #age: ReturnType<typeof setTimeout>;
  #silence: ReturnType<typeof setTimeout>;
  readonly #outer: AbortSignal | undefined;
  /** Why the stream was ended here; undefined if it was not. */
  endedBy: LeadlineError | undefined;

  constructor(outer: AbortSignal | undefined) {
    this.#outer = outer;
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

  #listen(): ReturnType<typeof setTimeout> {
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

/** Keeps the resume token of the last message, and the latest scores passed on: announcing one is at least once. */
class Watch {
  readonly #request: WatchScoresRequest;
  readonly #passedOn = new Set<string>();

  /** @param request The request of the first stream. */
  constructor(request: WatchScoresRequest) {
    this.#request = request;
  }

  /** Gives the request of the next stream. */
  request(): WatchScoresRequest {
    return clone(WatchScoresRequestSchema, this.#request);
  }

  /**
   * Takes a message; gives the update to pass on, or undefined if it has none or repeats one.
   *
   * @throws LeadlineError The message says why the stream ends.
   */
  accept({ event, resumeToken }: WatchScoresResponse): ScoreUpdate | undefined {
    if (event.case === "status") throw errorFromStatus(event.value);
    this.#request.resumeToken = resumeToken || this.#request.resumeToken;
    const known = { resumeToken: this.#request.resumeToken };
    if (event.case === "snapshotScore") {
      return { score: event.value, previousProbability: undefined, isSnapshot: true, ...known };
    }
    if (event.case !== "scoreChange" || !event.value.score || this.#isRepeated(event.value.score)) return undefined;
    const { score, previousProbability } = event.value;
    return { score, previousProbability, isSnapshot: false, ...known };
  }

  #isRepeated({ lead, model, computeTime }: Score): boolean {
    const key = `${lead} ${model} ${computeTime ? `${timestampMs(computeTime)}.${computeTime.nanos}` : ""}`;
    if (this.#passedOn.has(key)) return true;
    this.#passedOn.add(key);
    if (this.#passedOn.size > REMEMBERED_SCORES) {
      const [oldest] = this.#passedOn;
      if (oldest !== undefined) this.#passedOn.delete(oldest);
    }
    return false;
  }
}
