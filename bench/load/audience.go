package load

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"uproar/bench/meter"
)

// AudienceConfig says who asks whom.
type AudienceConfig struct {
	Addr    string        // IPv4 host:port
	First   int           // number of the first viewer, for audiences that share a server
	Window  int           // connections on their way at a time; 0 is 256
	Receive int           // bytes that the kernel keeps for each viewer (SO_RCVBUF); 0 leaves it to the kernel
	Core    int           // that Run keeps to, counted from 1; 0 is any
	Nap     time.Duration // as a swarm's; 0 is 250 µs, below 0 none
}

// Page is something to be asked for, and what must come.
type Page struct {
	Path   string
	Length int64  // bytes of the body; AnyLength takes what comes
	Sum    uint32 // of the body, as Sum computes it; unchecked with AnyLength
	Holds  string // what a body must have in it, with AnyLength

	request []byte
}

// AnyLength is the Length of a Page whose body is not known.
const AnyLength = -1

// Audience is many viewers that ask for pages over HTTP/1.1, each on a connection that
// stays open, one request at a time. Like a Swarm it is one goroutine around one epoll, and
// it checks each answer: status, length, and every byte by its checksum.
//
// Make it with NewAudience, run Run in a goroutine of its own, and call the other methods
// from any other goroutine. Whoever makes an Audience calls Close, after Run has returned.
type Audience struct {
	reactor
	config   AudienceConfig
	addr     unix.SockaddrInet4
	viewers  []viewer
	script   script
	tally    AudienceTally
	target   int // how many viewers there shall be
	inFlight int // of them on their way
	now      int64
	buf      []byte
	events   []unix.EpollEvent

	progress struct{ ready, failed, answers, open, over atomic.Int64 }
}

// script is what viewers do. Its methods run on the goroutine of Run.
type script interface {
	// answered is told of a whole answer of viewer i, right or wrong.
	answered(i int, a answer)
	// turn is called once for each look at the sockets. It returns when it wants to be called
	// again at the latest, in Now's nanoseconds; 0 is at the next answer.
	turn(now int64) (next int64)
}

// answer is what came, and when its last byte did.
type answer struct {
	page  *Page
	due   int64 // when it should have been asked for
	end   int64
	body  []byte // of a Page with AnyLength; good until the script returns
	right bool
}

// AudienceTally is what an audience saw.
type AudienceTally struct {
	Answers  int64          `json:"answers"` // whole ones, right or wrong
	Bytes    int64          `json:"bytes"`   // of their bodies
	Wrong    int64          `json:"wrong"`   // of another status, length or content than they should be
	Broken   int64          `json:"broken"`  // connections that ended before their time
	Oddities []string       `json:"oddities,omitempty"`
	Latency  *meter.Latency `json:"-"` // from when an answer was due to be asked for to its last byte
}

func (t *AudienceTally) odd(s string) {
	if len(t.Oddities) < odditiesMax {
		t.Oddities = append(t.Oddities, s)
	}
}

// webBytes is the size of the one read buffer: what stays in a core's own cache.
const webBytes = 128 << 10

// NewAudience checks the configuration and opens the epoll; it connects nothing.
func NewAudience(c AudienceConfig) (*Audience, error) {
	if c.Window == 0 {
		c.Window = 256
	}
	if c.Nap == 0 {
		c.Nap = nap
	}
	addr, err := sockaddr(c.Addr)
	if err != nil {
		return nil, err
	}
	a := &Audience{config: c, addr: addr, buf: make([]byte, webBytes), events: make([]unix.EpollEvent, 1024),
		tally: AudienceTally{Latency: meter.NewLatency()}}
	if err := a.reactor.open(); err != nil {
		return nil, err
	}
	return a, nil
}

// Close resets every connection and frees the epoll. Run must have returned.
func (a *Audience) Close() {
	for i := range a.viewers {
		if v := &a.viewers[i]; v.state != away {
			reset(v.fd)
			v.state = away
		}
	}
	a.shut()
}

// Run serves the viewers until ctx ends. It owns all of the audience's state.
func (a *Audience) Run(ctx context.Context) error {
	defer a.progress.over.Store(1)
	defer a.finish()
	defer a.waker(ctx)()
	if a.config.Core > 0 {
		runtime.LockOSThread() // and never unlock it: the thread ends with this goroutine, and its core with it
		var set unix.CPUSet
		set.Set(a.config.Core - 1)
		if err := unix.SchedSetaffinity(0, &set); err != nil {
			return fmt.Errorf("cannot keep an audience to core %d: %w", a.config.Core, err)
		}
	}
	wait := -1
	for ctx.Err() == nil {
		n, err := unix.EpollWait(a.epfd, a.events, wait)
		if err != nil && err != unix.EINTR {
			return fmt.Errorf("epoll_wait: %w", err)
		}
		a.now = Now()
		for i := range max(n, 0) {
			a.serve(a.events[i])
		}
		a.dial()
		wait = a.turn()
		a.progress.answers.Store(a.tally.Answers)
		if wait != 0 && n > 0 && n < napBelow && a.config.Nap > 0 {
			unix.Nanosleep(&unix.Timespec{Nsec: a.config.Nap.Nanoseconds()}, nil) // cut short by a signal is as good
		}
	}
	return nil
}

// turn gives the script its turn and returns for how many milliseconds to wait.
func (a *Audience) turn() int {
	if a.script == nil {
		return -1
	}
	a.now = Now()
	next := a.script.turn(a.now)
	if next == 0 {
		return -1
	}
	left := next - Now()
	if left >= int64(2*time.Millisecond) {
		return int(left/int64(time.Millisecond)) - 1
	}
	if left > 0 { // the epoll counts in milliseconds
		unix.Nanosleep(&unix.Timespec{Nsec: min(left, int64(nap))}, nil)
	}
	return 0
}

// Grow connects viewers until there are n, and returns when all connections stand.
func (a *Audience) Grow(ctx context.Context, n int) error {
	if err := a.do(func() { a.target = n; a.dial() }); err != nil {
		return err
	}
	grown := func() bool { return a.progress.ready.Load() >= int64(n) || a.progress.failed.Load() > 0 }
	if err := a.until(ctx, grown); err != nil {
		return fmt.Errorf("cannot connect viewer %d of %d to %q: %w", a.progress.ready.Load()+1, n, a.config.Addr, err)
	}
	if a.progress.failed.Load() > 0 {
		return fmt.Errorf("cannot connect viewer %d of %d to %q: %q", a.progress.ready.Load()+1, n, a.config.Addr, a.Tally().Oddities)
	}
	return nil
}

// until waits for what only Run brings about.
func (a *Audience) until(ctx context.Context, done func() bool) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		if a.progress.over.Load() > 0 {
			return errSwarmOver
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// Answers is Tally().Answers, without disturbing the audience.
func (a *Audience) Answers() int64 { return a.progress.answers.Load() }

// Tally returns a copy of the counts.
func (a *Audience) Tally() AudienceTally {
	var t AudienceTally
	a.always(func() {
		t = a.tally
		t.Oddities, t.Latency = slices.Clone(a.tally.Oddities), a.tally.Latency.Clone()
	})
	return t
}

// Measure forgets the latencies so far.
func (a *Audience) Measure() error { return a.do(a.tally.Latency.Reset) }

// perform has the viewers follow a script, from its first turn on.
func (a *Audience) perform(s script) error { return a.do(func() { a.script = s }) }
