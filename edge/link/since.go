package link

import (
	"context"
	"errors"

	"uproar/core/exchange"
	"uproar/edge/engine"
	wire "uproar/proto/link"
)

// What a child is told whose question has no answer. It asks again.
var (
	errBusy   = errors.New("too many questions are under way")
	errBehind = errors.New("the link was too full for the answer")
)

// since asks the Feed on behalf of the child.
func (c *child) since(body []byte) error {
	q, err := wire.ParseSince(body)
	if err != nil {
		return err
	}
	c.relay.meters.sinces.Inc()
	if c.asking+len(c.unanswered) >= sincesPerChildMax || !c.relay.ask(c.conn, &q) {
		c.relay.meters.sincesRefused.Inc()
		c.found(&wire.Found{ID: q.ID, Error: errBusy.Error()})
		return nil
	}
	c.asking++
	return nil
}

// ask has a goroutine ask the Feed, whose answer comes by the mailbox. It reports false when too many are under way,
// or Run does not run.
func (r *Relay) ask(c *engine.Conn, q *wire.Since) bool {
	r.asked.Lock()
	defer r.asked.Unlock()
	if r.asked.ctx == nil || r.asked.ctx.Err() != nil || r.sinces.Load() >= sincesMax {
		return false
	}
	r.sinces.Add(1)
	ctx, l, conn, question := r.asked.ctx, c.Loop(), c.Handle(), *q
	r.asked.Go(func() {
		defer r.sinces.Add(-1)
		ctx, cancel := context.WithTimeout(ctx, r.cfg.SinceTimeout)
		defer cancel()
		parts, head, err := r.cfg.Feed.Since(ctx, question.Room, exchange.Position(question.After))
		answer := wire.Found{ID: question.ID, Head: wire.Position(head), Parts: parts}
		if err != nil {
			r.meters.sincesFailed.Inc()
			answer = wire.Found{ID: question.ID, Error: err.Error()}
		}
		l.PostAlways(foundTask{conn, answer}) // at most sincesMax, and what the mailbox has not run yet
	})
	return true
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
