/** A watch that goes on over as many streams as it takes, and passes nothing on twice. */
import { create } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";

import { type Status } from "../gen/google/rpc/status_pb.js";
import { type Notification } from "../gen/leadline/v1/notification_pb.js";
import { type WatchNotificationsResponse } from "../gen/leadline/v1/notification_service_pb.js";
import { type Score } from "../gen/leadline/v1/score_pb.js";
import {
  type WatchScoresRequest,
  WatchScoresRequestSchema,
  type WatchScoresResponse,
} from "../gen/leadline/v1/scoring_service_pb.js";
import { errorFrom, errorFromStatus, streamEnded } from "./errors.js";
import { Resumption, sleep } from "./resuming.js";
import { StreamLife } from "./stream_life.js";

const REMEMBERED_UPDATES = 4_096;

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

/** A new notification of the caller. */
export interface NotificationUpdate {
  /** The notification. */
  readonly notification: Notification;
  /** Give it to `watchNotifications` to go on right after this update, even in another process. */
  readonly resumeToken: string;
}

/** What any watch can be told. */
export interface ResumptionOptions {
  /** The token of an update, to go on right after it; empty for what comes next. */
  readonly resumeToken?: string;
  /** Ends the watch. */
  readonly signal?: AbortSignal;
  /** How many streams in a row may fail before the watch gives up; 8 unless you say otherwise. */
  readonly mostFailures?: number;
  /** Told whenever the stream is open (true) or lost (false), to show it. */
  readonly onConnection?: (isConnected: boolean) => void;
}

/** What a watch of scores can be told. */
export interface WatchOptions extends ResumptionOptions {
  /** Only scores that pass it or did before, such as `grade = A AND score >= 70`; empty for all. */
  readonly filter?: string;
  /** True to get the stored scores first, as they are, and where the resume token has expired. */
  readonly snapshot?: boolean;
}

/** Opens one stream of scores. */
export type OpenStream = (request: WatchScoresRequest, signal: AbortSignal) => AsyncIterable<WatchScoresResponse>;

/** A message of a stream that can be resumed. */
interface WatchMessage {
  readonly resumeToken: string;
  readonly event: { readonly case: string | undefined; readonly value?: unknown };
}

/** What a message tells: an update, and by which key it is known; without a key it is always passed on. */
interface Told<Update> {
  readonly update: Update;
  readonly key?: string;
}

/**
 * Goes through what happens without an end, without a gap and without a repetition.
 *
 * @param open Opens a stream that goes on after the message with a token.
 * @param tellOf Gives what a message tells; undefined if it tells nothing.
 * @throws LeadlineError A new stream would not help, or too many failed in a row.
 */
async function* updates<Message extends WatchMessage, Update>(
  open: (resumeToken: string, signal: AbortSignal) => AsyncIterable<Message>,
  tellOf: (message: Message, resumeToken: string) => Told<Update> | undefined,
  { resumeToken = "", signal, mostFailures = 8, onConnection }: ResumptionOptions,
): AsyncGenerator<Update> {
  const passedOn = new Passed();
  const resumption = new Resumption(mostFailures);
  let latestToken = resumeToken;
  while (!signal?.aborted) {
    const life = new StreamLife(signal, true);
    try {
      for await (const message of open(latestToken, life.signal)) {
        life.heard();
        resumption.progressed();
        onConnection?.(true);
        if (message.event.case === "status") throw errorFromStatus(message.event.value as Status);
        latestToken = message.resumeToken || latestToken;
        const told = tellOf(message, latestToken);
        if (told && !passedOn.has(told.key)) yield told.update;
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

/** What was passed on lately: announcing something is at least once. */
class Passed {
  readonly #keys = new Set<string>();

  /** Tells whether what this key names was passed on before, and remembers it. */
  has(key: string | undefined): boolean {
    if (key === undefined) return false;
    if (this.#keys.has(key)) return true;
    this.#keys.add(key);
    if (this.#keys.size > REMEMBERED_UPDATES) {
      const [oldest] = this.#keys;
      if (oldest !== undefined) this.#keys.delete(oldest);
    }
    return false;
  }
}

/** Goes through new scores of these leads, or of all: see `updates`. */
export function watchScores(
  names: readonly string[],
  open: OpenStream,
  { filter = "", snapshot = false, ...options }: WatchOptions,
): AsyncGenerator<ScoreUpdate> {
  const stream = (resumeToken: string, signal: AbortSignal) =>
    open(create(WatchScoresRequestSchema, { names: [...names], resumeToken, filter, snapshot }), signal);
  return updates(stream, scoreUpdate, options);
}

function scoreUpdate({ event }: WatchScoresResponse, resumeToken: string): Told<ScoreUpdate> | undefined {
  if (event.case === "snapshotScore") {
    return { update: { score: event.value, previousProbability: undefined, isSnapshot: true, resumeToken } };
  }
  if (event.case !== "scoreChange" || !event.value.score) return undefined;
  const { score, previousProbability } = event.value;
  const { lead, model, computeTime } = score;
  const key = `${lead} ${model} ${computeTime ? `${timestampMs(computeTime)}.${computeTime.nanos}` : ""}`;
  return { key, update: { score, previousProbability, isSnapshot: false, resumeToken } };
}

/** Goes through new notifications: see `updates`. */
export function watchNotifications(
  open: (resumeToken: string, signal: AbortSignal) => AsyncIterable<WatchNotificationsResponse>,
  options: ResumptionOptions,
): AsyncGenerator<NotificationUpdate> {
  const tellOf = ({ event }: WatchNotificationsResponse, resumeToken: string) =>
    event.case === "notification"
      ? { key: event.value.name, update: { notification: event.value, resumeToken } }
      : undefined;
  return updates(open, tellOf, options);
}
