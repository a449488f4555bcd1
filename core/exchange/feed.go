package exchange

import "context"

// Partitions is how many partitions rooms are mapped to unless configured otherwise: few
// enough to subscribe to one by one, many enough to spread over servers and edges. All
// processes of a fleet must agree.
const Partitions = 128

// PartitionOf is the partition of a room, of n. It is the same for ever and everywhere:
// FNV-1a of 64 bits with a final mix.
func PartitionOf(room string, n int) int {
	h := uint64(14695981039346656037)
	for i := range len(room) {
		h = (h ^ uint64(room[i])) * 1099511628211
	}
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	return int(h % uint64(n))
}

// Position is a place among a room's events, past one process. Positions of one epoch
// grow by one with each event; an epoch is one life of the room's counter, and says
// nothing about another. The zero Position is before everything.
type Position struct{ Epoch, Seq uint64 }

// Feed is where the payloads of an edge come from: Redis, or a relay. A payload is what
// was published at once in one partition: parts, each of one room, see AppendPart; or an
// aside, see AppendAside.
type Feed interface {
	// Want says whether the payloads of a partition are to come. It never blocks, and
	// only its last call counts. Any goroutine may call it, under locks: it must not call
	// the Sink. When a partition is wanted again, Subscribed follows again.
	Want(partition int, wanted bool)
	// Since returns what is still kept of a room's parts after a position, in order, or the
	// first of them: there is more to ask for while they end before the head. And it returns
	// the position of the last event ever published there; after the zero Position it
	// returns the head alone, and after one of another epoch only the head counts. A room
	// where nothing was ever published, or all has been forgotten, has the zero head. Each
	// element is read by Parts; the first may begin before after. The answer must not be
	// older than what the sink was given before the call. It waits up to the deadline of
	// ctx.
	Since(ctx context.Context, room string, after Position) (parts [][]byte, head Position, err error)
	// Tell sends an aside, which is one of AppendAside, to all processes that want the
	// partition, this one too if it does. It never blocks, and the slice is the caller's
	// again afterwards. What is no aside or too long, and what comes too fast, is dropped
	// and counted.
	Tell(partition int, aside []byte)
	// Run feeds sink until ctx ends; then it returns nil.
	Run(ctx context.Context, sink Sink) error
}

// Lifeline is what a Feed may have beside: it knows whether it is cut off.
type Lifeline interface {
	// Alive reports whether something can come by the Feed at this moment. Where nothing is
	// wanted it may not know, and says so. It never blocks; any goroutine may call it.
	Alive() bool
}

// Alive reports whether a Feed is not known to be cut off.
func Alive(f Feed) bool {
	l, knows := f.(Lifeline)
	return !knows || l.Alive()
}

// Sink takes what a Feed brings. Its methods must not block. For one partition they are
// called by one goroutine at a time.
type Sink interface {
	// Payload takes a payload, in the order of publication. The slice is the Feed's again
	// afterwards.
	Payload(partition int, payload []byte)
	// Subscribed says that from now on the partition's payloads come. Some that were
	// published before may have been missed: also when it says so again.
	Subscribed(partition int)
}
