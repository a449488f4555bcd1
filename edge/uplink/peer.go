package uplink

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/VictoriaMetrics/metrics"

	wire "uproar/proto/link"
)

// Owner is who uses a Peer. All its methods are called by Peer.Run, one after the other: Down follows each Up, and
// frames come between the two. They must not block.
type Owner interface {
	// Up says that the handshake is done: from now on frames can be written.
	Up(who wire.Hello)
	// Frame takes a frame of the peer: any but those of the handshake, ping, pong and refuse. Its body is good until
	// Frame returns. An error ends the connection, and the peer is told its text. A node says its route to everybody;
	// who has no use for that passes it over.
	Frame(f wire.Frame) error
	// Down says why the connection has ended, or could not be made. What was written and not answered is lost, or will
	// not be answered. It is called for each attempt.
	Down(why *DownError)
}

// PeerConfig is what a Peer needs. Addr, Use, Self, Owner, Log and Metrics must be set.
type PeerConfig struct {
	Addr   string     // host:port
	Use    string     // what it is for, as a metric label and in logs: "clue", "exchange"
	Self   wire.Hello // of this process; its nonce is made for each connection
	Secret []byte     // of the fleet
	Owner  Owner

	QueueBytesMax int           // that wait, or are under way to the socket; 4 MiB if 0
	DialTimeout   time.Duration // to connect, and again for the handshake; 1 s if 0
	PingEvery     time.Duration // 2 s if 0
	SilenceMax    time.Duration // a peer that says nothing, or takes nothing, for this long is dead; 6 s if 0
	BackoffMin    time.Duration // between attempts: doubled each time, and jittered by half; 50 ms if 0
	BackoffMax    time.Duration // 2 s if 0

	Log     *slog.Logger
	Metrics *metrics.Set
}

// Errors of Write. Nothing was taken.
var (
	// ErrBusy says that too much waits to be sent.
	ErrBusy = errors.New("too much waits to be sent on the link")
	// ErrDown says that there is no connection.
	ErrDown = errors.New("the link is down")
)

// Peer is one connection to one address, kept. NewPeer starts nothing, Run does.
type Peer struct {
	cfg    PeerConfig
	queue  queue
	outage outage
	meters peerMeters
}

// NewPeer returns a Peer that is down. The error is that of a Self which cannot be encoded.
func NewPeer(cfg PeerConfig) (*Peer, error) {
	if _, err := wire.AppendHello(nil, &cfg.Self); err != nil {
		return nil, err
	}
	if cfg.Addr == "" || cfg.Owner == nil || cfg.Log == nil || cfg.Metrics == nil {
		return nil, errors.New("cannot make a link without an address, an owner, a log and metrics")
	}
	cfg.QueueBytesMax = cmp.Or(cfg.QueueBytesMax, 4<<20)
	cfg.DialTimeout = cmp.Or(cfg.DialTimeout, time.Second)
	cfg.PingEvery = cmp.Or(cfg.PingEvery, 2*time.Second)
	cfg.SilenceMax = cmp.Or(cfg.SilenceMax, 6*time.Second)
	cfg.BackoffMin = cmp.Or(cfg.BackoffMin, 50*time.Millisecond)
	cfg.BackoffMax = cmp.Or(cfg.BackoffMax, 2*time.Second)
	p := &Peer{cfg: cfg, meters: newPeerMeters(cfg.Metrics, cfg.Use)}
	p.outage.stable = cfg.BackoffMax
	p.outage.log, p.outage.link = cfg.Log, "link to "+cfg.Use+" "+cfg.Addr
	p.queue.init(cfg.QueueBytesMax)
	return p, nil
}

// Addr is where the peer is.
func (p *Peer) Addr() string { return p.cfg.Addr }

// Write has frames sent, and never blocks. The bytes are the caller's again afterwards. The error is ErrBusy or ErrDown;
// without one they are sent unless the connection ends before. Any goroutine may call it.
//
// An owner that changes its own state in Up and Down under a lock, and calls Write under the same lock and only while
// that state is up, knows for each frame which Down answers for it.
func (p *Peer) Write(frames []byte) error { return p.write(frames, 0) }

// write leaves room for spare bytes of others.
func (p *Peer) write(frames []byte, spare int) error {
	err := p.queue.put(frames, spare)
	if err == ErrBusy {
		p.meters.busy.Inc()
	}
	return err
}

// Drop ends the connection, if there is one: Down comes with why, and then the next attempt. Any goroutine may call it.
func (p *Peer) Drop(why error) { p.queue.fail(why) }

// Run keeps the connection until ctx ends, and returns when its goroutines have ended. It runs once.
func (p *Peer) Run(ctx context.Context) {
	b := p.backoff()
	for ctx.Err() == nil {
		if p.once(ctx) >= b.max {
			b.reset()
		}
		b.wait(ctx)
	}
}

// once makes one connection, keeps it until it ends, and returns how long it was up.
func (p *Peer) once(ctx context.Context) (up time.Duration) {
	up, err := p.link(ctx)
	why := &DownError{Addr: p.cfg.Addr, Cause: causeOf(err), Err: err}
	if ctx.Err() != nil {
		why.Cause, why.Err = CauseEnded, ctx.Err()
		p.outage.stop()
	} else {
		p.meters.downs[why.Cause].Inc()
		p.outage.began(why, up)
	}
	p.cfg.Owner.Down(why)
	return up
}

func (p *Peer) backoff() backoff {
	return backoff{min: p.cfg.BackoffMin, max: p.cfg.BackoffMax, next: p.cfg.BackoffMin}
}

// backoff is how long the next attempt waits.
type backoff struct{ min, max, next time.Duration }

func (b *backoff) reset() { b.next = b.min }

// wait waits from half of what is due to all of it, and returns early when ctx ends.
func (b *backoff) wait(ctx context.Context) {
	timer := time.NewTimer(b.next/2 + rand.N(b.next/2+1))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	b.next = min(2*b.next, b.max)
}
