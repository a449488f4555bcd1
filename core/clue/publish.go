package clue

import (
	"errors"
	"slices"
	"time"

	"uproar/core/chat"
	"uproar/core/exchange"
	"uproar/core/store"
)

// publish hands on the accepted lines of the batch, room by room: it lays them out
// by room in one array, in order. Senders whose lines are under way then are not among
// those that finish answers.
func (s *shard) publish() {
	next := 0
	for _, r := range s.speaking {
		r.batchNext = next
		next += r.batchLines
	}
	for i := range s.accepted {
		r := s.accepted[i].room
		s.byRoom[r.batchNext] = &s.accepted[i]
		r.batchNext++
	}
	for _, r := range s.speaking {
		s.publishLines(r, s.byRoom[r.batchNext-r.batchLines:r.batchNext])
		r.batchLines = 0
	}
	clear(s.speaking)
	clear(s.accepted)
	s.speaking, s.accepted = s.speaking[:0], s.accepted[:0]
}

// publishLines publishes lines of one room. What comes of it at once is among the answers
// of the batch.
func (s *shard) publishLines(r *room, lines []*accepted) {
	p := s.next
	for _, a := range lines {
		p.events = append(p.events, a.message)
	}
	err := s.publisher.Publish(r.name, p.events, p.done)
	if err == nil && !p.isOver() {
		for _, a := range lines {
			p.lines = append(p.lines, a.noted)
			p.answers = append(p.answers, *a.decision)
		}
		if s.leaves(p, r) {
			for i, a := range lines {
				*a.decision = Decision{}
				s.mark(r, &p.lines[i])
			}
			return
		}
	}
	if err == nil {
		err = p.err
	}
	p.reset()
	if err != nil {
		for _, a := range slices.Backward(lines) {
			s.takeBack(r, &a.noted, a.decision, err)
		}
		return
	}
	s.meters.accepted.Add(len(lines))
	for _, a := range lines {
		s.mark(r, &a.noted)
		s.keepSpoken(r, &a.noted)
	}
}

// leaves reports whether p is under way, and then keeps account of it, and makes the
// next. If not, it is over.
func (s *shard) leaves(p *publication, r *room) bool {
	p.room, p.since, p.at = r, s.now, len(s.underWay)
	n := len(p.answers)
	if !p.leave() {
		return false
	}
	s.meters.underWay.Add(int64(n))
	s.underWay = append(s.underWay, p)
	s.next = newPublication(s)
	return true
}

// published answers the senders of lines that were under way and are published. The rest
// is left to the shard: any goroutine may call this, while the shard has not got p back.
func (s *shard) published(p *publication) {
	s.meters.publishSeconds.Update(time.Since(p.since).Seconds())
	if len(p.lines) > 0 {
		s.meters.accepted.Add(len(p.lines))
		s.replier.Decided(p.answers)
	}
}

// lookAtEnds sees to the publications that are over, if it was told of some.
func (s *shard) lookAtEnds() {
	select {
	case <-s.ends.wake:
		s.takeEnds()
	default:
	}
}

// takeEnds sees to the publications that are over.
func (s *shard) takeEnds() {
	s.clock()
	for p := s.ends.take(); p != nil; {
		next := p.next
		s.forget(p)
		s.conclude(p, p.err)
		p.free()
		p = next
	}
	if len(s.underWay) == 0 {
		clear(s.void)
	}
}

// forget takes p from the publications under way.
func (s *shard) forget(p *publication) {
	last := len(s.underWay) - 1
	s.underWay[p.at] = s.underWay[last]
	s.underWay[p.at].at = p.at
	s.underWay[last] = nil
	s.underWay = s.underWay[:last]
	s.meters.underWay.Add(-int64(len(p.answers)))
}

// conclude does what is left to do of p, of which err has become.
func (s *shard) conclude(p *publication, err error) {
	if err != nil {
		s.meters.takenBack.Add(len(p.answers))
	}
	switch {
	case len(p.lines) == 0:
		s.shown(p, err)
	case err != nil:
		for i := range slices.Backward(p.lines) {
			s.takeBack(p.room, &p.lines[i], &p.answers[i], err)
		}
		s.replier.Decided(p.answers)
	default:
		for i := range p.lines {
			s.keepSpoken(p.room, &p.lines[i])
		}
		if len(s.fetch.spoken) > spokenMax-batchLinesMax { // many have ended at once
			s.fetch.tellAside(s.source, s.epoch)
		}
	}
}

// takeBack rejects a line whose publication failed, the last of several first. Its sender
// may say the same again; its number is not used again, for nobody knows how far it got.
func (s *shard) takeBack(r *room, l *noted, d *Decision, why error) {
	r.recent.drop(l.message)
	if l.kept {
		s.unsay(r, l)
	}
	if l.marked != nil {
		s.cache.amend(memberOf(r, l), l.marked, l.member)
	}
	s.meters.publishFailed.Inc()
	if errors.Is(why, exchange.ErrUnsure) {
		s.reject(d, chat.RejectUnsure)
	} else {
		s.reject(d, chat.RejectUnavailable)
	}
}

// unsay makes the rules of later lines forget l. The line before it counts again, unless
// that is taken back as well. When one after it counts already, that goes on.
func (s *shard) unsay(r *room, l *noted) {
	if l.unique {
		key := s.textKey(r.name, l.said.text)
		if at, _ := s.texts.Get(key); at == l.said.at {
			s.texts.Drop(key)
		}
	}
	if last, _ := s.speakers.Get(l.speaker); last != l.said {
		if len(s.void) >= voidMax {
			clear(s.void)
		}
		s.void[voidLine{l.speaker, l.said.at}] = struct{}{}
		return
	}
	_, void := s.void[voidLine{l.speaker, l.before.at}]
	if !l.spoke || void {
		s.speakers.Drop(l.speaker) // the store knows what was before
		return
	}
	s.speakers.Put(l.speaker, l.before, s.tick)
}

// voidLine is a line that was taken back while a later one of its sender counted.
type voidLine struct {
	speaker uint64
	at      int64 // tick
}

// voidMax bounds those that are remembered. Beyond, and when nothing is under way, all are
// forgotten: if the later line is taken back too, the earlier may count as said.
const voidMax = 4096

// keepSpoken collects what the store is told with the next round trip: it hears of no line
// that may be taken back.
func (s *shard) keepSpoken(r *room, l *noted) {
	if !l.due && !l.kept {
		return
	}
	if len(s.fetch.spoken) == spokenMax {
		s.meters.dropped.Inc()
		return
	}
	s.fetch.spoken = append(s.fetch.spoken, spoken{at: l.said.at, Spoken: store.Spoken{
		Room: r.name, Login: l.message.User.Login, Text: l.said.text, Unique: l.unique, Mark: l.due,
	}})
}

var errAbandoned = errors.New("clue: nobody waits for the publication any more")

// endPublications waits for the publications under way, and answers for those that are not
// over by then.
func (s *shard) endPublications(by time.Time) {
	timer := time.NewTimer(time.Until(by))
	defer timer.Stop()
	for len(s.underWay) > 0 {
		select {
		case <-s.ends.wake:
			s.takeEnds()
		case <-timer.C: // what is over by now, but not abandoned, comes to ends
			s.abandonAll()
		}
	}
}

// abandonAll answers for the publications that are not over. The Publisher may still have
// their events: they are not used again.
func (s *shard) abandonAll() {
	for _, p := range slices.Clone(s.underWay) {
		if p.abandon() {
			s.forget(p)
			s.conclude(p, errAbandoned)
		}
	}
}
