package link

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/chat"
	"uproar/core/clue"
	"uproar/edge/engine"
	wire "uproar/proto/link"
)

// underWayMax is how many lines and admissions of one process may be without an answer. Beyond, they are answered
// Busy at once.
const underWayMax = 16384

// Decider is what decides: a clue.Clue.
type Decider interface {
	Submit(clue.Submission) error
	Admit(clue.Admission) (as []clue.Admitted, known bool)
}

// ClueConfig is what a Clue needs.
type ClueConfig struct {
	Decider Decider
	// Within is how long a line may wait with the Decider until it is said: clue's deadline, and what its store may
	// take. A line whose sender waits for less is not handed over: he would be told that it was not said, and then it
	// would be. What edges wait for has to be more.
	Within  time.Duration
	Metrics *metrics.Set
}

// Clue decides for the processes below: it is the ClueService of a Node, and the clue.Replier and clue.Admitter of
// its Decider for all origins but those of this process.
//
// The Decider's goroutines leave answers with the asker that they are for, and its loop sends what has gathered, in one
// write. A line whose asker has gone is decided, and its answer dropped. Answers that a link is too slow for are
// dropped too: their edge answers its clients itself, when their time is over.
//
// Lock order: Clue.mu -> a loop's mailbox.
type Clue struct {
	cfg    ClueConfig
	start  time.Time
	meters clueMeters

	mu struct {
		sync.Mutex
		askers   map[uint64]*asker            // by the id of the process
		lines    map[engine.Handle]*clueChild // by connection: those that have asked something
		underWay int                          // of all askers
		ending   bool
		idle     chan struct{} // closed when ending, and nothing is under way
	}
}

// asker is one process below. It stays while one of its connections does, or something of it is under way. All of it is
// under Clue.mu.
type asker struct {
	clue     *Clue
	id       uint64
	child    *clueChild // the newest connection: it gets the answers; nil when that has gone
	underWay int
	decided  []clue.Decision // that wait for the loop of child
	admitted []entry
	mailed   bool // the asker is in the mailbox of that loop
}

// entry is the answer to one admission.
type entry struct {
	origin uint64
	ticket uint32
	again  bool
	as     []clue.Admitted
}

// NewClue makes a Clue. It starts nothing.
func NewClue(cfg ClueConfig) (*Clue, error) {
	if cfg.Decider == nil || cfg.Metrics == nil {
		return nil, errors.New("cannot serve clue without a decider and metrics")
	}
	c := &Clue{cfg: cfg, start: time.Now(), meters: newClueMeters(cfg.Metrics)}
	c.mu.askers = map[uint64]*asker{}
	c.mu.lines = map[engine.Handle]*clueChild{}
	c.mu.idle = make(chan struct{})
	return c, nil
}

// Frame implements ClueService.
func (c *Clue) Frame(child ChildRef, f wire.Frame) error {
	conn := child.Loop.Conn(child.Conn)
	if conn == nil {
		return nil
	}
	of := c.childOf(child, conn)
	if f.Kind == wire.KindAdmissions {
		return of.admissions(f.Body)
	}
	return of.submissions(f.Body)
}

// childOf finds what is known of a connection, or begins with it. A new one gets the answers from now on; and one that
// speaks when the newest has gone.
func (c *Clue) childOf(child ChildRef, conn *engine.Conn) *clueChild {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.mu.askers[child.Node]
	if a == nil {
		a = &asker{clue: c, id: child.Node}
		c.mu.askers[child.Node] = a
	}
	of := c.mu.lines[child.Conn]
	if of == nil {
		of = &clueChild{clue: c, loop: child.Loop, conn: conn}
		c.mu.lines[child.Conn] = of
		a.child = of
	}
	if a.child == nil {
		a.child = of
	}
	of.asker = a
	return of
}

// Gone implements ClueService.
func (c *Clue) Gone(child ChildRef) {
	c.mu.Lock()
	defer c.mu.Unlock()
	of := c.mu.lines[child.Conn]
	if of == nil {
		return
	}
	delete(c.mu.lines, child.Conn)
	if a := of.asker; a.child == of {
		a.child = nil
		c.drop(a, len(a.decided)+len(a.admitted))
		a.decided, a.admitted = nil, nil
	}
}

// drop counts n answers that nobody gets. The lock is held.
func (c *Clue) drop(a *asker, n int) {
	c.meters.dropped.Add(n)
	c.left(a, n)
}

// enter notes that up to n more questions of an asker are under way, and returns how many may be.
func (c *Clue) enter(a *asker, n int) (free int, ending bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mu.ending {
		return 0, true
	}
	n = min(n, underWayMax-a.underWay)
	a.underWay += n
	c.mu.underWay += n
	return n, false
}

// leave notes that n questions of an asker have been answered without the Decider.
func (c *Clue) leave(a *asker, n int) {
	if n > 0 {
		c.mu.Lock()
		c.left(a, n)
		c.mu.Unlock()
	}
}

// left notes that n questions of an asker have their answers. The lock is held.
func (c *Clue) left(a *asker, n int) {
	a.underWay -= n
	c.mu.underWay -= n
	if a.underWay == 0 && a.child == nil {
		delete(c.mu.askers, a.id)
	}
	if n > 0 && c.mu.ending && c.mu.underWay == 0 {
		close(c.mu.idle)
	}
}

// End has processes below ask elsewhere from now on, and waits until nothing of theirs is under way, or ctx ends. Then
// the Decider can end, and behind it the Node, and no line is lost. It is called once.
func (c *Clue) End(ctx context.Context) {
	c.mu.Lock()
	c.mu.ending = true
	if c.mu.underWay == 0 {
		close(c.mu.idle)
	}
	c.mu.Unlock()
	select {
	case <-c.mu.idle:
	case <-ctx.Done():
	}
}

// Decided implements clue.Replier.
func (c *Clue) Decided(ds []clue.Decision) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range ds {
		if a := c.answerable(ds[i].Origin); a != nil {
			a.decided = append(a.decided, ds[i])
			a.mail()
		}
	}
}

// Admitted implements clue.Admitter.
func (c *Clue) Admitted(a *clue.Admission, as []clue.Admitted) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if to := c.answerable(a.Origin); to != nil {
		to.admitted = append(to.admitted, entry{a.Origin.Conn, a.Ticket, a.Again, as})
		to.mail()
	}
}

// answerable is who gets an answer, or nil: then it is dropped. The lock is held.
func (c *Clue) answerable(o chat.Origin) *asker {
	a := c.mu.askers[o.Edge]
	if a != nil && a.child != nil {
		return a
	}
	if a == nil {
		c.meters.dropped.Inc() // of none of the askers
	} else {
		c.drop(a, 1)
	}
	return nil
}

// mail has the loop of the newest connection send what has gathered. The lock is held.
func (a *asker) mail() {
	if !a.mailed {
		a.mailed = a.child.loop.PostAlways(a) // one per asker
	}
}

// Run implements engine.Task.
func (a *asker) Run(l *engine.Loop) {
	if child, ds, es := a.take(l); child != nil {
		child.answer(ds, es)
		child.keep(ds, es)
	}
}

// take hands over what has gathered, if the newest connection is on this loop.
func (a *asker) take(l *engine.Loop) (child *clueChild, ds []clue.Decision, es []entry) {
	c := a.clue
	c.mu.Lock()
	defer c.mu.Unlock()
	a.mailed = false
	switch {
	case len(a.decided)+len(a.admitted) == 0:
		return nil, nil, nil
	case a.child.loop != l: // it has come again on another
		a.mail()
		return nil, nil, nil
	}
	child, ds, es = a.child, a.decided, a.admitted
	a.decided, a.admitted = child.decided, child.entries
	child.decided, child.entries = nil, nil
	c.left(a, len(ds)+len(es))
	return child, ds, es
}
