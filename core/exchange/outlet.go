package exchange

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"uproar/core/trace"
)

// Bounds of what is under way to a bus that has been away, and of what is published and
// has not come home by the Feed. That is kept to come home before what follows, if the
// partition goes away. Of a partition.
const (
	windowParcels = 256
	windowBytes   = 256 << 10

	keptAge   = 10 * time.Second
	keptBytes = 256 << 10
)

// outlet is one partition of a Sender.
type outlet struct {
	sender *Sender
	// life counts failures: what the bus was given before the last one, and has not sent, is
	// not to be sent any more, for it would overtake what has failed.
	life atomic.Uint64
	mu   struct {
		sync.Mutex
		parcels []*parcel // those published are in front
		away    bool
		from    uint64    // since this number everything has come home, if the first parcel has
		answers bool      // the bus has answered since its last failure
		again   time.Time // the bus is given nothing before
		trimmed time.Time // last

		under, underBytes int // parcels that the bus has, or gets next
		waiting, gaps     int // parcels
		lines, bytes      int // not published
		kept              int // bytes published
		acting            bool
		effects, spare    []effect
		scratch           []byte // of pack
	}
}

// effect is something to be done without a lock.
type effect struct {
	kind   effectKind
	parcel *parcel
	turn   uint32 // of the parcel, for give
	body   []byte // for bringHome, as are the next two: the parcel may become a gap meanwhile
	stamp  Stamp
	from   uint64
	of     *publication
}

type effectKind uint8

const (
	give      effectKind = iota // the parcel to the bus
	bringHome                   // the parcel
	tell                        // who has published it
)

// take takes new parcels. o is locked, as for all of what follows but act.
func (o *outlet) take(all []*parcel) {
	now := time.Now()
	for _, p := range all {
		p.taken = now
		o.mu.parcels = append(o.mu.parcels, p)
		o.sender.parcels.Add(1)
		o.grow(p.Count, len(p.Body))
		if o.mu.away {
			p.state = waiting
			o.mu.waiting++
			o.comeHome(p)
		} else {
			o.next(p)
		}
	}
	if o.mu.away {
		if o.over(1) {
			o.trim(now)
		}
		o.pump(now)
	}
}

// next has the bus given a parcel.
func (o *outlet) next(p *parcel) {
	p.state = next
	o.mu.under++
	o.mu.underBytes += len(p.Body)
	p.turn++
	o.do(effect{kind: give, parcel: p, turn: p.turn})
}

// answered is the Done of a parcel.
func (o *outlet) answered(p *parcel, err error) {
	o.mu.Lock()
	if p.state != under {
		panic("BUG: an answer for lines that the bus does not have")
	}
	o.mu.under--
	o.mu.underBytes -= len(p.Body)
	switch {
	case err == nil:
		o.published(p)
	case o.sender.cfg.Home == nil:
		o.end(p) // there is nobody to publish it again
		o.settle(p, err)
	default:
		o.failed(p, err)
	}
	o.prune(time.Now())
	o.pump(time.Now())
	o.act()
}

func (o *outlet) published(p *parcel) {
	o.mu.answers = true
	if !p.again {
		for _, id := range p.ids {
			o.sender.cfg.Trace.Note(trace.Published, id)
		}
	}
	if p.home && !p.late && p.missed == 0 {
		o.publishAgain(p)
		return
	}
	o.end(p)
	switch {
	case p.missed > 0:
		o.mu.gaps--
		o.sender.meters.announced.Add(int(p.missed))
	case p.home:
		o.sender.meters.republished.Add(p.Count)
	default:
		o.settle(p, nil)
	}
}

// publishAgain has a parcel published that the bus has published already, so that the
// stream says that it has been delivered at home. It has not ended.
func (o *outlet) publishAgain(p *parcel) {
	p.again = true
	if !o.mu.away {
		o.next(p)
		return
	}
	p.state = waiting
	o.mu.waiting++
}

// end leaves a parcel to prune.
func (o *outlet) end(p *parcel) {
	p.state = published
	o.grow(-p.Count, -len(p.Body))
	o.mu.kept += len(p.Body)
}

// failed puts a parcel into the backlog.
func (o *outlet) failed(p *parcel, err error) {
	p.state = waiting
	p.unsure = p.unsure || !surely(err)
	o.mu.waiting++
	o.mu.answers = false
	o.mu.again = time.Now().Add(againAfter)
	o.life.Add(1)
	o.hold()
	o.leave()
	if errors.Is(err, ErrTooLong) && p.missed == 0 { // it would be so again
		o.fallOut(p)
	}
}

// hold puts what the bus would get next into the backlog: what has failed comes first.
func (o *outlet) hold() {
	for _, p := range o.mu.parcels {
		if p.state == next {
			p.state = waiting
			o.mu.waiting++
			o.mu.under--
			o.mu.underBytes -= len(p.Body)
		}
	}
}

// leave takes the partition away, unless it is.
func (o *outlet) leave() {
	if o.mu.away {
		return
	}
	o.mu.away = true
	o.sender.away.Add(1)
	o.sender.meters.went.Inc()
	if !o.mu.parcels[0].home {
		o.mu.from = o.mu.parcels[0].number
	}
	for _, p := range o.mu.parcels {
		if p.home {
			continue
		}
		missing := o.expected(p)
		o.comeHome(p)
		if p.state == published && missing { // it has ended
			o.mu.kept -= len(p.Body)
			o.grow(p.Count, len(p.Body))
			o.publishAgain(p)
		}
	}
}

// comeHome has a parcel delivered at home, and its publisher told.
func (o *outlet) comeHome(p *parcel) {
	p.home = true
	o.do(effect{
		kind: bringHome, parcel: p, body: p.Body, stamp: Stamp{o.sender.cfg.Publisher, p.number}, from: o.mu.from,
	})
	if p.state != published {
		o.settle(p, nil)
	}
}

// settle has the publisher told when its last parcel is settled.
func (o *outlet) settle(p *parcel, err error) {
	of := p.of
	if of.left--; of.err == nil {
		of.err = err
	}
	if of.left == 0 {
		o.do(effect{kind: tell, of: of})
	}
}

// pump gives the bus what waits, in order: one parcel, until that is answered, then more.
// When nothing waits any more and no answer is late the partition is back.
func (o *outlet) pump(now time.Time) {
	if !o.mu.away || now.Before(o.mu.again) || !o.mu.answers && o.mu.under > 0 {
		return
	}
	for _, p := range o.mu.parcels {
		if o.mu.waiting == 0 || o.mu.under >= windowParcels || o.mu.underBytes >= windowBytes {
			break
		}
		if p.state == waiting {
			o.mu.waiting--
			o.next(p)
			if !o.mu.answers {
				return
			}
		}
	}
	if o.mu.waiting == 0 && !o.late(now) {
		o.mu.away = false
		o.sender.away.Add(-1)
	}
}

// tick takes the partition away when an answer is late, and looks after the backlog.
func (o *outlet) tick(now time.Time) {
	o.mu.Lock()
	o.prune(now)
	if !o.mu.away && o.sender.cfg.Home != nil && o.late(now) {
		o.mu.answers = false
		o.leave()
	}
	if o.mu.away {
		if now.Sub(o.mu.trimmed) >= trimEvery {
			o.trim(now)
		}
		o.pump(now)
	}
	o.act()
}

// late reports whether the oldest parcel without an answer has waited too long for it.
func (o *outlet) late(now time.Time) bool {
	for _, p := range o.mu.parcels {
		switch p.state {
		case next:
			return now.Sub(p.taken) >= o.sender.cfg.AwayAfter
		case under:
			return now.Sub(p.given) >= o.sender.cfg.AwayAfter
		}
	}
	return false
}

// prune drops, from the front, what is published and not kept any longer.
func (o *outlet) prune(now time.Time) {
	n := 0
	for _, p := range o.mu.parcels {
		if p.state != published || o.mu.kept <= keptBytes && now.Sub(p.given) < keptAge && o.expected(p) {
			break
		}
		o.mu.kept -= len(p.Body)
		n++
	}
	clear(o.mu.parcels[:n])
	if o.mu.parcels = o.mu.parcels[n:]; len(o.mu.parcels) == 0 {
		o.mu.parcels = nil
	}
	o.sender.parcels.Add(int64(-n))
}

// expected reports whether a parcel that is published has yet to come home.
func (o *outlet) expected(p *parcel) bool {
	s := o.sender
	return s.cfg.Home != nil && !p.home && s.cfg.Home.expects(p.Room, Stamp{s.cfg.Publisher, p.number})
}

func (o *outlet) grow(lines, bytes int) {
	o.mu.lines += lines
	o.mu.bytes += bytes
	o.sender.lines.Add(int64(lines))
	o.sender.bytes.Add(int64(bytes))
}

func (o *outlet) do(e effect) { o.mu.effects = append(o.mu.effects, e) }

// act carries out what is to be done, unless somebody does. It unlocks o.
func (o *outlet) act() {
	if !o.mu.acting {
		o.mu.acting = true
		for len(o.mu.effects) > 0 {
			all := o.mu.effects
			o.mu.effects = o.mu.spare[:0]
			for i := range all {
				o.carryOut(&all[i])
			}
			clear(all)
			o.mu.spare = all
		}
		o.mu.acting = false
	}
	o.mu.Unlock()
}

// carryOut does one thing. o is locked, but not meanwhile.
func (o *outlet) carryOut(e *effect) {
	s, p := o.sender, e.parcel
	switch e.kind {
	case give:
		if p.state != next || p.turn != e.turn { // the partition has gone away
			return
		}
		p.state, p.given, p.life = under, time.Now(), o.life.Load()
		if p.missed > 0 { // more may have joined it
			before := len(p.Body)
			p.encodeGap(s.cfg.Publisher)
			o.grow(0, len(p.Body)-before)
			o.mu.underBytes += len(p.Body) - before
		} else if p.home && !p.late {
			p.Body, p.late = lateBody(p.Body), true
		}
		o.mu.Unlock()
		if err := s.cfg.Bus.Publish(&p.Lines); err != nil {
			o.answered(p, err)
		}
		o.mu.Lock()
	case bringHome:
		o.mu.Unlock()
		s.cfg.Home.Home(p.Room, e.from, e.stamp, unpack(p.Room, e.body))
		o.mu.Lock()
	case tell:
		err := e.of.err
		o.mu.Unlock()
		e.of.done(err)
		o.mu.Lock()
	}
}
