/** Cuts what goes out into messages that are neither too many items nor too many bytes. */

export const MOST_BYTES = 4 * 1024 * 1024;

/** Anything that can be gone through with `for await`. */
export type Items<Item> = Iterable<Item> | AsyncIterable<Item>;

/**
 * Cuts items into batches, always in the same way: a repetition must send the same batches.
 *
 * @param sizeOf Gives the bytes that an item takes on the wire. One that is larger than a batch goes alone.
 * @param mostItems How many items a batch may have, which the contract says.
 */
export async function* batched<Item>(
  items: Items<Item>,
  sizeOf: (item: Item) => number,
  mostItems: number,
): AsyncGenerator<Item[]> {
  let batch: Item[] = [];
  let batchSize = 0;
  for await (const item of items) {
    const size = sizeOf(item);
    if (batch.length > 0 && (batch.length === mostItems || batchSize + size > MOST_BYTES)) {
      yield batch;
      batch = [];
      batchSize = 0;
    }
    batch.push(item);
    batchSize += size;
  }
  if (batch.length > 0) yield batch;
}
