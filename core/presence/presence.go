// Package presence is who is in a room on other edges. Every edge tells the others, by the
// exchange's asides, how many seats each of its rooms has and, while they are few, whose;
// a Board tells that for its own edge and keeps what the others tell.
//
// # What is told, and when
//
// Each edge tells all that it has, in each partition in which it has members, every
// Interval: so a lost aside costs one Interval and nothing else, and an edge that joins a
// partition knows everything after one. The partitions take turns, so that it is no burst.
// What begins and ends is told sooner: a room's first seat and that its last is gone, in
// at most 250 ms, and each partition at most five times a second.
//
// An edge of which nothing is heard for Expiry is gone. Only the clock of who hears counts;
// no two hosts' clocks are compared. An edge that ends says so.
//
// While an edge does not hear even itself, it is the way there that is broken and not the
// others: they stay as they were, for BlindMax at most, and have another Expiry when it
// hears again.
//
// # Names
//
// A report lists the names in a room if there are at most NamesMax on that edge and about
// twice as many on all: beyond that nobody is listed anywhere, and only counts are sent,
// kept and read. A room of 100,000 members costs each edge one entry for each other edge.
//
// # Cost
//
// By this package's benchmarks on one core of a shared EPYC: a room that is told is 2.5 µs
// with 10 names; one that is heard and has not changed is 0.1 to 0.2 µs, 0.2 to
// 0.35 µs if 100 edges have it; a change of 10 names is 0.3 µs. An entry is 100 bytes with its first
// name, a name more 10 to 35.
//
// 10,000 rooms of 10 members over 100 edges, each seat on another edge: an edge tells of
// 1,000 rooms in an Interval, and hears of 100,000: 33,000 a second, 1 % of a core, in
// 0.9 MB/s, and keeps 10 MB. If every edge has members in all of the 10,000 rooms, it is
// ten times that, and sweeps of 18 ms.
// What it costs whoever carries the asides is more: an edge tells at least one for each
// partition in which it has members, and each goes to all edges. 100 edges with members in
// all of 128 partitions tell 4,300 asides a second, of which 430,000 copies are made: by
// Redis, or by relays, of which it then sends each only one.
//
// # Threads
//
// All of a Board may be used by any goroutine. It has two locks, held for few map
// operations, one room's names, or the sweep of one partition; nobody is called under them.
package presence

import "time"

const (
	// Interval is how often everything is told.
	Interval = 3 * time.Second
	// Expiry is for how long what was told holds. It is looked at once a second, so an
	// edge that is killed is gone from every count within 10 s.
	Expiry = 9 * time.Second
	// BlindMax is for how long others are kept while this edge does not hear itself.
	BlindMax = time.Minute
)

// Bounds of what is kept. A fleet is far below them; what is beyond is dropped and counted.
const (
	EdgesMax        = 1024    // other edges
	RoomsPerEdgeMax = 1 << 16 // rooms that one of them tells of
	EntriesMax      = 1 << 21 // rooms that all tell of, each counted once for each edge
	NamesTotalMax   = 1 << 21 // names kept, each counted once for each room and edge; a room whose names are dropped is only counted

	ownRoomsMax = 1 << 20 // rooms of this edge that are told of
)

// Own is what a Board tells of: the rooms of this process.
type Own interface {
	// Here returns who is in a room here. Its Names, if they are at most namesMax, are
	// appended to names, which are its caller's.
	Here(room string, namesMax int, names []string) Room
	// OthersChanged says that Others has something new to say about a room. It must not
	// block. It is called without a lock, and more often than needed.
	OthersChanged(room string)
}

// Others is who is in a room on other edges.
type Others struct {
	Version uint64   // of the rest, see Board.Others; 0 when nobody is there
	Host    bool     // the broadcaster is there
	Whole   bool     // Names are all there are
	Names   []string // sorted, each once; none unless Whole
}
