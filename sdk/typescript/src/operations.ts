/** Handles of long-running operations: what they tell, and waiting for their result. */
import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";

import { type Operation as OperationMessage } from "../gen/google/longrunning/operations_pb.js";
import { type OperationMetadata, OperationMetadataSchema } from "../gen/leadline/v1/operation_pb.js";
import { DeadlineExceeded, errorFrom, errorFromStatus, FailedPrecondition, type LeadlineError } from "./errors.js";
import { Resumption, sleep } from "./resuming.js";

const LONGEST_OPERATION_MS = 3_600_000;
const REPORT_MS = 1_000;
const MOST_FAILURES = 8;

/** How to wait for an operation. */
export interface WaitOptions {
  /** The most milliseconds to wait; an hour unless you say otherwise. */
  readonly timeoutMs?: number;
  /** Ends the wait; the operation goes on. */
  readonly signal?: AbortSignal;
  /** Called about once a second with where the operation stands. */
  readonly progress?: (metadata: OperationMetadata) => void;
}

/** The calls that a handle makes. */
export interface OperationCalls {
  readonly wait: (name: string, milliseconds: number, signal?: AbortSignal) => Promise<OperationMessage>;
  readonly cancel: (name: string) => Promise<OperationMessage>;
}

/** A handle of a long-running operation: what is known of it is as it was when it was last asked for. */
export class Operation<Result> {
  #message: OperationMessage;
  readonly #results: readonly DescMessage[];
  readonly #calls: OperationCalls;

  constructor(message: OperationMessage, results: readonly DescMessage[], calls: OperationCalls) {
    this.#message = message;
    this.#results = results;
    this.#calls = calls;
  }

  /** The resource name, `operations/{operation}`: with it another process can get a handle of its own. */
  get name(): string {
    return this.#message.name;
  }

  /** Whether the operation is over, with a result or with an error. */
  get done(): boolean {
    return this.#message.done;
  }

  /** Where the operation stands. */
  get metadata(): OperationMetadata {
    const metadata = this.#message.metadata && anyUnpack(this.#message.metadata, OperationMetadataSchema);
    return metadata ?? create(OperationMetadataSchema);
  }

  /** Why the operation failed; undefined if it did not. */
  get error(): LeadlineError | undefined {
    return this.#message.result.case === "error" ? errorFromStatus(this.#message.result.value) : undefined;
  }

  /**
   * Gives what the operation made: the model that was trained, or how many leads were scored.
   *
   * @throws LeadlineError The operation failed, or is not done.
   */
  result(): Result {
    if (this.error) throw this.error;
    const { result } = this.#message;
    if (!this.done || result.case !== "response") {
      throw new FailedPrecondition(`${this.name} is not done yet`, { code: Code.FailedPrecondition });
    }
    for (const schema of this.#results) {
      const found: MessageShape<DescMessage> | undefined = anyUnpack(result.value, schema);
      if (found) return found as Result;
    }
    const message = `${this.name} gives ${result.value.typeUrl}, which this version does not know`;
    throw new FailedPrecondition(message, { code: Code.FailedPrecondition });
  }

  /**
   * Waits until the operation is done and gives its result. Goes on over lost connections. Waiting is only looking: the
   * operation goes on if the wait ends early.
   *
   * @throws DeadlineExceeded The operation is not done in time.
   * @throws LeadlineError As `result` throws.
   */
  async wait({ timeoutMs = LONGEST_OPERATION_MS, signal, progress }: WaitOptions = {}): Promise<Result> {
    const deadline = performance.now() + timeoutMs;
    const resumption = new Resumption(MOST_FAILURES);
    while (!this.done) {
      const remaining = deadline - performance.now();
      if (remaining <= 0) {
        const message = `${this.name} is not done yet: ${this.metadata.stage}`;
        throw new DeadlineExceeded(message, { code: Code.DeadlineExceeded });
      }
      try {
        this.#message = await this.#calls.wait(this.name, Math.min(remaining, REPORT_MS), signal);
      } catch (thrown) {
        await sleep(resumption.waitAfter(errorFrom(thrown)), signal);
        continue;
      }
      resumption.progressed();
      progress?.(this.metadata);
    }
    return this.result();
  }

  /**
   * Asks for the operation to end; it does soon after, and `wait` then throws Cancelled.
   *
   * @throws FailedPrecondition It is over already.
   */
  async cancel(): Promise<void> {
    this.#message = await this.#calls.cancel(this.name);
  }
}
