// Package engine holds sockets: very many of them, on a few event loops. It knows
// no protocol; a Handler per connection does.
//
// # Threads and ownership
//
// gnet runs one goroutine per loop, each with its own listening sockets
// (SO_REUSEPORT). A Conn, its outbox, its timer and every Buffer belong to one
// Loop: only code that runs on that loop may touch them, so none has a lock.
// Code runs on a loop in three ways, each called a turn: a Handler method, a Task
// posted to the loop's mailbox, or a timer. Loop.Post and the Engine's own
// methods are the only entries for other goroutines.
//
// # Why gnet's own write path is not used
//
// gnet copies what a full socket did not take into a buffer without a bound, runs
// OnClose inside Write, writes to a closed connection whose descriptor another one
// has meanwhile got, and never says when a socket is writable again. Here every
// byte goes out through Conn: sendto(2) on the descriptor, then an outbox of
// references that is bounded, then a second epoll set that reports writability.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sys/unix"
)

// Config of an Engine. The zero value of a field means its default.
type Config struct {
	Listeners []Listener
	Loops     int // event loops; default GOMAXPROCS, at most LoopsMax

	// MaxConns bounds the open connections; 0 means as many as RLIMIT_NOFILE
	// leaves after descriptorsReserved. More than that is cut down to it.
	MaxConns      int
	MaxConnsPerIP int // per remote address; 0 means no limit
	Spare         int // descriptors to leave for another engine of the process, besides

	OutboxBytesMax int           // bytes of fan-out that one slow connection may hold back; default 32 KiB
	ReplyBytesMax  int           // bytes of replies that one slow connection may hold back; default 256 KiB
	UnsentBytesMax int           // unsent bytes that the kernel takes per socket (TCP_NOTSENT_LOWAT); default 64 KiB
	InputBytesMax  int           // bytes that a Handler may leave unread; default 32 KiB
	MailboxMax     int           // weight of the tasks waiting per loop; default 65,536
	SlowTimeout    time.Duration // a full socket that takes nothing for this long is closed; default 30 s
	LingerTimeout  time.Duration // how long a closing connection may take to read its last bytes; default 2 s
	DrainTimeout   time.Duration // how long Run takes to close all connections when its context ends; default 10 s

	// FloodEvents bounds the events of input (lines, requests, frames) of one
	// connection in FloodWindow; see Conn.Count. 0 means no limit.
	FloodEvents int
	FloodWindow time.Duration

	// ReusePort lets other processes listen on the same addresses.
	ReusePort bool

	// NewLoop makes the protocol's state of a loop, kept in Loop.State. It is
	// called on the loop, before its first connection.
	NewLoop func(*Loop) any

	Metrics *metrics.Set
	Log     *slog.Logger
}

// Listener is one address to listen on. Open is called on a loop for every
// admitted connection and returns its protocol; Refusal is what a connection is
// told that is not admitted.
type Listener struct {
	Name    string // in metrics and logs: "irc", "http"
	Addr    string // host:port; port 0 picks a free one
	Open    func(*Conn) Handler
	Refusal func(Reason) []byte
}

// LoopsMax is how many loops a Handle can name.
const LoopsMax = 256

// descriptorsReserved are left free below RLIMIT_NOFILE: gnet ends the whole
// process's accepting on EMFILE, so accept must never see it. They cover the loops'
// own descriptors, the admin port and what core opens.
const descriptorsReserved = 256

// Engine runs the loops. New makes it, Listen binds it, Run runs it once.
type Engine struct {
	gnet.BuiltinEventEngine

	cfg      Config
	log      *slog.Logger
	bound    []boundListener
	held     []net.Listener // ports that gnet has not yet bound
	boot     chan struct{}
	started  time.Time
	gnetErr  lastError
	admitted admission
	watcher  *watcher
	draining atomic.Bool
	g        gnet.Engine
	loops    struct {
		sync.Mutex
		list atomic.Pointer[[]*Loop]
	}
	counters counters
}

// New checks cfg and fills its defaults. It starts nothing.
func New(cfg Config) (*Engine, error) {
	if len(cfg.Listeners) == 0 {
		return nil, errors.New("cannot make an engine without a listener")
	}
	if cfg.Loops == 0 {
		cfg.Loops = runtime.GOMAXPROCS(0)
	}
	if cfg.Loops < 1 || cfg.Loops > LoopsMax {
		return nil, fmt.Errorf("cannot run %d loops: 1 to %d are possible", cfg.Loops, LoopsMax)
	}
	setDefault(&cfg.OutboxBytesMax, 32<<10)
	setDefault(&cfg.ReplyBytesMax, 256<<10)
	setDefault(&cfg.UnsentBytesMax, 64<<10)
	setDefault(&cfg.InputBytesMax, 32<<10)
	setDefault(&cfg.MailboxMax, 65536)
	setDefault(&cfg.SlowTimeout, 30*time.Second)
	setDefault(&cfg.LingerTimeout, 2*time.Second)
	setDefault(&cfg.DrainTimeout, 10*time.Second)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Metrics == nil {
		cfg.Metrics = metrics.NewSet()
	}
	if cfg.NewLoop == nil {
		cfg.NewLoop = func(*Loop) any { return nil }
	}
	limit, err := descriptorLimit()
	if err != nil {
		return nil, err
	}
	room := limit - descriptorsReserved - cfg.Spare
	if room <= 0 {
		return nil, fmt.Errorf("cannot serve with %d file descriptors: raise RLIMIT_NOFILE (ulimit -n) above %d", limit, limit-room)
	}
	if cfg.MaxConns > room {
		cfg.Log.Warn("fewer connections than asked for: RLIMIT_NOFILE is too low", "asked", cfg.MaxConns, "possible", room)
	}
	if cfg.MaxConns <= 0 || cfg.MaxConns > room {
		cfg.MaxConns = room
	}
	e := &Engine{cfg: cfg, log: cfg.Log, boot: make(chan struct{}), started: time.Now()}
	e.loops.list.Store(new([]*Loop))
	e.admitted.init(cfg.MaxConns, cfg.MaxConnsPerIP)
	e.exportMetrics(cfg.Metrics)
	return e, nil
}

func setDefault[T int | time.Duration](v *T, def T) {
	if *v == 0 {
		*v = def
	}
}

// descriptorLimit raises the soft limit of open files to the hard one and returns
// it. (The Go runtime raises it too, but lowers it again for children only.)
func descriptorLimit() (int, error) {
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &lim); err != nil {
		return 0, os.NewSyscallError("getrlimit RLIMIT_NOFILE", err)
	}
	if lim.Cur < lim.Max {
		lim.Cur = lim.Max
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &lim); err != nil {
			return 0, os.NewSyscallError("setrlimit RLIMIT_NOFILE", err)
		}
	}
	return int(min(lim.Cur, math.MaxInt32)), nil
}

// Ready is closed when connections can be made.
func (e *Engine) Ready() <-chan struct{} { return e.boot }

// Serving reports whether connections are taken: after Ready, until a drain begins.
// Any goroutine may call it.
func (e *Engine) Serving() bool {
	select {
	case <-e.boot:
		return !e.draining.Load()
	default:
		return false
	}
}

// Loops are the loops that have had a connection. Any goroutine may call it; the
// slice must not be modified.
func (e *Engine) Loops() []*Loop { return *e.loops.list.Load() }

// Run serves until ctx ends, then drains: connections are refused, and those that
// are open are told and closed, spread over DrainTimeout. It returns nil after a
// drain, and an error when the loops ended by themselves. Listen comes first.
func (e *Engine) Run(ctx context.Context) error {
	if len(e.bound) == 0 {
		return errors.New("BUG: engine runs before Listen")
	}
	watcher, err := newWatcher(e)
	if err != nil {
		return err
	}
	e.watcher = watcher
	var wg sync.WaitGroup
	wg.Go(watcher.run)
	stopped := make(chan error, 1)
	wg.Go(func() { stopped <- e.rotate() })
	defer wg.Wait()
	defer watcher.close()

	select {
	case err := <-stopped:
		return e.unexpectedEnd(err)
	case <-ctx.Done():
	}
	if err := e.drain(stopped); err != nil {
		return err
	}
	select {
	case <-e.boot: // Stop on an engine that has not booted does nothing.
	case err := <-stopped:
		return err
	}
	// Stop looks every 500 ms whether the loops have ended; they say so at once.
	stop, cancel := context.WithCancel(context.Background())
	defer cancel()
	wg.Go(func() { _ = e.g.Stop(stop) })
	return <-stopped
}

func (e *Engine) rotate() error {
	addrs := make([]string, len(e.bound))
	for i, b := range e.bound {
		addrs[i] = "tcp://" + b.dialable()
	}
	defer e.release()
	return gnet.Rotate(e, addrs,
		gnet.WithNumEventLoop(e.cfg.Loops),
		gnet.WithReusePort(true),
		gnet.WithReuseAddr(true),
		gnet.WithTCPNoDelay(gnet.TCPNoDelay),
		gnet.WithReadBufferCap(64<<10),
		gnet.WithLogger(gnetLogger{e}))
}

// unexpectedEnd explains why the loops ended though nobody stopped them: gnet ends
// everything and returns nil when one accept fails.
func (e *Engine) unexpectedEnd(err error) error {
	if err == nil {
		err = errors.New(e.gnetErr.get())
	}
	return fmt.Errorf("event loops ended unexpectedly: %w", err)
}

// drain returns when no connection is left or DrainTimeout has passed.
func (e *Engine) drain(stopped <-chan error) error {
	e.draining.Store(true)
	start := time.Now()
	e.log.Info("draining", "connections", e.admitted.open(), "timeout", e.cfg.DrainTimeout)
	// A part of the time is kept for the last members to read their last bytes.
	spread := e.cfg.DrainTimeout * 3 / 4
	for _, l := range e.Loops() {
		l.PostAlways(&drainTask{spread: spread})
	}
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for e.admitted.open() > 0 && time.Since(start) < e.cfg.DrainTimeout {
		select {
		case err := <-stopped:
			return e.unexpectedEnd(err)
		case <-poll.C:
		}
	}
	e.log.Info("drained", "left", e.admitted.open(), "took", time.Since(start).Round(time.Millisecond))
	return nil
}
