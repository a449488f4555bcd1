package uplink

import (
	"uproar/core/clue"
	wire "uproar/proto/link"
)

// inbox is what Frame reads, kept for the next time. It is the Peer's goroutine's.
type inbox struct {
	decisions []wire.Decision
	answers   []wire.Answer
	lines     []line  // of decisions
	entries   []entry // of answers
	stopped   []line  // to be asked elsewhere
	away      []entry // likewise
	ds        []clue.Decision
	events    []byte
}

// Frame implements Owner.
func (p *process) Frame(f wire.Frame) error {
	switch f.Kind {
	case wire.KindDecisions:
		return p.decided(f.Body)
	case wire.KindAnswers:
		return p.admitted(f.Body)
	case wire.KindRoute: // of a process that is a relay too
		return nil
	}
	return &wire.FrameError{Kind: f.Kind, Reason: "not for who asks clue"}
}

// decided takes decisions to whom they are for.
func (p *process) decided(body []byte) (err error) {
	in := &p.in
	if in.decisions, err = wire.ParseDecisions(in.decisions[:0], body); err != nil {
		return err
	}
	p.findLines()
	for i := range in.decisions {
		l, w := &in.lines[i], &in.decisions[i]
		switch {
		case l.User == nil: // nobody waits for it
			p.clue.meters.stray.Inc()
		case w.Outcome == wire.Stopped:
			in.stopped = append(in.stopped, *l)
		case w.Outcome == wire.Busy:
			p.clue.meters.shed.Inc()
			in.ds = append(in.ds, unavailable(l))
		default:
			in.ds = append(in.ds, p.decision(l, w))
		}
	}
	p.clue.answer(in.ds, nil)
	p.clue.reroute(in.stopped, nil)
	clear(in.decisions)
	clear(in.lines)
	clear(in.stopped)
	clear(in.ds)
	in.stopped, in.ds = in.stopped[:0], in.ds[:0]
	return nil
}

// findLines fills inbox.lines with those that the decisions are of, or none. They are no longer under way.
func (p *process) findLines() {
	in := &p.in
	in.lines = in.lines[:0]
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range in.decisions {
		d := &in.decisions[i]
		l := p.mu.lines.get(d.Ticket)
		if l == nil || l.Origin.Conn != d.Origin {
			in.lines = append(in.lines, line{})
			continue
		}
		in.lines = append(in.lines, *l)
		p.mu.lines.remove(d.Ticket)
		if d.Outcome == wire.Stopped {
			p.end()
		}
	}
}

// admitted takes answers to admissions to whom they are for.
func (p *process) admitted(body []byte) (err error) {
	in := &p.in
	if in.answers, err = wire.ParseAnswers(in.answers[:0], body); err != nil {
		return err
	}
	p.findEntries()
	for i := range in.answers {
		e, w := &in.entries[i], &in.answers[i]
		switch {
		case e.User == nil:
			p.clue.meters.stray.Inc()
		case len(w.Verdicts) == 0:
			in.away = append(in.away, *e)
		case len(w.Verdicts) != len(e.Rooms):
			p.clue.meters.damaged.Inc()
			p.clue.answer(nil, in.entries[i:i+1])
		default:
			p.clue.cfg.Admitter.Admitted(&e.Admission, p.admittedOf(e, w))
		}
	}
	p.clue.reroute(nil, in.away)
	clear(in.answers)
	clear(in.entries)
	clear(in.away)
	in.away = in.away[:0]
	return nil
}

func (p *process) findEntries() {
	in := &p.in
	in.entries = in.entries[:0]
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range in.answers {
		a := &in.answers[i]
		e := p.mu.entries.get(a.Ticket)
		if e == nil || e.Origin.Conn != a.Origin {
			in.entries = append(in.entries, entry{})
			continue
		}
		in.entries = append(in.entries, *e)
		p.mu.entries.remove(a.Ticket)
		if len(a.Verdicts) == 0 {
			p.end()
		}
	}
}

// end notes that the process takes nothing more until it comes again. mu is held.
func (p *process) end() {
	p.mu.ending = true
	p.open.Store(false)
}

// reroute asks elsewhere what a process has not taken. What has been rerouted before, or has no process, is answered.
func (c *Clue) reroute(lines []line, entries []entry) {
	var ds []clue.Decision
	for i := range lines {
		l := &lines[i]
		if first := !l.rerouted; first {
			l.rerouted = true
			if c.askLine(l) {
				c.meters.rerouted.Inc()
				continue
			}
		}
		c.meters.refused.Inc()
		ds = append(ds, unavailable(l))
	}
	left := entries[:0]
	for i := range entries {
		e := &entries[i]
		if !e.rerouted {
			e.rerouted = true
			if c.askEntry(e) {
				c.meters.rerouted.Inc()
				continue
			}
		}
		c.meters.refused.Inc()
		left = append(left, *e)
	}
	c.answer(ds, left)
}

// answer answers in a clue's place.
func (c *Clue) answer(ds []clue.Decision, es []entry) {
	if len(ds) > 0 {
		c.cfg.Replier.Decided(ds)
	}
	for i := range es {
		c.cfg.Admitter.Admitted(&es[i].Admission, c.unasked(&es[i].Admission))
	}
}

// unavailable answers a line that nobody could decide.
func unavailable(l *line) clue.Decision {
	d := decisionFor(l)
	d.Outcome, d.Rejection = clue.Rejected, clue.Unavailable(l.Text)
	return d
}

// unsure answers a line that was sent, and perhaps decided.
func unsure(l *line) clue.Decision {
	d := decisionFor(l)
	d.Outcome, d.Rejection = clue.Rejected, clue.Unsure(l.Text)
	return d
}

func decisionFor(l *line) clue.Decision {
	return clue.Decision{Room: l.Room, User: l.User, Nonce: l.Nonce, Origin: l.Origin, Ticket: l.Ticket}
}
