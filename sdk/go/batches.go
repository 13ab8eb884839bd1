package leadline

import (
	"iter"

	"google.golang.org/protobuf/proto"
)

const mostBytes = 4 * 1024 * 1024

// batched cuts messages into batches that are neither too many messages nor too many bytes, always in the same way: a
// repetition must send the same batches. A message that is larger than a batch goes alone.
func batched[Message proto.Message](messages iter.Seq[Message], mostMessages int) iter.Seq[[]Message] {
	return func(yield func([]Message) bool) {
		var batch []Message
		batchSize := 0
		for message := range messages {
			size := proto.Size(message)
			if len(batch) > 0 && (len(batch) == mostMessages || batchSize+size > mostBytes) {
				if !yield(batch) {
					return
				}
				batch, batchSize = nil, 0
			}
			batch = append(batch, message)
			batchSize += size
		}
		if len(batch) > 0 {
			yield(batch)
		}
	}
}
