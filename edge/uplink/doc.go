// Package uplink is the dialing side of the node port, whose serving side is edge/link: what an edge asks of clue
// processes and of relays, and a relay of the relays above it, over proto/link.
//
// A Peer is one connection to one address, kept: made again whenever it ends. A Feed is the exchange.Feed of a process
// that gets its chat from relays: it is linked to one of several, and goes to the next when that one fails. What was
// missed meanwhile is repaired as any gap is: the relay says subscribed, and whoever owns the Feed asks it Since.
// A Clue is the clue of an edge that has none: it asks one of several processes about each room.
//
// # Threads and ownership
//
// Run of a Peer has two goroutines per connection: its own, which dials, reads, and calls the Owner, and one that writes
// what waits in a queue of bounded bytes. Everybody may write and nobody waits: a full queue is an error at once. What
// is written while there is no connection is refused, and what waits when one ends is gone; the owner is told so by
// Down, and knows best what to do about it.
package uplink
