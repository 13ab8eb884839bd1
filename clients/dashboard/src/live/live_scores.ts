/** Scores as they change: one watch for all pages, passed on a few times a second whatever comes in. */
import { type Client, type Score } from "leadline-sdk";

/** A change of a lead's score. */
export interface LiveChange {
  readonly lead: string;
  readonly score: Score;
  /** The probability before, 0 to 1; undefined if this is the lead's first score. */
  readonly previous: number | undefined;
  /** When it came in, in milliseconds since 1970. */
  readonly at: number;
}

/** Told of changes, at most one for each lead, the latest. */
export type ChangeListener = (changes: readonly LiveChange[]) => void;

/** However much comes in, ten times a second is as good as at once for eyes, and leaves a browser time to draw. */
const PASS_ON_MS = 100;
const MOST_FAILURES = Number.POSITIVE_INFINITY;

/** A watch of all scores of the tenant. */
export class LiveScores {
  readonly #client: Client;
  readonly #changeListeners = new Set<ChangeListener>();
  readonly #stateListeners = new Set<() => void>();
  readonly #waiting = new Map<string, LiveChange>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #passedOnAt = 0;
  #isConnected = false;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Watches until the signal; goes on over lost connections. */
  async run(signal: AbortSignal): Promise<void> {
    const onConnection = (isConnected: boolean): void => {
      this.#setConnected(isConnected);
    };
    const updates = this.#client.watchScores([], { signal, onConnection, mostFailures: MOST_FAILURES });
    try {
      for await (const { score, previousProbability } of updates) {
        const earlier = this.#waiting.get(score.lead);
        const previous = earlier ? earlier.previous : previousProbability;
        this.#waiting.set(score.lead, { lead: score.lead, score, previous, at: Date.now() });
        // What comes alone is passed on at once.
        this.#timer ??= setTimeout(this.#passOn, Math.max(0, this.#passedOnAt + PASS_ON_MS - performance.now()));
      }
    } finally {
      clearTimeout(this.#timer);
      this.#setConnected(false);
    }
  }

  /** Tells a listener of changes until the function that it gives is called. */
  subscribe(listener: ChangeListener): () => void {
    this.#changeListeners.add(listener);
    return () => {
      this.#changeListeners.delete(listener);
    };
  }

  /** For `useSyncExternalStore`: tells of the connection's coming and going. */
  readonly subscribeState = (listener: () => void): (() => void) => {
    this.#stateListeners.add(listener);
    return () => {
      this.#stateListeners.delete(listener);
    };
  };

  /** Whether changes come in. */
  readonly isConnected = (): boolean => this.#isConnected;

  #setConnected(isConnected: boolean): void {
    if (this.#isConnected === isConnected) return;
    this.#isConnected = isConnected;
    for (const listener of this.#stateListeners) listener();
  }

  readonly #passOn = (): void => {
    this.#timer = undefined;
    this.#passedOnAt = performance.now();
    const changes = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const listener of this.#changeListeners) listener(changes);
  };
}
