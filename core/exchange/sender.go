package exchange

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/chat"
	"uproar/core/trace"
)

// Defaults of SenderConfig, and times of a Sender.
const (
	defaultAwayAfter       = 100 * time.Millisecond
	defaultBacklogLinesMax = 16384
	defaultBacklogBytesMax = 4 << 20
	defaultBacklogAge      = 30 * time.Second

	backlogTotalMax = 64 << 20               // bytes, of all partitions
	senderTick      = 20 * time.Millisecond  // at which what is late is noticed
	againAfter      = 50 * time.Millisecond  // a publication that failed
	trimEvery       = 500 * time.Millisecond // lines that are too old
	endPatience     = 2 * time.Second        // for what is not published when Run is to end
)

// SenderConfig is what a Sender needs. Bus and Publisher must be set.
type SenderConfig struct {
	Bus        Bus
	Home       *Inbox // of this process; nil: it has no sockets
	Publisher  uint64 // a random number of this process, not 0
	Partitions int    // as the bus has; Partitions if 0

	AwayAfter       time.Duration // without an answer; 100 ms if 0
	BacklogLinesMax int           // of a partition; 16,384 if 0
	BacklogBytesMax int           // of a partition; 4 MiB if 0
	BacklogAge      time.Duration // 30 s if 0

	Trace   *trace.Recorder
	Metrics *metrics.Set // nil: metrics are counted for nobody
}

func (c SenderConfig) withDefaults() SenderConfig {
	if c.Bus == nil || c.Publisher == 0 {
		panic("BUG: exchange.NewSender without a Bus or a Publisher")
	}
	setDefault(&c.Partitions, Partitions)
	setDefault(&c.AwayAfter, defaultAwayAfter)
	setDefault(&c.BacklogLinesMax, defaultBacklogLinesMax)
	setDefault(&c.BacklogBytesMax, defaultBacklogBytesMax)
	setDefault(&c.BacklogAge, defaultBacklogAge)
	if c.Metrics == nil {
		c.Metrics = metrics.NewSet()
	}
	return c
}

func setDefault[T int | time.Duration](v *T, value T) {
	if *v == 0 {
		*v = value
	}
}

// Sender publishes on a Bus what clue has accepted. Where clue and an edge are one process
// (SenderConfig.Home), chat goes on in it while the bus is away.
//
// A publication that fails, or has no answer in time, takes its partition away: from then
// on everything in it, what is under way included, is delivered at home at once, in order,
// and its publisher hears that it is done. It waits in a backlog until the bus answers
// again, and is published then, in order; who has had it already passes over it by its
// stamp. Of what falls out of the backlog, because it is too much or too old, other
// processes are told in its place: by a *chat.Gap.
//
// When this process ends while the bus is away, the backlog is lost.
//
// # Goroutines
//
// NewSender starts none. Run notices what is late. All else happens on the goroutines that
// call Publish and Lines.Done, of which one at a time acts for a partition: it calls the
// bus, the home and those who wait, in that order of events and under no lock.
type Sender struct {
	cfg     SenderConfig
	outlets []outlet
	number  atomic.Uint64 // of the last body
	parcels atomic.Int64  // that are kept
	lines   atomic.Int64  // that are not yet published
	bytes   atomic.Int64  // of these
	away    atomic.Int64  // partitions
	meters  senderMeters
}

// NewSender returns a Sender, which publishes before Run too.
func NewSender(cfg SenderConfig) *Sender {
	s := &Sender{cfg: cfg.withDefaults()}
	s.outlets = make([]outlet, s.cfg.Partitions)
	for i := range s.outlets {
		s.outlets[i].sender = s
	}
	s.meters = newSenderMeters(s.cfg.Metrics, s)
	return s
}

// Publish publishes events, all of one room, behind those of its earlier calls. It never
// blocks, and does not keep the slice. done is called once, perhaps before it returns, on
// any goroutine, and must not block: with nil when every process can have the events or
// this one has delivered them at home, and else with an error of the Bus. With an error of
// Publish itself nothing was taken, and done is not called.
func (s *Sender) Publish(room string, events []chat.Event, done func(error)) error {
	if len(events) == 0 {
		done(nil)
		return nil
	}
	o := &s.outlets[PartitionOf(room, len(s.outlets))]
	o.mu.Lock()
	if o.mu.lines+len(events) > 2*s.cfg.BacklogLinesMax { // somebody who acts is stuck
		o.mu.Unlock()
		return ErrBusy
	}
	all, err := o.pack(nil, &publication{done: done}, room, events)
	if err != nil {
		o.mu.Unlock()
		return err
	}
	o.take(all)
	o.act()
	return nil
}

// Run notices what is late, and tries again what has failed, until ctx ends, and then until
// all is published, for 2 s at most. It returns nil, and runs once. The Bus is to be closed
// after that.
func (s *Sender) Run(ctx context.Context) error {
	ticker := time.NewTicker(senderTick)
	defer ticker.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-ticker.C:
			s.tick()
		}
	}
	for end := time.Now().Add(endPatience); s.lines.Load() > 0 && time.Now().Before(end); {
		<-ticker.C
		s.tick()
	}
	return nil
}

func (s *Sender) tick() {
	if s.parcels.Load() == 0 {
		return
	}
	for i := range s.outlets {
		s.outlets[i].tick(time.Now())
	}
}

// surely reports whether lines with this answer have not been published, and will not be.
func surely(err error) bool {
	for _, one := range []error{ErrUnavailable, ErrBusy, ErrClosed, ErrTooLong} {
		if errors.Is(err, one) {
			return true
		}
	}
	return false
}
