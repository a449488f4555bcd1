package link

import (
	"time"

	"uproar/core/chat"
	"uproar/core/clue"
	"uproar/edge/engine"
	wire "uproar/proto/link"
)

// clueChild is one connection of an asker. But for what Clue.mu guards it belongs to its loop.
type clueChild struct {
	clue  *Clue
	asker *asker
	loop  *engine.Loop
	conn  *engine.Conn
	lag   lag

	// Kept for the next time.
	asked    []wire.Submission
	enters   []wire.Admission
	answers  []wire.Decision
	verdicts []wire.Answer
	events   eventWriter

	// Under Clue.mu: what the asker gathers answers in, by turns.
	decided []clue.Decision
	entries []entry
}

// submissions hands lines to the Decider. Those that it does not take are answered at once.
func (c *clueChild) submissions(body []byte) (err error) {
	if c.asked, err = wire.ParseSubmissions(c.asked[:0], body); err != nil {
		return err
	}
	c.clue.meters.lines.Add(len(c.asked))
	come, back := time.Since(c.clue.start), 0
	free, ending := c.clue.enter(c.asker, len(c.asked))
	for i := range c.asked {
		s := &c.asked[i]
		late := c.late(s.Left, s.Sent, come)
		var outcome wire.Outcome
		var notice *chat.Notice
		switch {
		case ending:
			outcome = wire.Stopped
			c.clue.meters.stopped.Inc()
		case i >= free:
			outcome = wire.Busy
			c.clue.meters.busy.Inc()
		default:
			if outcome, notice = c.submit(s, late); outcome == 0 {
				continue
			}
			back++
		}
		c.answers = append(c.answers, wire.Decision{Ticket: s.Ticket, Origin: s.Origin, Outcome: outcome, Notice: noticeOf(notice)})
	}
	clear(c.asked)
	c.clue.leave(c.asker, back)
	c.send()
	return nil
}

// late reports whether what came just now has too little time left to be asked.
func (c *clueChild) late(left, sent, come time.Duration) bool {
	return left-c.lag.of(sent, come) < c.clue.cfg.Within
}

// submit hands one line to the Decider. An outcome other than 0 is its answer.
func (c *clueChild) submit(s *wire.Submission, late bool) (wire.Outcome, *chat.Notice) {
	m := &c.clue.meters
	line, ok := submissionOf(s, c.asker.id)
	switch {
	case !ok:
		m.invalid.Inc()
		return wire.Rejected, clue.Unavailable(s.Text)
	case late:
		m.late.Inc()
		return wire.Rejected, clue.Unavailable(s.Text)
	}
	switch c.clue.cfg.Decider.Submit(line) {
	case nil:
		return 0, nil
	case clue.ErrStopped:
		m.stopped.Inc()
		return wire.Stopped, nil
	}
	m.busy.Inc()
	return wire.Busy, nil
}

// admissions asks the Decider about rooms.
func (c *clueChild) admissions(body []byte) (err error) {
	if c.enters, err = wire.ParseAdmissions(c.enters[:0], body); err != nil {
		return err
	}
	c.clue.meters.admissions.Add(len(c.enters))
	come, back := time.Since(c.clue.start), 0
	free, ending := c.clue.enter(c.asker, len(c.enters))
	for i := range c.enters {
		a := &c.enters[i]
		late := c.late(a.Left, a.Sent, come)
		switch {
		case ending:
			c.clue.meters.stopped.Inc()
			c.verdicts = append(c.verdicts, wire.Answer{Ticket: a.Ticket, Origin: a.Origin, Again: a.Again})
		case i < free && c.admit(a, late):
		default:
			if i < free {
				back++
			} else {
				c.clue.meters.busy.Inc()
			}
			c.verdicts = append(c.verdicts, turnedAway(a))
		}
	}
	clear(c.enters)
	c.clue.leave(c.asker, back)
	c.send()
	return nil
}

// admit asks the Decider about one admission, and reports whether it was. What it knows at once goes behind what waits,
// so that answers to one origin are in order.
func (c *clueChild) admit(a *wire.Admission, late bool) bool {
	admission, ok := admissionOf(a, c.asker.id)
	switch {
	case !ok:
		c.clue.meters.invalid.Inc()
		return false
	case late:
		c.clue.meters.late.Inc()
		return false
	}
	if as, known := c.clue.cfg.Decider.Admit(admission); known {
		c.clue.Admitted(&admission, as)
	}
	return true
}

// answer sends what the Decider has answered.
func (c *clueChild) answer(ds []clue.Decision, es []entry) {
	events := c.events.encode(ds)
	for i := range ds {
		c.answers = append(c.answers, decisionOf(&ds[i], events[i]))
	}
	for i := range es {
		c.verdicts = append(c.verdicts, answerOf(&es[i]))
	}
	c.send()
}

// send sends the answers and verdicts that have been collected, in one write. A link that is too far behind does not
// get them.
func (c *clueChild) send() {
	n := len(c.answers) + len(c.verdicts)
	if n == 0 {
		return
	}
	b := c.loop.NewBuffer()
	b.B = c.append(b.B)
	if !c.conn.Send(b) {
		c.clue.meters.dropped.Add(n)
	}
	b.Release()
	clear(c.answers)
	clear(c.verdicts)
	c.answers, c.verdicts = c.answers[:0], c.verdicts[:0]
}

func (c *clueChild) append(dst []byte) []byte {
	dst, err := wire.AppendDecisions(dst, c.answers)
	if err == nil {
		dst, err = wire.AppendAnswers(dst, c.verdicts)
	}
	if err != nil {
		panic("BUG: " + err.Error()) // what is sent keeps to the limits of what came, and of noticeOf and eventWriter
	}
	return dst
}

// answersKeptMax bounds what a connection keeps room for, in answers.
const answersKeptMax = 1024

// keep gives what answers were gathered in back to the asker.
func (c *clueChild) keep(ds []clue.Decision, es []entry) {
	clear(ds)
	clear(es)
	if cap(ds) > answersKeptMax {
		ds = nil
	}
	if cap(es) > answersKeptMax {
		es = nil
	}
	c.clue.mu.Lock()
	defer c.clue.mu.Unlock()
	c.decided, c.entries = ds[:0], es[:0]
}
