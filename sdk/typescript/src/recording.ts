/** How events are recorded: the requests, and what became of the events. */
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";

import { EventSchema } from "../gen/leadline/v1/event_pb.js";
import {
  type RecordEventsRequest,
  RecordEventsRequestSchema,
  type RecordEventsResponse,
} from "../gen/leadline/v1/integration_service_pb.js";
import { batched, type Items } from "./batches.js";
import { errorFromStatus, type LeadlineError } from "./errors.js";

const MOST_EVENTS = 1_000;

/** An event that was not taken. */
export interface RefusedEvent {
  /** The sender's id of the event. */
  readonly eventId: string;
  /** Its place among the events given, from 0. */
  readonly index: number;
  /** Why. */
  readonly error: LeadlineError;
}

/** What became of the events so far, and in the end. */
export class RecordEventsResult {
  /** Events recorded. */
  recordedCount = 0;
  /** Events skipped since their `eventId` is recorded already. */
  duplicateCount = 0;
  /** Events refused, with the reason. */
  readonly refusedEvents: RefusedEvent[] = [];

  /** @param idempotencyKey The call's key: the same events sent again under it within a day are answered as before. */
  constructor(readonly idempotencyKey: string) {}

  /** All events that Leadline has answered for. */
  get eventCount(): number {
    return this.recordedCount + this.duplicateCount + this.refusedEvents.length;
  }

  /** Counts in the answer to the next batch. */
  add(response: RecordEventsResponse): void {
    const firstIndex = this.eventCount;
    this.recordedCount += Number(response.recordedCount);
    this.duplicateCount += Number(response.duplicateCount);
    for (const { eventId, index, status } of response.refusedEvents) {
      if (status) this.refusedEvents.push({ eventId, index: firstIndex + index, error: errorFromStatus(status) });
    }
  }
}

/** Cuts events into requests, always in the same way, each under the call's key with its place. */
export async function* recordEventsRequests(
  events: Items<MessageInitShape<typeof EventSchema>>,
  idempotencyKey: string,
): AsyncGenerator<RecordEventsRequest> {
  const sizeOf = (event: MessageInitShape<typeof EventSchema>): number =>
    toBinary(EventSchema, create(EventSchema, event)).length;
  let place = 0;
  for await (const batch of batched(events, sizeOf, MOST_EVENTS)) {
    yield create(RecordEventsRequestSchema, { events: batch, idempotencyKey: `${idempotencyKey}.${place}` });
    place += 1;
  }
}
