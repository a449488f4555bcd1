package uplink

import (
	"sync"
	"sync/atomic"
	"time"

	"uproar/core/clue"
	wire "uproar/proto/link"
)

// underWayMax is how many lines of one process may be without an answer, and how many admissions: what it takes of one
// edge.
const underWayMax = 16384

// line is a line that is under way.
type line struct {
	clue.Submission
	until    time.Duration
	rerouted bool
}

// entry is an admission that is under way.
type entry struct {
	clue.Admission
	until    time.Duration
	rerouted bool
}

// process is one clue process: what is asked of it, and the link to it. Its Peer calls Up, Frame and Down.
//
// Lock order: mu -> the Peer's. No two processes' are held together.
type process struct {
	clue *Clue
	peer *Peer
	hash uint64        // of its address
	open atomic.Bool   // it is up, and not ending
	wake chan struct{} // capacity 1: something is to be sent

	mu struct {
		sync.Mutex
		up      bool
		ending  bool   // it has said so
		life    uint64 // of the link
		lines   pending[line]
		entries pending[entry]
	}

	in  inbox
	out outbox
}

func newProcess(c *Clue, addr string) (*process, error) {
	p := &process{clue: c, hash: hashOf(addr), wake: make(chan struct{}, 1)}
	var err error
	p.peer, err = NewPeer(PeerConfig{
		Addr: addr, Use: "clue", Self: c.cfg.Self, Secret: c.cfg.Secret, Owner: p,
		DialTimeout: c.cfg.DialTimeout, SilenceMax: c.cfg.SilenceMax, BackoffMin: c.cfg.BackoffMin, BackoffMax: c.cfg.BackoffMax,
		Log: c.cfg.Log, Metrics: c.cfg.Metrics,
	})
	if err == nil {
		c.meters.watch(p)
	}
	return p, err
}

// takeLine takes a line to be sent, if the process is up.
func (p *process) takeLine(l *line) (taken, up bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.mu.up || p.mu.ending {
		return false, false
	}
	if taken = p.mu.lines.add(l, underWayMax); taken {
		p.hurry()
	}
	return taken, true
}

// takeEntry does the same with an admission.
func (p *process) takeEntry(e *entry) (taken, up bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.mu.up || p.mu.ending {
		return false, false
	}
	if taken = p.mu.entries.add(e, underWayMax); taken {
		p.hurry()
	}
	return taken, true
}

func (p *process) hurry() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// waiting is how much is under way.
func (p *process) waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int(p.mu.lines.next-p.mu.lines.head) + int(p.mu.entries.next-p.mu.entries.head)
}

// Up implements Owner.
func (p *process) Up(wire.Hello) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mu.up, p.mu.ending = true, false
	p.mu.life++
	p.open.Store(true)
	p.clue.first.Do(func() { close(p.clue.linked) })
}

// Down implements Owner: lines that were sent are answered; those that were not, and admissions, which change nothing,
// are asked elsewhere.
func (p *process) Down(*DownError) {
	var lost []clue.Decision
	var lines []line
	var entries []entry
	p.mu.Lock()
	p.mu.up = false
	p.open.Store(false)
	p.mu.lines.all(func(l *line, sent bool) {
		if sent {
			lost = append(lost, unsure(l))
		} else {
			lines = append(lines, *l)
		}
	})
	p.mu.entries.all(func(e *entry, _ bool) { entries = append(entries, *e) })
	p.mu.Unlock()
	p.clue.meters.lost.Add(len(lost))
	p.clue.answer(lost, nil)
	p.clue.reroute(lines, entries)
}
