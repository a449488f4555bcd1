package chat

import (
	"time"

	"uproar/core/chat"
	"uproar/core/clue"
	"uproar/edge/engine"
)

// waits are what clue has been asked on behalf of one loop's sessions and has not yet
// answered, oldest first: a ring, in which a ticket is a place. Clue answers within its
// own deadline; a clue that hangs, or is cut off, answers nothing, and then the edge does.
type waits struct {
	loop  *loop
	ring  []wait // length is a power of two, or 0
	head  uint32 // ticket of the oldest that is neither answered nor given up
	next  uint32 // ticket of the next
	timer engine.Timer
}

// wait is one question.
type wait struct {
	kind   waitKind // 0: answered
	until  int64    // ms of the loop's clock
	origin engine.Handle
	room   string
}

type waitKind uint8

const (
	waitLine    waitKind = iota + 1 // a line to be decided
	waitCommand                     // a command
	waitEntry                       // a JOIN
	waitAgain                       // a seat that is asked about once more
)

// Bounds of the ring, in tickets: where it begins, and what may wait on one loop. Beyond,
// a question is refused at once, as by a clue that is busy.
const (
	waitsMin = 64
	waitsMax = 1 << 17
)

// add takes a ticket for a question of s. It fails when too many wait.
func (w *waits) add(s *Session, kind waitKind, room string) (ticket uint32, ok bool) {
	n := w.next - w.head
	if int(n) == len(w.ring) {
		if n >= waitsMax {
			return 0, false
		}
		w.grow()
	}
	timeout := w.loop.hub.cfg.AnswerTimeout
	ticket = w.next
	*w.at(ticket) = wait{kind, w.loop.Millis() + timeout.Milliseconds(), s.conn.Handle(), room}
	w.next++
	if !w.timer.IsSet() {
		w.loop.SetTimer(&w.timer, timeout)
	}
	return ticket, true
}

// answered gives a ticket back. It reports false when its time was over: then the client
// has had its answer.
func (w *waits) answered(ticket uint32) bool {
	if ticket-w.head >= w.next-w.head || w.at(ticket).kind == 0 {
		w.loop.hub.meters.answersLate.Inc()
		return false
	}
	*w.at(ticket) = wait{}
	w.skipAnswered()
	return true
}

func (w *waits) skipAnswered() {
	for w.head != w.next && w.at(w.head).kind == 0 {
		w.head++
	}
}

func (w *waits) at(ticket uint32) *wait { return &w.ring[ticket&uint32(len(w.ring)-1)] }

func (w *waits) grow() {
	old := *w
	w.ring = make([]wait, max(waitsMin, 2*len(w.ring)))
	for t := old.head; t != old.next; t++ {
		*w.at(t) = *old.at(t)
	}
}

// Expire implements engine.Expirer: it answers what clue has not, in its place.
func (w *waits) Expire(l *engine.Loop) {
	for w.head != w.next && w.at(w.head).until <= l.Millis() {
		late := *w.at(w.head)
		*w.at(w.head) = wait{}
		w.skipAnswered()
		w.loop.hub.meters.answersMissing.Inc()
		if c := l.Conn(late.origin); c != nil && c.Open() {
			sessionOf(c).giveUp(&late, chat.RejectUnsure)
			sessionOf(c).Flush()
		}
	}
	if w.head != w.next {
		l.SetTimer(&w.timer, time.Duration(w.at(w.head).until-l.Millis())*time.Millisecond)
	} else if len(w.ring) > waitsKeptMax {
		w.ring = nil
	}
}

// waitsKeptMax bounds the ring of a loop for which nothing waits, in tickets.
const waitsKeptMax = 4096

// giveUp tells the client that its question has no answer: ofLine, if it was a line.
func (s *Session) giveUp(w *wait, ofLine *chat.Notice) {
	switch w.kind {
	case waitLine:
		s.notice(w.room, ofLine)
	case waitCommand:
		s.notice(w.room, chat.RejectUndone)
	default:
		s.admitted([]clue.Admitted{{Room: w.room, User: s.user, Rejection: clue.RejectEntry, Again: w.kind == waitAgain}})
	}
}
