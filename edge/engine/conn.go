package engine

import (
	"net"
	"net/netip"
	"time"

	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sys/unix"
)

// Handler is the protocol of one connection. Its methods run on the connection's
// loop, never inside one of the handler's own calls to Conn.
type Handler interface {
	// Data is given all bytes that are unread and returns how many of them it is
	// done with; the rest comes again with more. in is valid, and may be modified,
	// during the call.
	Data(c *Conn, in []byte) int
	// Timer is called when the time set by SetTimer has come.
	Timer(c *Conn)
	// Drained is called when a connection that had refused a Send, or was lent bytes
	// that it could not send at once, has sent all that it held back.
	Drained(c *Conn)
	// Drain is called when the process is ending: the handler says goodbye and
	// calls Close with ReasonDrain.
	Drain(c *Conn)
	// Closed is the last call. Writes do nothing any more.
	Closed(c *Conn, r Reason)
}

// Handle names a connection across goroutines: it stays unique after the
// connection has gone, unlike its descriptor. 8 bits of loop, 24 of slot, 32 of
// generation.
type Handle uint64

// Loop is the index of the connection's loop.
func (h Handle) Loop() int { return int(h >> 56) }

func (h Handle) slot() int { return int(h>>32) & (1<<24 - 1) }

type connState uint8

const (
	stateOpen    connState = iota
	stateClosing           // sends what it holds back, then lingers
	stateLinger            // half closed: waits for the peer to close
	stateDead              // closed at the end of this turn, or already
)

// Conn is one open connection. It belongs to its loop.
type Conn struct {
	// What a delivery reads stands first, in one cache line.
	outbox *outbox // nil while the socket takes everything
	loop   *Loop
	fd     int32
	state  connState
	gapped bool // a Send was refused; all are until the outbox is empty
	reason Reason
	port   uint8 // index of its Listener
	// Mark is for the protocol's use within one turn; a fan-out marks senders.
	Mark      uint32
	input     window
	watched   bool   // the descriptor is in the watcher's set
	linked    bool   // in one of its loop's lists
	discarded uint32 // bytes that came while closing

	handler    Handler
	timer      Timer
	gnet       gnet.Conn
	handle     Handle
	next, prev *Conn // neighbours in Loop.blocked or Loop.lingering
	since      int64 // ms of the loop's clock at which it entered the list, or last made progress there
}

// Loop is the loop that the connection belongs to.
func (c *Conn) Loop() *Loop { return c.loop }

// Handle names the connection for other goroutines; see Loop.Conn.
func (c *Conn) Handle() Handle { return c.handle }

// Open reports whether the connection can still be written to.
func (c *Conn) Open() bool { return c.state == stateOpen }

// Blocked reports whether the socket is full and bytes are held back.
func (c *Conn) Blocked() bool { return c.outbox != nil }

// Handler is the connection's current protocol.
func (c *Conn) Handler() Handler { return c.handler }

// SetHandler changes the protocol, as an HTTP upgrade does.
func (c *Conn) SetHandler(h Handler) { c.handler = h }

// SetTimer has Handler.Timer called after d, once, instead of at any time set
// before.
func (c *Conn) SetTimer(d time.Duration) { c.loop.wheel.set(&c.timer, c.loop.after(d)) }

// Expire implements Expirer.
func (c *Conn) Expire(*Loop) {
	if c.state == stateOpen {
		c.handler.Timer(c)
	}
}

// traffic gives the handler what is unread.
func (c *Conn) traffic() {
	host := c.loop.host
	in := host.unread(c)
	used := len(in)
	if c.state != stateOpen {
		c.discard(used)
	} else if used = c.handler.Data(c, in); c.state == stateOpen && len(in)-used > c.loop.engine.cfg.InputBytesMax {
		c.Abort(ReasonInputTooLong)
	}
	if used > 0 { // gnet's Discard(0) would discard everything
		host.discard(c, used)
	}
}

// Resume has Handler.Data called at the end of this turn with what is unread, if anything
// is: for a handler that has left it there until it was done with something else.
func (c *Conn) Resume() { c.loop.AtEnd((*resumption)(c)) }

type resumption Conn

func (r *resumption) Run(l *Loop) {
	if c := (*Conn)(r); c.state == stateOpen && len(l.host.unread(c)) > 0 {
		c.traffic()
	}
}

func remoteAddr(g gnet.Conn) netip.Addr {
	if a, ok := g.RemoteAddr().(*net.TCPAddr); ok {
		ip, _ := netip.AddrFromSlice(a.IP)
		return ip.Unmap()
	}
	return netip.Addr{}
}

// Close ends the connection in order: what is held back is sent, then the sending
// side is closed and the peer has LingerTimeout to close its own, so that it reads
// everything (closing at once would reset the connection if input is unread). The
// first reason given counts.
func (c *Conn) Close(r Reason) {
	if c.state != stateOpen {
		return
	}
	c.reason = r
	c.state = stateClosing
	c.loop.wheel.stop(&c.timer)
	if c.outbox == nil {
		c.linger()
	}
}

// Abort resets the connection at the end of this turn. What is unsent is thrown away,
// in the kernel too: closing alone would leave it there, up to UnsentBytesMax, for as
// long as a peer that does not read keeps its socket open.
func (c *Conn) Abort(r Reason) {
	if c.state == stateDead {
		return
	}
	// It fails only where there is nothing to reset.
	_ = unix.SetsockoptLinger(int(c.fd), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	if c.reason == ReasonNone {
		c.reason = r
	}
	c.state = stateDead
	c.loop.dying = append(c.loop.dying, c)
}

// discardedBytesMax is what a connection may still send after it was closed: more than a
// kernel holds for a peer that has not yet seen it.
const discardedBytesMax = 1 << 20

// discard throws away what comes while closing. A peer that sends on and on is reset.
func (c *Conn) discard(n int) {
	if c.discarded += uint32(n); c.discarded > discardedBytesMax {
		c.Abort(c.reason)
	}
}

// linger closes the sending side and waits for the peer to close its own.
func (c *Conn) linger() {
	if err := shutdownWrite(c.fd); err != nil {
		c.Abort(ReasonError)
		return
	}
	c.state = stateLinger
	c.loop.lingering.push(c, c.loop.now)
	c.loop.startSweeps()
}

// connList is an intrusive list of connections, oldest first.
type connList struct{ first, last *Conn }

func (l *connList) push(c *Conn, since int64) {
	if c.linked {
		panic("BUG: connection is in a list already")
	}
	c.linked = true
	c.since = since
	c.prev, c.next = l.last, nil
	if l.last != nil {
		l.last.next = c
	} else {
		l.first = c
	}
	l.last = c
}

func (l *connList) remove(c *Conn) {
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		l.first = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	} else {
		l.last = c.prev
	}
	c.next, c.prev, c.linked = nil, nil, false
}
