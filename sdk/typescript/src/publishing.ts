/** How events are published as they happen: over as many streams as it takes, each event until Leadline has answered it. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";

import { type EventSchema } from "../gen/leadline/v1/event_pb.js";
import {
  type EventOutcome,
  type PublishEventsRequest,
  PublishEventsRequestSchema,
  type PublishEventsResponse,
} from "../gen/leadline/v1/integration_service_pb.js";
import { type Items } from "./batches.js";
import { errorFrom, errorFromStatus, type LeadlineError, streamEnded } from "./errors.js";
import { Resumption, sleep } from "./resuming.js";
import { StreamLife } from "./stream_life.js";

/** Messages that may be on their way: more wait until Leadline has answered, so that memory stays constant. */
const MOST_UNANSWERED = 256;

/** An event to publish; it is known by its `eventId`. */
export type PublishableEvent = MessageInitShape<typeof EventSchema>;

/** What became of an event that was published. */
export interface PublishedEvent {
  /** The sender's id of the event. */
  readonly eventId: string;
  /** Whether it is kept now, was kept before (as one is whose answer got lost), or is refused. */
  readonly outcome: EventOutcome;
  /** Why it was refused; undefined if it was not. */
  readonly error: LeadlineError | undefined;
  /** Where a refused event is kept to be corrected and replayed; empty for other events. */
  readonly deadLetter: string;
}

/** How to publish. */
export interface PublishOptions {
  /** Ends it; what is not acknowledged may be kept or not. */
  readonly signal?: AbortSignal;
  /** How many streams in a row may fail before it gives up; 8 unless you say otherwise. */
  readonly mostFailures?: number;
}

/** Opens one stream. */
export type OpenPublication = (
  messages: AsyncIterable<PublishEventsRequest>,
  signal: AbortSignal,
) => AsyncIterable<PublishEventsResponse>;

/**
 * Publishes events, and gives what became of each, in their order.
 *
 * @throws LeadlineError A new stream would not help, too many failed in a row, or the signal was given.
 */
export async function* publishEvents(
  events: Items<PublishableEvent>,
  open: OpenPublication,
  { signal, mostFailures = 8 }: PublishOptions,
): AsyncGenerator<PublishedEvent> {
  const publication = new Publication(events);
  const resumption = new Resumption(mostFailures);
  while (!publication.isOver()) {
    const life = new StreamLife(signal, false);
    try {
      for await (const response of open(publication.messages(life.signal), life.signal)) {
        resumption.progressed();
        yield* publication.accept(response);
      }
      throw streamEnded();
    } catch (thrown) {
      if (signal?.aborted) throw errorFrom(signal.reason);
      if (publication.isOver()) break;
      const error = life.endedBy ?? errorFrom(thrown);
      const milliseconds = error.code === Code.DeadlineExceeded ? 100 : resumption.waitAfter(error);
      await sleep(milliseconds, signal);
    } finally {
      life.end();
      publication.changed();
    }
  }
  publication.finish();
}

/** Events on their way, over as many streams as it takes. */
class Publication {
  readonly #events: AsyncIterator<PublishableEvent> | Iterator<PublishableEvent>;
  #unanswered: PublishEventsRequest[] = [];
  #nextNumber = 0n;
  #isComplete = false;
  #failure: { readonly thrown: unknown } | undefined;
  #isDrawing = false;
  #wake: () => void = () => undefined;
  #woken = this.#sleep();

  constructor(events: Items<PublishableEvent>) {
    this.#events = Symbol.asyncIterator in events ? events[Symbol.asyncIterator]() : events[Symbol.iterator]();
  }

  /** Whether every event has been answered and no more come. */
  isOver(): boolean {
    return this.#isComplete && this.#unanswered.length === 0;
  }

  /** Gives what a stream has to send, until it ends: first what is not answered, then what comes. */
  async *messages(life: AbortSignal): AsyncGenerator<PublishEventsRequest> {
    let number = 0n;
    while (!life.aborted) {
      const message = this.#unanswered.find(({ sequenceNumber }) => sequenceNumber >= number);
      if (message) {
        number = message.sequenceNumber + 1n;
        yield message;
      } else if (this.#isComplete) {
        return;
      } else {
        const isFull = this.#unanswered.length >= MOST_UNANSWERED;
        if (!isFull && !this.#isDrawing) void this.#draw();
        await this.#woken;
      }
    }
  }

  /** Takes an answer and gives what became of its events. */
  accept({ sequenceNumber, acknowledgements }: PublishEventsResponse): PublishedEvent[] {
    this.#unanswered = this.#unanswered.filter((message) => message.sequenceNumber > sequenceNumber);
    this.changed();
    return acknowledgements.map(({ eventId, outcome, status, deadLetter }) => ({
      eventId,
      outcome,
      error: status && errorFromStatus(status),
      deadLetter,
    }));
  }

  /** Lets the streams look again at what there is to do. */
  changed(): void {
    this.#wake();
    this.#woken = this.#sleep();
  }

  /** Ends it. @throws What the events threw. */
  finish(): void {
    if (this.#failure) throw this.#failure.thrown;
  }

  #sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Takes one event; what the events throw is told after the answers to those before. */
  async #draw(): Promise<void> {
    this.#isDrawing = true;
    try {
      const drawn = await this.#events.next();
      if (drawn.done) {
        this.#isComplete = true;
      } else {
        const message = { sequenceNumber: this.#nextNumber, events: [drawn.value] };
        this.#unanswered.push(create(PublishEventsRequestSchema, message));
        this.#nextNumber += 1n;
      }
    } catch (thrown) {
      this.#failure = { thrown };
      this.#isComplete = true;
    }
    this.#isDrawing = false;
    this.changed();
  }
}
