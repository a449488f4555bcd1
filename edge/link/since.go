package link

import (
	"context"
	"errors"
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

// question is one that waits for the Feed.
type question struct {
	wire.Since
	loop  *engine.Loop
	conn  engine.Handle
	until time.Time
}

// since asks the Feed on behalf of the child.
func (c *child) since(body []byte) error {
	s, err := wire.ParseSince(body)
	if err != nil {
		return err
	}
	c.relay.meters.sinces.Inc()
	q := question{s, c.loop.engine, c.conn.Handle(), time.Now().Add(c.relay.cfg.SinceTimeout)}
	if c.asking+len(c.unanswered) < sincesPerChildMax {
		select {
		case c.relay.sinces <- q:
			c.asking++
			return nil
		default:
		}
	}
	c.relay.meters.sincesRefused.Inc()
	c.found(&wire.Found{ID: q.ID, Error: errBusy.Error()})
	return nil
}

// ask passes questions to the Feed, one after the other. The answers go by the mailbox.
func (r *Relay) ask(ctx context.Context) {
	for {
		select {
		case q := <-r.sinces:
			q.loop.PostAlways(foundTask{q.conn, r.answer(ctx, &q)}) // at most sincesPerChildMax per child
		case <-ctx.Done():
			return
		}
	}
}

func (r *Relay) answer(ctx context.Context, q *question) wire.Found {
	ctx, cancel := context.WithDeadline(ctx, q.until)
	defer cancel()
	err := ctx.Err() // it may have waited for too long
	if err == nil {
		var parts [][]byte
		var head exchange.Position
		if parts, head, err = r.cfg.Feed.Since(ctx, q.Room, exchange.Position(q.After)); err == nil {
			return wire.Found{ID: q.ID, Head: wire.Position(head), Parts: parts}
		}
	}
	r.meters.sincesFailed.Inc()
	return wire.Found{ID: q.ID, Error: err.Error()}
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
