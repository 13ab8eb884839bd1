/** An rpc over a WebSocket, as Leadline's edge bridges it: each frame is a message. */
import {
  create,
  createRegistry,
  type DescMessage,
  type DescMethod,
  fromBinary,
  fromJson,
  type JsonValue,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";

import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../gen/google/rpc/status_pb.js";
import { Cancelled, errorFromStatus, type LeadlineError, Unavailable } from "./errors.js";

const NORMAL_CLOSURE = 1000;
const DETAILS = createRegistry(BadRequestSchema, ErrorInfoSchema, RetryInfoSchema);

/** Where and as whom a WebSocket is opened. */
export interface WebSocketTarget {
  /** The edge, for example `https://leadline.example.com`. */
  readonly baseUrl: string;
  /** The bearer token. */
  readonly token: string;
}

/**
 * Opens a stream of responses over a WebSocket. The token goes in a subprotocol, since pages can't set headers and a
 * token in a URL would get into logs.
 *
 * @throws Unavailable The WebSocket could not be opened, or broke.
 * @throws LeadlineError The rpc failed.
 */
export async function* webSocketStream<Input extends DescMessage, Output extends DescMessage>(
  target: WebSocketTarget,
  method: DescMethod & { input: Input; output: Output },
  request: MessageShape<Input>,
  signal: AbortSignal,
): AsyncGenerator<MessageShape<Output>> {
  const url = `${target.baseUrl.replace(/^http/, "ws")}/ws/${method.parent.typeName}/${method.name}`;
  const socket = new WebSocket(url, ["leadline.v1", `bearer.${target.token}`]);
  socket.binaryType = "arraybuffer";
  const frames = new FrameQueue();
  socket.onopen = () => {
    socket.send(toBinary<DescMessage>(method.input, create(method.input, request)));
  };
  socket.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => {
    if (typeof data !== "string") frames.push(new Uint8Array(data));
    else frames.end(errorFromStatus(fromJson(StatusSchema, JSON.parse(data) as JsonValue, { registry: DETAILS })));
  };
  socket.onclose = ({ code }) => {
    frames.end(code === NORMAL_CLOSURE ? undefined : new Unavailable("the WebSocket broke", { code: Code.Unavailable }));
  };
  const abort = (): void => {
    frames.end(new Cancelled("the call was cancelled", { code: Code.Canceled, cause: signal.reason }));
  };
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    for await (const frame of frames) yield fromBinary(method.output, frame);
  } finally {
    signal.removeEventListener("abort", abort);
    socket.close(NORMAL_CLOSURE);
  }
}

/** What arrives while nobody takes it. */
class FrameQueue implements AsyncIterable<Uint8Array> {
  readonly #frames: Uint8Array[] = [];
  #isOver = false;
  #error: LeadlineError | undefined;
  #wake: () => void = () => undefined;

  push(frame: Uint8Array): void {
    this.#frames.push(frame);
    this.#wake();
  }

  /** Ends the queue after what is in it; only the first end counts. */
  end(error: LeadlineError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#error = error;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const frames = this.#frames.splice(0);
      yield* frames;
      if (frames.length > 0) continue;
      if (this.#error) throw this.#error;
      if (this.#isOver) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
