package chat

import (
	"slices"
	"time"

	"uproar/core/clue"
	"uproar/edge/engine"
)

// arrival is a session's way into one room, from clue's answer to the seat. It waits
// until lines come from the other processes, so that nothing said after the JOIN is
// answered is missed, and for what a client that comes back has missed. It belongs to
// its session's loop; the index knows it, and does not look into it.
type arrival struct {
	session *Session
	answer  clue.Admitted
	after   string // id of the last line that the client has seen, or empty

	expected *shared // for as long as the room is kept joined for it
	ready    bool    // it does not wait for lines any more,
	done     bool    // nor for what was missed
	gone     bool    // its session has
	backlog  backlog
	timer    engine.Timer
}

// arrivals are those of a session, in the order in which they are answered.
type arrivals struct {
	queue   []*arrival
	resumes []resumption // what clue has not yet admitted
}

// resumption is the wish to read on in a room behind a line.
type resumption struct{ room, after string }

// readyTimeout is how long a JOIN waits for the room's first lines. Then the seat is
// taken all the same: members are told later that they may have missed some.
const readyTimeout = 100 * time.Millisecond

// arriving is how many rooms the session is about to sit down in, or wait for clue.
func (s *Session) arriving() int {
	if s.arrivals == nil {
		return int(s.joining)
	}
	return int(s.joining) + len(s.arrivals.queue)
}

// wishes notes that a session that asks for a room wants to resume there.
func (s *Session) wishes(room, after string) {
	if s.arrivals == nil {
		s.arrivals = &arrivals{}
	}
	s.arrivals.resumes = append(s.arrivals.resumes, resumption{room, after})
}

// wish takes back what wishes has noted.
func (s *Session) wish(room string) (after string) {
	if s.arrivals == nil {
		return ""
	}
	at := slices.IndexFunc(s.arrivals.resumes, func(r resumption) bool { return r.room == room })
	if at < 0 {
		return ""
	}
	after = s.arrivals.resumes[at].after
	s.arrivals.resumes = slices.Delete(s.arrivals.resumes, at, at+1)
	return after
}

// arrive follows an answer of clue to a JOIN: the client is answered now, or when what it
// waits for has come, and all that it asked for before.
func (s *Session) arrive(answer *clue.Admitted) {
	a := &arrival{session: s, answer: *answer, after: s.wish(answer.Room), done: true}
	if s.enters(answer) {
		a.begin()
	}
	if s.arrivals == nil && a.done {
		s.settle(a)
		return
	}
	if s.arrivals == nil {
		s.arrivals = &arrivals{}
	}
	s.arrivals.queue = append(s.arrivals.queue, a)
	s.settleAll()
}

func (s *Session) enters(a *clue.Admitted) bool {
	return !a.Missing && a.Rejection == nil && s.seatIn([]byte(a.Room)) < 0
}

func (a *arrival) begin() {
	a.done = false
	hub := a.session.loop.hub
	if hub.cfg.Interest == nil || hub.index.expect(a) {
		a.nowReady()
		return
	}
	a.timer.Owner = a
	a.session.loop.SetTimer(&a.timer, readyTimeout)
}

// nowReady goes on to what the client has missed, if it asks for that and the lines here
// do not reach back so far.
func (a *arrival) nowReady() {
	a.ready = true
	l := a.session.loop
	l.StopTimer(&a.timer)
	a.done = true
	if a.after == "" || l.hub.cfg.History == nil {
		return
	}
	near := l.hub.recent.find(a.answer.Room, a.after)
	if near.found && !near.cut {
		return
	}
	a.done = !l.hub.historian.ask(a.answer.Room, a.after, near.at, func(b backlog) {
		b.events = l.hub.withViewers(b.events)
		l.PostAlways(backlogTask{a, b}) // at most historyAskedMax
	})
}

// Expire implements engine.Expirer: the room takes too long.
func (a *arrival) Expire(l *engine.Loop) {
	a.session.loop.hub.meters.seatsEarly.Inc()
	readyTask{a}.Run(l)
}

// readyTask follows index.expect: nothing that is said from now on will be missed.
type readyTask struct{ arrival *arrival }

func (t readyTask) Run(*engine.Loop) {
	if a := t.arrival; !a.gone && !a.ready {
		a.nowReady()
		a.session.goOn()
	}
}

// backlogTask brings what a client has missed.
type backlogTask struct {
	arrival *arrival
	backlog backlog
}

func (t backlogTask) Run(*engine.Loop) {
	if a := t.arrival; !a.gone {
		a.backlog, a.done = t.backlog, true
		a.session.goOn()
	}
}

func (s *Session) goOn() {
	if s.conn.Open() {
		s.settleAll()
		s.Flush()
	}
}

// settleAll answers the arrivals that need not wait any more, up to the first that must.
func (s *Session) settleAll() {
	for s.arrivals != nil && len(s.arrivals.queue) > 0 && s.arrivals.queue[0].done {
		a := s.arrivals.queue[0]
		s.arrivals.queue = s.arrivals.queue[1:]
		s.settle(a)
		s.flushIfLong()
	}
	s.forgetArrivals()
}

func (s *Session) forgetArrivals() {
	if s.arrivals != nil && len(s.arrivals.queue) == 0 && len(s.arrivals.resumes) == 0 {
		s.arrivals = nil
	}
	if s.arriving() == 0 {
		s.leaving = nil
	}
}

// settle takes the seat that clue allows, or says why there is none.
func (s *Session) settle(a *arrival) {
	answer := &a.answer
	seated := s.enters(answer)
	switch {
	case seated:
		s.sitDown(a)
	case answer.Missing: // as on Twitch, nothing is said
		s.loop.hub.meters.refuse(refusedMissing)
	case answer.Rejection != nil:
		s.loop.hub.meters.refuse(refusedEntry)
		s.notice(answer.Room, answer.Rejection)
	}
	if a.expected != nil {
		s.loop.hub.index.release(a, seated)
	}
	if !seated {
		return
	}
	if i := slices.Index(s.leaving, answer.Room); i >= 0 {
		s.leaving = slices.Delete(s.leaving, i, i+1)
		s.part([]byte(answer.Room))
	}
	s.askAgain(answer)
}

// leaveArrivals gives up what the session has not sat down in.
func (s *Session) leaveArrivals() {
	if s.arrivals == nil {
		return
	}
	for _, a := range s.arrivals.queue {
		a.gone = true
		s.loop.StopTimer(&a.timer)
		if a.expected != nil {
			s.loop.hub.index.release(a, false)
		}
	}
	s.arrivals = nil
}
