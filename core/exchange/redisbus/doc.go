// Package redisbus is the exchange on Redis 7 or later: one server, several that share
// the partitions by a stable hash, or a Redis Cluster. A Publisher gives lines their
// positions and publishes them, a Feed brings them to an edge, and both go by the
// connections of one Bus. What a line is does not matter here: bodies are opaque.
//
// # Keys
//
// All keys of a partition P have one hash tag, so that one script may write them. The
// channel is sharded (SPUBLISH) on a Cluster, and plain elsewhere.
//
//	key                     type     holds                                     kept
//	up:{env}:{xP}           channel  payloads: parts laid end to end           -
//	up:{env}:{xP}:s:ROOM    stream   an entry LAST-COUNT for each flush, with  2 min after the last line,
//	                                 its parts in field p                      else see below
//	up:{env}:{xP}:h:ROOM    hash     e: the epoch, 8 bytes; q: last number;    24 h after the last line
//	                                 o, n: marks, numbers of lines;
//	                                 t: when n was made, Redis' seconds
//	up:{env}:{xP}:d:ID      string   last publication of the publisher ID      60 s
//
// A part is a length (32 bits, of what follows), the epoch (8 bytes), the number of its
// first line (64 bits), and the body; all numbers are big endian. No time of another
// host's clock is used anywhere.
//
// A stream is marked once a minute, with the 32nd line that comes: Redis' time and the
// number of the last line. With a new mark goes what is older than the older of the two
// before. So the last two minutes of a room are there, and no more than about three and
// some lines, with three exceptions. The last 512 lines stay whatever their age. More than about 16,384 entries
// are never kept: three minutes at 90 entries/s, and one process makes 100 at most; a room
// that several processes publish in at that rate keeps less. And if Redis' clock jumps
// forward, it goes as if that time had passed; backward, what is there stays a few minutes
// longer. The bytes of a stream are bounded by those of its entries alone, see flushBytesMax.
//
// # Publishing
//
// A partition has one flush under way: a script that gives positions, keeps the lines in
// their rooms' streams, and publishes one payload. What comes meanwhile goes with the
// next, and that not before 10 ms after the one before: a busy partition sends many lines
// in one PUBLISH, and an idle one sends a line at once. Each flush has a number that
// grows, and the server keeps the last one of each publisher: a flush whose answer was
// lost is sent again, and takes effect once.
//
// What is no line (exchange.AppendAside) goes by a plain PUBLISH of its own, without a
// position, and is not kept.
//
// # Receiving
//
// A Feed has a connection of its own for each server of which it wants something. What
// is read from it is handed off at once to a lane with bounded memory, for Redis cuts off
// a subscriber that reads too slowly. A lane that is full drops what comes, and tells the sink
// that the partition has been subscribed to again: payloads may be missing. The sink
// reads from the stream what it missed (Since): at most 2,048 entries and 4 MiB with one answer,
// and again from there.
//
// # Goroutines
//
// Open starts none but those of rueidis, two per connection. A Publisher has two for each
// partition with lines under way, a Feed one for each with asides under way, and none when
// idle; Feed.Run has one for each server and for each lane.
package redisbus
