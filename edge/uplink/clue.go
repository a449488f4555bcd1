package uplink

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/clue"
	wire "uproar/proto/link"
)

// ClueConfig is what a Clue needs. All but RoomsCreated and the times of links must be set.
type ClueConfig struct {
	Addrs    []string   // of clue processes, host:port: spelled the same by all edges, in any order
	Self     wire.Hello // of this process; its ID is that of the Origins
	Secret   []byte     // of the fleet
	Gate     *clue.Gate // limits of logins and joins, which are this process's
	Replier  clue.Replier
	Admitter clue.Admitter

	AnswerTimeout time.Duration // after which the edge answers its clients itself; an answer that comes later is dropped
	RoomsCreated  bool          // rooms that nobody has created do not exist: then nobody is let in unasked

	DialTimeout, SilenceMax, BackoffMin, BackoffMax time.Duration // as in PeerConfig

	Log     *slog.Logger
	Metrics *metrics.Set
}

// Clue asks clue processes elsewhere, for an edge that has none: it is the chat.Clue of its hub. Answers come to the
// Replier and the Admitter, as those of a clue.Clue do.
//
// # Which process
//
// All lines and admissions of a room go to one process: of those that are up, the one with the highest hash of room and
// address. So a room moves only when its process goes, to one of the others, and comes back with it. Each edge sees that
// by itself, and so two processes may decide for one room for as long as the links to one of them are up for some edges
// and down for others: up to the 6 s after which a silent link is given up, if it is not closed before. Then lines of
// the room have the order in which the exchange takes them, and each edge the same; limits, bans, roles and modes hold,
// for they are in the store, and changes bite on the other process by its notice. What a process alone remembers, it
// remembers for the lines that it has decided: a line of the other one cannot be answered, deleted, approved or
// denied there, and may be said again, where the store is not asked about that.
//
// # What is answered, and by whom
//
// Whatever Submit or Admit has taken gets at most one answer. When a link ends, what was sent by it is answered as by a
// clue that is not available, for nobody knows whether it was decided; lines that were not sent yet, and admissions, are
// asked elsewhere, once. So is what a process that is ending does not take; that is asked nothing more until it has come
// back, and lines that it gives back may be overtaken by later ones of their room. Of a process that hangs nothing is
// heard: the edge answers in time by itself, and a line is not said when the process wakes, if most of that time is over.
//
// Answers to the admissions of one connection come in the order asked as long as one process has them: rooms of one that
// hangs must not hold up the others.
type Clue struct {
	*clue.Gate
	cfg       ClueConfig
	processes []*process
	start     time.Time
	meters    clueMeters
	linked    chan struct{}
	first     sync.Once // closes linked
}

// NewClue makes a Clue that has no links yet: Run makes them.
func NewClue(cfg ClueConfig) (*Clue, error) {
	if len(cfg.Addrs) == 0 || cfg.Gate == nil || cfg.Replier == nil || cfg.Admitter == nil || cfg.AnswerTimeout <= 0 {
		return nil, errors.New("cannot ask clue without addresses, a gate, a replier, an admitter and a timeout")
	}
	if cfg.Log == nil || cfg.Metrics == nil {
		return nil, errors.New("cannot ask clue without a log and metrics")
	}
	c := &Clue{Gate: cfg.Gate, cfg: cfg, start: time.Now(), meters: newClueMeters(cfg.Metrics), linked: make(chan struct{})}
	for i, addr := range cfg.Addrs {
		if slices.Contains(cfg.Addrs[:i], addr) {
			return nil, fmt.Errorf("cannot ask clue at %q twice", addr)
		}
		p, err := newProcess(c, addr)
		if err != nil {
			return nil, err
		}
		c.processes = append(c.processes, p)
	}
	return c, nil
}

// Run keeps a link to each process until ctx ends, and returns when all its goroutines have ended: two, and those of a
// Peer, for each process. What is under way then is answered. It runs once.
func (c *Clue) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, p := range c.processes {
		wg.Go(func() { p.peer.Run(ctx) })
		wg.Go(func() { p.run(ctx) })
	}
	wg.Wait()
	return nil
}

// Linked is closed when a process can be asked for the first time.
func (c *Clue) Linked() <-chan struct{} { return c.linked }

// Submit has a line decided, and never waits. After nil its answer comes to the Replier, or none within
// AnswerTimeout. The error is clue.ErrBusy: no process is up, or too much is under way.
func (c *Clue) Submit(s clue.Submission) error {
	l := line{Submission: s, until: c.now() + c.cfg.AnswerTimeout}
	if !c.askLine(&l) {
		c.meters.refused.Inc()
		return clue.ErrBusy
	}
	return nil
}

// Admit has it decided who may enter rooms, and never waits. With false the answer comes to the Admitter, or none
// within AnswerTimeout; with true it is what could be said at once, because no process is up, or too much is under way.
// The process of the first room is asked about all of them.
func (c *Clue) Admit(a clue.Admission) ([]clue.Admitted, bool) {
	if len(a.Rooms) == 0 {
		return nil, true
	}
	e := entry{Admission: a, until: c.now() + c.cfg.AnswerTimeout}
	if !c.askEntry(&e) {
		c.meters.refused.Inc()
		return c.unasked(&a), true
	}
	return nil, false
}

// Holds reports whether an answer is still true. Only clue could know: so it says no to every first answer, and clue is
// asked once more, behind the seat that was given. Whatever changes after that second answer is told to the seat.
func (c *Clue) Holds(a *clue.Admitted) bool { return a.Again }

// unasked is the answer to an admission that nobody was asked about: as clue answers when its store is away.
func (c *Clue) unasked(a *clue.Admission) []clue.Admitted {
	as := make([]clue.Admitted, len(a.Rooms))
	for i, room := range a.Rooms {
		as[i] = clue.Admitted{Room: room, User: a.User, NoModes: true, Again: a.Again}
		if !a.User.Anonymous || c.cfg.RoomsCreated {
			as[i].Rejection = clue.RejectEntry
		}
	}
	return as
}

// askLine gives a line to the process of its room.
func (c *Clue) askLine(l *line) bool {
	for range c.processes { // one may go between pick and take
		p := c.pick(l.Room)
		if p == nil {
			return false
		}
		if taken, up := p.takeLine(l); up {
			return taken
		}
	}
	return false
}

func (c *Clue) askEntry(e *entry) bool {
	for range c.processes {
		p := c.pick(e.Rooms[0])
		if p == nil {
			return false
		}
		if taken, up := p.takeEntry(e); up {
			return taken
		}
	}
	return false
}

// pick is the process of a room, or nil when none is open.
func (c *Clue) pick(room string) *process {
	var best *process
	var most uint64
	h := hashOf(room)
	for _, p := range c.processes {
		if score := mix(h ^ p.hash); p.open.Load() && (best == nil || score > most) {
			best, most = p, score
		}
	}
	return best
}

// hashOf is FNV-1a of 64 bits.
func hashOf(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// mix makes every bit of h count for every bit of the result: the end of splitmix64.
func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// now is the clock of all deadlines here, and of what is sent.
func (c *Clue) now() time.Duration { return time.Since(c.start) }
