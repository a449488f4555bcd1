package uplink

import (
	"context"
	"time"

	"uproar/core/clue"
	wire "uproar/proto/link"
)

const (
	writeMax    = 256                    // lines, and admissions, that are encoded at once
	expireEvery = 100 * time.Millisecond // how often those are forgotten whose time is over
)

// outbox is what run sends. It is its own.
type outbox struct {
	lines   []wire.Submission
	entries []wire.Admission
	frames  []byte
}

// run sends what is to be sent until ctx ends. What comes while it encodes shares the next frame.
func (p *process) run(ctx context.Context) {
	ticks := time.NewTicker(expireEvery)
	defer ticks.Stop()
	for {
		select {
		case <-p.wake:
			for p.write() {
			}
		case <-ticks.C:
			p.expire()
		case <-ctx.Done():
			return
		}
	}
}

// write sends some of what is to be sent, and reports whether there was any.
func (p *process) write() bool {
	life := p.collect()
	if len(p.out.lines)+len(p.out.entries) == 0 {
		return false
	}
	p.encode()
	if p.send(life) == ErrBusy {
		p.giveBack()
	}
	clear(p.out.lines)
	clear(p.out.entries)
	return true
}

// collect fills outbox with what is to be sent by the link of the moment.
func (p *process) collect() (life uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o, now := &p.out, p.clue.now()
	o.lines, o.entries = o.lines[:0], o.entries[:0]
	p.mu.lines.send(writeMax, func(ticket uint32, l *line) {
		o.lines = append(o.lines, submissionOf(l, ticket, now))
	})
	p.mu.entries.send(writeMax, func(ticket uint32, e *entry) {
		o.entries = append(o.entries, admissionOf(e, ticket, now))
	})
	return p.mu.life
}

// encode makes frames of what was collected. A value that fits no frame is left out: nobody answers it but the edge,
// when its time is over. None that a client can make is.
func (p *process) encode() {
	o := &p.out
	var err error
	if o.frames, err = wire.AppendSubmissions(o.frames[:0], o.lines); err != nil {
		for i := range o.lines {
			o.frames, _ = wire.AppendSubmissions(o.frames, o.lines[i:i+1])
		}
	}
	before := o.frames
	if o.frames, err = wire.AppendAdmissions(before, o.entries); err != nil {
		o.frames = before
		for i := range o.entries {
			o.frames, _ = wire.AppendAdmissions(o.frames, o.entries[i:i+1])
		}
	}
}

// send hands the frames to the link, unless that has ended since: then Down has answered.
func (p *process) send(life uint64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.mu.up || p.mu.life != life {
		return nil
	}
	return p.peer.Write(p.out.frames)
}

// giveBack answers what the link had no room for.
func (p *process) giveBack() {
	var ds []clue.Decision
	var es []entry
	p.mu.Lock()
	for i := range p.out.lines {
		if l := p.mu.lines.get(p.out.lines[i].Ticket); l != nil {
			ds = append(ds, unavailable(l))
			p.mu.lines.remove(p.out.lines[i].Ticket)
		}
	}
	for i := range p.out.entries {
		if e := p.mu.entries.get(p.out.entries[i].Ticket); e != nil {
			es = append(es, *e)
			p.mu.entries.remove(p.out.entries[i].Ticket)
		}
	}
	p.mu.Unlock()
	p.clue.meters.refused.Add(len(ds) + len(es))
	p.clue.answer(ds, es)
}

// expire forgets what has had no answer in time: the edge has answered.
func (p *process) expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clue.now()
	for l := p.mu.lines.get(p.mu.lines.head); l != nil && l.until <= now; l = p.mu.lines.get(p.mu.lines.head) {
		p.mu.lines.remove(p.mu.lines.head)
		p.clue.meters.timeouts.Inc()
	}
	for e := p.mu.entries.get(p.mu.entries.head); e != nil && e.until <= now; e = p.mu.entries.get(p.mu.entries.head) {
		p.mu.entries.remove(p.mu.entries.head)
		p.clue.meters.timeouts.Inc()
	}
}
