// Package load is the client side of a benchmark: thousands of chat members in
// one process, and publishers that send at a fixed rate whatever the server does
// (open loop: latency counts from the time a line was due, not from when it was
// written).
//
// A Swarm is one goroutine around one epoll: no goroutine, timer or buffer per
// member, and a few hundred bytes each, because the members share the machine
// with the server under test. It checks every delivery for identity and order.
// Nothing in here is shared with the server, so a bug cannot hide in both.
//
// Several swarms, in one process or in several, may split a room: give each its
// own First member and add up their Tallies. Times are CLOCK_MONOTONIC, so they
// compare across the processes of one machine.
package load

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Wire is how members speak to the server.
type Wire uint8

const (
	// WebSocket is IRC in text frames after an HTTP upgrade at path "/",
	// subprotocol "irc".
	WebSocket Wire = iota
	// TCP is IRC lines on a bare connection.
	TCP
	// Frames is what the bare loop sends: WebSocket frames without handshake or
	// registration. A 366 line, sent on accept, says that the member is in.
	Frames
	// Lines is a server that knows no IRC: after an upgrade, and what else Hello says,
	// text frames of one or more whole lines, as publishers made them.
	Lines
	// Centrifuge is the JSON protocol of centrifuge: connect, subscribe to the channel of
	// Hello, then pushes whose data is a line as a string, without CR LF.
	Centrifuge
	// IRC is TCP to a server that is not Twitch's: a member registers with USER too.
	IRC
)

// framed says whether the wire has WebSocket frames.
func (w Wire) framed() bool { return w != TCP && w != IRC }

// Defaults of every room that a benchmark uses.
const (
	DefaultRoom = "#bench"
	DefaultHost = "tmi.twitch.tv"
)

var (
	clockStart  = time.Now()
	clockOffset = monotonicNow()
)

func monotonicNow() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic(fmt.Sprintf("BUG: cannot read CLOCK_MONOTONIC: %v", err))
	}
	return ts.Nano()
}

// Now is CLOCK_MONOTONIC in nanoseconds, without a system call.
func Now() int64 { return clockOffset + int64(time.Since(clockStart)) }

// RaiseFileLimit raises the soft limit of open files to the hard one and returns it.
func RaiseFileLimit() (uint64, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("cannot read the limit of open files: %w", err)
	}
	limit.Cur = limit.Max
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("cannot raise the limit of open files to %d: %w", limit.Max, err)
	}
	return limit.Cur, nil
}
