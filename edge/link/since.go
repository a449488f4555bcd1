package link

import (
	"context"
	"errors"
	"sync"
	"time"

	"uproar/core/exchange"
	"uproar/edge/engine"
	wire "uproar/proto/link"
)

// What a child is told whose question has no answer. It asks again.
var (
	errBusy   = errors.New("too many questions are under way")
	errBehind = errors.New("the link was too full for the answer")
)

// Bounds of the questions to the Feed. An edge may have one for each room; all edges have theirs when a relay comes
// back, and ask the same then. Beyond the bounds a question is answered with an error at once.
const (
	askersMax         = 64    // under way, each on a goroutine
	sincesMax         = 16384 // different ones, waiting for one of those
	sincesPerChildMax = 1024  // of one child, until it has its answers
)

// question is one that waits for the Feed, on behalf of all who have asked it meanwhile.
type question struct {
	room    string
	after   wire.Position
	until   time.Time // of the first who asked
	answers []answerTo
}

// answerTo is to whom an answer goes.
type answerTo struct {
	loop *engine.Loop
	conn engine.Handle
	id   uint32
}

// questions is the queue of those. One that has begun is never joined: its answer may be older than what has been sent
// to whoever asks now.
type questions struct {
	queue chan *question
	mu    struct {
		sync.Mutex
		waiting map[place]*question
	}
}

type place struct {
	room  string
	after wire.Position
}

func (x *questions) init() {
	x.queue, x.mu.waiting = make(chan *question, sincesMax), map[place]*question{}
}

// put has a question asked, or joins one that waits.
func (x *questions) put(s *wire.Since, to answerTo, until time.Time) (taken, joined bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	at := place{s.Room, s.After}
	if q := x.mu.waiting[at]; q != nil {
		q.answers = append(q.answers, to)
		return true, true
	}
	q := &question{s.Room, s.After, until, []answerTo{to}}
	select {
	case x.queue <- q:
		x.mu.waiting[at] = q
		return true, false
	default:
		return false, false
	}
}

// begin ends the waiting of a question from the queue.
func (x *questions) begin(q *question) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.mu.waiting, place{q.room, q.after})
}

// since asks the Feed on behalf of the child.
func (c *child) since(body []byte) error {
	s, err := wire.ParseSince(body)
	if err != nil {
		return err
	}
	c.node.meters.sinces.Inc()
	if c.asking+len(c.unanswered) < sincesPerChildMax {
		to := answerTo{c.loop.engine, c.conn.Handle(), s.ID}
		taken, joined := c.node.sinces.put(&s, to, time.Now().Add(c.node.cfg.SinceTimeout))
		if joined {
			c.node.meters.sincesMerged.Inc()
		}
		if taken {
			c.asking++
			return nil
		}
	}
	c.node.meters.sincesRefused.Inc()
	c.found(&wire.Found{ID: s.ID, Error: errBusy.Error()})
	return nil
}

// ask passes questions to the Feed, one after the other. The answers go by the mailbox.
func (n *Node) ask(ctx context.Context) {
	for {
		select {
		case q := <-n.sinces.queue:
			n.sinces.begin(q)
			answer := n.answer(ctx, q)
			for _, to := range q.answers {
				answer.ID = to.id
				to.loop.PostAlways(foundTask{to.conn, answer}) // at most sincesPerChildMax per child
			}
		case <-ctx.Done():
			return
		}
	}
}

// answer is without an ID.
func (n *Node) answer(ctx context.Context, q *question) wire.Found {
	ctx, cancel := context.WithDeadline(ctx, q.until)
	defer cancel()
	err := ctx.Err() // it may have waited for too long
	if err == nil {
		var parts [][]byte
		var head exchange.Position
		if parts, head, err = n.cfg.Feed.Since(ctx, q.room, exchange.Position(q.after)); err == nil {
			return wire.Found{Head: wire.Position(head), Parts: parts}
		}
	}
	n.meters.sincesFailed.Inc()
	return wire.Found{Error: err.Error()}
}

// foundTask takes an answer to the child who asked.
type foundTask struct {
	conn   engine.Handle
	answer wire.Found
}

func (t foundTask) Run(l *engine.Loop) {
	if conn := l.Conn(t.conn); conn != nil && conn.Open() {
		c := conn.Handler().(*child)
		c.asking--
		c.found(&t.answer)
	}
}

// found sends an answer, or remembers that the child has to be told that there is none.
func (c *child) found(f *wire.Found) {
	b := c.loop.engine.NewBuffer()
	defer b.Release()
	var err error
	if b.B, err = wire.AppendFound(b.B, f); err != nil {
		b.B, _ = wire.AppendFound(b.B, &wire.Found{ID: f.ID, Error: err.Error()})
	}
	if !c.conn.Send(b) && len(c.unanswered) < sincesPerChildMax {
		c.unanswered = append(c.unanswered, f.ID)
	}
}
