package load

import "uproar/bench/meter"

// Tally is what a swarm saw. All counts are since it was made, but for Latency,
// Burst and Measured.
type Tally struct {
	Members  int64 // connections opened
	Ready    int64 // reached the room; includes those that closed later
	Failed   int64 // closed before they reached the room
	Rejoined int64 // JOINs that were sent again, because the server refused the one before
	Parted   int64 // PARTs of members that had not asked for it; each has joined again

	Deliveries int64 // right lines: known publisher, whole text
	Measured   int64 // those of them that were due at or after Measure's time
	Reordered  int64 // came after a later line of the same publisher
	Duplicated int64 // came twice
	Wrong      int64 // PRIVMSG lines with any other byte, or of another room

	Pings      int64 // answered, WebSocket pings included
	Pinged     int64 // members that were sent one at least
	Notices    int64 // NOTICE lines after the member was in
	Told       int64 // lines that those said will not come: "N lines of this room did not reach you"
	Cleared    int64 // CLEARCHAT and CLEARMSG lines
	Reconnects int64 // members told to RECONNECT
	CloseFrame int64 // members that were sent a close frame
	EOF        int64 // connections that the server ended in order
	Broken     int64 // connections that ended otherwise: reset, bad protocol
	Refused    int64 // connections of members on their way back that ended before 366
	LastEnd    int64 // when the last of them ended, in Now's nanoseconds; 0 when none

	Bytes  int64 // received
	Packed int64 // compressed messages among them
	Reads  int64 // read(2) calls that returned data

	Oddities []string       // the first few unexpected things, for people
	Latency  *meter.Latency // of lines that were not due in a burst
	Burst    *meter.Latency // of those that were
	Away     *meter.Latency // of members that came back, from the end of one connection to 366 on another
}

// NewTally returns one that has seen nothing.
func NewTally() Tally {
	return Tally{Latency: meter.NewLatency(), Burst: meter.NewLatency(), Away: meter.NewLatency()}
}

const odditiesMax = 8

func (t *Tally) odd(s string) {
	if len(t.Oddities) < odditiesMax {
		t.Oddities = append(t.Oddities, s)
	}
}

// Merge adds what another swarm saw.
func (t *Tally) Merge(o Tally) {
	t.Members += o.Members
	t.Ready += o.Ready
	t.Failed += o.Failed
	t.Rejoined += o.Rejoined
	t.Parted += o.Parted
	t.Deliveries += o.Deliveries
	t.Measured += o.Measured
	t.Reordered += o.Reordered
	t.Duplicated += o.Duplicated
	t.Wrong += o.Wrong
	t.Pings += o.Pings
	t.Pinged += o.Pinged
	t.Notices += o.Notices
	t.Told += o.Told
	t.Cleared += o.Cleared
	t.Reconnects += o.Reconnects
	t.CloseFrame += o.CloseFrame
	t.EOF += o.EOF
	t.Broken += o.Broken
	t.Refused += o.Refused
	t.LastEnd = max(t.LastEnd, o.LastEnd)
	t.Bytes += o.Bytes
	t.Packed += o.Packed
	t.Reads += o.Reads
	for _, s := range o.Oddities {
		t.odd(s)
	}
	t.Latency.Merge(o.Latency)
	t.Burst.Merge(o.Burst)
	t.Away.Merge(o.Away)
}
