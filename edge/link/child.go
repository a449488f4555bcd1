package link

import (
	"errors"

	"uproar/edge/engine"
	wire "uproar/proto/link"
)

// child is one process below. It belongs to its connection's loop.
type child struct {
	node      *Node
	loop      *loop
	conn      *engine.Conn
	in        wire.Decoder
	handshake *wire.Handshake // nil once it is done
	peer      uint64          // id of the process; 0 until the handshake is done
	fed       bool            // it has asked for something of the exchange
	parting   bool            // its timer is for parting from it
	wanted    wire.Set
	missed    wire.Set // partitions of which it could not be sent something; it is told when it has read what it was sent

	asking     int      // questions under way, up to sincesPerChildMax
	unanswered []uint32 // ids of questions whose answers it could not be sent, up to sincesPerChildMax; it is told likewise
}

// Open begins a link on a new connection; it is for engine.Listener.
func (n *Node) Open(c *engine.Conn) engine.Handler {
	ch := &child{node: n, loop: loopOf(c.Loop()), conn: c, handshake: n.greet()}
	if n.cutOff.Load() && n.cfg.Clue == nil {
		c.Write(wire.AppendPreface(nil))
		ch.refuse(errCutOff)
		return ch
	}
	c.Write(ch.handshake.Begin(nil))
	c.SetTimer(n.cfg.HandshakeTimeout)
	return ch
}

// Data implements engine.Handler.
func (c *child) Data(conn *engine.Conn, in []byte) int {
	used := 0
	for conn.Open() {
		f, n, err := c.in.Next(in[used:])
		if err == nil && n == 0 {
			return used
		}
		if err == nil && f.Kind != wire.KindNone {
			err = c.frame(f)
		}
		if err != nil {
			c.refuse(err)
			break
		}
		used += n
	}
	return len(in)
}

// frame acts on one frame.
func (c *child) frame(f wire.Frame) error {
	if c.handshake != nil {
		return c.meet(f)
	}
	if !c.parting {
		c.conn.SetTimer(c.node.cfg.IdleTimeout)
	}
	switch f.Kind {
	case wire.KindWant, wire.KindSince, wire.KindTell:
		switch {
		case c.node.cfg.Feed == nil:
			return errNoExchange
		case !c.fed && c.node.cutOff.Load():
			return errCutOff
		}
		c.fed = true
		return c.ofExchange(f)
	case wire.KindSubmissions, wire.KindAdmissions:
		if c.node.cfg.Clue == nil {
			return errNoClue
		}
		return c.node.cfg.Clue.Frame(c.ref(), f)
	case wire.KindPing:
		p, err := wire.ParsePing(f)
		if err == nil {
			c.conn.WriteUrgent(wire.AppendPong(c.loop.engine.Scratch(), wire.Ping{ID: p.ID}))
		}
		return err
	case wire.KindPong:
		return nil
	case wire.KindRefuse:
		return wire.ParseRefuse(f.Body)
	}
	return &wire.FrameError{Kind: f.Kind, Reason: "not for a node"}
}

// ofExchange acts on a frame for a relay.
func (c *child) ofExchange(f wire.Frame) error {
	switch f.Kind {
	case wire.KindWant:
		return c.want(f)
	case wire.KindSince:
		return c.since(f.Body)
	}
	p, aside, err := wire.ParseTell(f.Body)
	if err != nil {
		return err
	}
	if p >= c.node.cfg.Self.Partitions {
		return &wire.FrameError{Kind: f.Kind, Reason: "partition out of range"}
	}
	c.node.meters.asides.Inc()
	c.node.cfg.Feed.Tell(p, aside)
	return nil
}

// meet takes a frame of the handshake.
func (c *child) meet(f wire.Frame) error {
	out, done, err := c.handshake.Take(nil, f)
	if err != nil {
		return err
	}
	c.conn.Write(out)
	if !done {
		return nil
	}
	c.in.Trust()
	c.peer, c.handshake = c.handshake.Peer().ID, nil
	c.node.meters.children.Inc()
	c.conn.SetTimer(c.node.cfg.IdleTimeout)
	c.tellRoute()
	return nil
}

// tellRoute tells the child of a relay its way up, unless it is on it.
func (c *child) tellRoute() {
	if c.node.cfg.Feed == nil {
		return
	}
	route := *c.node.route.Load()
	if route.Has(c.peer) {
		c.refuse(wire.ErrLoop)
		return
	}
	frame, err := wire.AppendRoute(c.loop.engine.Scratch(), route)
	if err != nil {
		panic("BUG: " + err.Error()) // SetRoute has looked
	}
	c.conn.Write(frame)
}

// want takes the whole set of partitions that the child wants from now on.
func (c *child) want(f wire.Frame) error {
	var next wire.Set
	if err := wire.ParseSet(f, &next, c.node.cfg.Self.Partitions); err != nil {
		return err
	}
	gone, fresh := c.wanted.Without(&next), next.Without(&c.wanted)
	for p := range gone.All() {
		c.loop.leave(p, c)
		c.missed.Remove(p)
	}
	var live wire.Set
	for p := range fresh.All() {
		if c.loop.join(p, c) {
			live.Add(p)
		}
	}
	c.wanted = next
	if live != (wire.Set{}) {
		c.subscribed(&live)
	}
	return nil
}

// subscribed tells the child that payloads of these partitions come, in the order of what is sent to it.
func (c *child) subscribed(s *wire.Set) {
	b := c.loop.engine.NewBuffer()
	b.B = wire.AppendSubscribed(b.B, s)
	if !c.conn.Send(b) {
		for p := range s.All() {
			c.missed.Add(p)
		}
	}
	b.Release()
}

// Drained implements engine.Handler: the child has read what it was sent, and is told what it was not.
func (c *child) Drained(*engine.Conn) {
	missed, unanswered := c.missed, c.unanswered
	c.missed, c.unanswered = wire.Set{}, nil
	if missed != (wire.Set{}) {
		c.node.meters.toldAnew.Inc()
		c.subscribed(&missed)
	}
	for _, id := range unanswered {
		c.found(&wire.Found{ID: id, Error: errBehind.Error()})
	}
}

// refuse tells the child why, and closes. After a handshake a refusal may be read behind what waits.
func (c *child) refuse(err error) {
	reason := engine.ReasonProtocol
	var refused *wire.RefusedError
	switch {
	case errors.As(err, &refused):
		c.conn.Close(engine.ReasonQuit)
		return
	case errors.Is(err, wire.ErrSecret):
		reason = engine.ReasonAuth
	}
	c.node.meters.refused.Inc()
	c.conn.Write(wire.AppendRefuse(c.loop.engine.Scratch(), err.Error()))
	c.conn.Close(reason)
}

// Timer implements engine.Handler: the child has been silent for too long, or is to be parted from.
func (c *child) Timer(conn *engine.Conn) {
	if c.parting {
		c.part()
		return
	}
	reason := engine.ReasonPingTimeout
	if c.handshake != nil {
		reason = engine.ReasonRegisterTimeout
	}
	conn.Write(wire.AppendRefuse(c.loop.engine.Scratch(), reason.Text()))
	conn.Close(reason)
}

// Drain implements engine.Handler. The child finds another node.
func (c *child) Drain(conn *engine.Conn) {
	conn.Write(wire.AppendRefuse(c.loop.engine.Scratch(), engine.ReasonDrain.Text()))
	conn.Close(engine.ReasonDrain)
}

// Closed implements engine.Handler.
func (c *child) Closed(*engine.Conn, engine.Reason) {
	for p := range c.wanted.All() {
		c.loop.leave(p, c)
	}
	c.wanted = wire.Set{}
	if c.handshake == nil && c.node.cfg.Clue != nil {
		c.node.cfg.Clue.Gone(c.ref())
	}
}
