package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// PublisherConfig says who speaks, where and how fast.
type PublisherConfig struct {
	Addr      string   // host:port
	Wire      Wire     // how members speak: on IRC publishers register with USER too, else as on Twitch
	Raw       bool     // no registration, whole lines as members shall see them: the bare loop's way
	Upgrade   string   // Raw, each line a text frame of a WebSocket that begins at this path; "" is bare lines
	Room      string   // "" is DefaultRoom
	Rooms     int      // over how many rooms lines spread: see SwarmConfig
	Host      string   // "" is DefaultHost; used when Raw
	Nicks     []string // one connection each; nil is bench1
	Rate      float64  // lines a second, all connections together
	TextBytes int      // of each line's text: TextBytesMin to 500
	Storm     *Storm   // who speaks, what and how fast, instead of the last three
}

// Publisher sends lines at a fixed rate, round robin over its connections. Make
// it with NewPublisher, Connect it, Run it, once or several times, Close it.
type Publisher struct {
	config PublisherConfig
	conns  []net.Conn
	sent   []uint32 // whole lines written, by connection
	sentIn []int64  // and by room
	zipf   zipf
	unsent int64

	notices     atomic.Int64
	firstNotice atomic.Pointer[string]
}

// NewPublisher checks the configuration.
func NewPublisher(c PublisherConfig) (*Publisher, error) {
	if c.Room == "" {
		c.Room = DefaultRoom
	}
	if c.Host == "" {
		c.Host = DefaultHost
	}
	if c.Storm != nil {
		c.Nicks, c.Rate, c.TextBytes = c.Storm.Names(), c.Storm.Rate, TextBytesMin
	}
	if c.Nicks == nil {
		c.Nicks = publisherNicks(1)
	}
	c.Raw = c.Raw || c.Upgrade != ""
	if c.TextBytes < TextBytesMin || c.TextBytes > len(padding) {
		return nil, fmt.Errorf("cannot send texts of %d bytes: want %d to %d", c.TextBytes, TextBytesMin, len(padding))
	}
	if c.Rate <= 0 {
		return nil, fmt.Errorf("cannot send %v lines a second", c.Rate)
	}
	z := newZipf(max(c.Rooms, 1))
	return &Publisher{config: c, sent: make([]uint32, len(c.Nicks)), zipf: z, sentIn: make([]int64, len(z))}, nil
}

// Connect opens and registers every connection.
func (p *Publisher) Connect(ctx context.Context) error {
	for _, nick := range p.config.Nicks {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp4", p.config.Addr)
		if err != nil {
			return fmt.Errorf("cannot connect publisher %q: %w", nick, err)
		}
		p.conns = append(p.conns, conn)
		// A small buffer keeps what the server has not taken on this side, where it
		// shows as unsent instead of as a long tail after the run.
		conn.(*net.TCPConn).SetWriteBuffer(64 << 10)
		if err := p.enter(ctx, conn, nick); err != nil {
			return fmt.Errorf("cannot register publisher %q: %w", nick, err)
		}
	}
	return nil
}

// Sent returns how many lines each connection has written. Not while Run runs.
func (p *Publisher) Sent() []uint32 { return p.sent }

// SentIn returns how many lines went to each room. Not while Run runs.
func (p *Publisher) SentIn() []int64 { return p.sentIn }

// SentTotal is the sum of Sent.
func (p *Publisher) SentTotal() int64 {
	var n int64
	for _, s := range p.sent {
		n += int64(s)
	}
	return n
}

// Unsent returns how many lines were due but could not be written before the end.
func (p *Publisher) Unsent() int64 { return p.unsent }

// Notices returns how many NOTICE lines, errors and close frames came back, and the first.
// A server that refuses lines says so here.
func (p *Publisher) Notices() (int64, string) {
	if first := p.firstNotice.Load(); first != nil {
		return p.notices.Load(), strings.TrimSpace(*first)
	}
	return 0, ""
}

// Close ends the connections.
func (p *Publisher) Close() {
	for _, c := range p.conns {
		c.Close()
	}
}

// burstMax bounds how many lines go out in one write per connection when the
// publisher is behind.
const burstMax = 64

// Run sends count lines; line i is due at start + i/Rate. When the server takes
// less than the rate, lines keep the time at which they were due, and those not
// written one second after the last was due count as unsent.
func (p *Publisher) Run(ctx context.Context, start int64, count int64) error {
	before, due := p.SentTotal(), p.schedule(start)
	last := time.Duration(due(count)-Now()) + time.Second
	for _, c := range p.conns {
		if err := c.SetWriteDeadline(time.Now().Add(last)); err != nil {
			return fmt.Errorf("cannot set a deadline: %w", err)
		}
		defer c.SetWriteDeadline(time.Time{}) // what answers PING writes too
		defer context.AfterFunc(ctx, func() { c.SetWriteDeadline(time.Now()) })()
	}
	bursts := make([]burst, len(p.conns))
	for i := int64(0); i < count; {
		if err := sleepUntil(ctx, due(i)); err != nil {
			return err
		}
		now := Now()
		for n := 0; n < burstMax*len(p.conns) && i < count && due(i) <= now; n++ {
			k := int(i % int64(len(p.conns)))
			bursts[k].add(p, k, p.zipf.room(before+i), due(i))
			i++
		}
		for k := range bursts {
			err := bursts[k].write(p, k)
			if errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil {
				p.unsent += count - (p.SentTotal() - before)
				return nil
			}
			if err != nil {
				return fmt.Errorf("cannot publish line %d: %w", i, err)
			}
		}
	}
	return nil
}

// schedule returns when each line is due, counted from 0. A storm begins anew.
func (p *Publisher) schedule(start int64) func(i int64) int64 {
	if p.config.Storm != nil {
		storm := *p.config.Storm
		storm.Start = start
		return func(i int64) int64 { at, _ := storm.Due(i); return at }
	}
	interval := 1e9 / p.config.Rate
	return func(i int64) int64 { return start + int64(float64(i)*interval) }
}

// burst is the lines of one connection that are due now.
type burst struct {
	bytes []byte
	ends  []int  // of each line in bytes
	rooms []int  // of each line
	line  []byte // to be framed
}

func (b *burst) add(p *Publisher, k, room int, due int64) {
	if p.config.Upgrade == "" {
		b.bytes = b.appendLine(b.bytes, p, k, room, due)
	} else {
		b.line = b.appendLine(b.line[:0], p, k, room, due)
		b.bytes = appendFrame(b.bytes, opText, b.line)
	}
	b.ends, b.rooms = append(b.ends, len(b.bytes)), append(b.rooms, room)
}

// appendLine appends the next line of connection k.
func (b *burst) appendLine(dst []byte, p *Publisher, k, room int, due int64) []byte {
	c := &p.config
	if c.Raw {
		nick := c.Nicks[k]
		dst = fmt.Appendf(dst, ":%s!%s@%s.%s ", nick, nick, nick, c.Host)
	}
	dst = append(append(append(dst, "PRIVMSG "...), roomName(c.Room, c.Rooms, room)...), " :"...)
	if seq := p.sent[k] + uint32(len(b.ends)) + 1; c.Storm != nil {
		dst = append(dst, c.Storm.text(k, seq)...)
	} else {
		dst = appendText(dst, seq, due, c.TextBytes)
	}
	return append(dst, '\r', '\n')
}

// write sends the burst and counts its whole lines as sent.
func (b *burst) write(p *Publisher, k int) error {
	if len(b.ends) == 0 {
		return nil
	}
	n, err := p.conns[k].Write(b.bytes)
	for i, end := range b.ends {
		if end <= n {
			p.sent[k]++
			p.sentIn[b.rooms[i]]++
		}
	}
	b.bytes, b.ends, b.rooms = b.bytes[:0], b.ends[:0], b.rooms[:0]
	return err
}

// sleepUntil sleeps on the kernel's clock: the runtime's timers round to a
// millisecond, and at 1,000 lines a second that would be the measurement.
func sleepUntil(ctx context.Context, due int64) error {
	const slice = int64(50 * time.Millisecond) // bounds how late a cancelled ctx is seen
	for {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		left := due - Now()
		if left <= 0 {
			return nil
		}
		ts := unix.NsecToTimespec(min(left, slice))
		if err := unix.Nanosleep(&ts, nil); err != nil && err != unix.EINTR {
			return os.NewSyscallError("nanosleep", err)
		}
	}
}
