package link

import (
	"slices"
	"sync/atomic"

	"uproar/edge/engine"
	wire "uproar/proto/link"
)

// loop is the relay's part of one event loop.
type loop struct {
	node    *Node
	engine  *engine.Loop
	members [][]*child    // by partition: who wants it
	owed    []atomic.Bool // by partition: an anew is in the mailbox; set by the Feed's goroutines, cleared here
}

func loopOf(l *engine.Loop) *loop { return l.State.(*loop) }

// join gives a child the payloads of a partition, and reports whether they come already.
func (l *loop) join(p int, c *child) (live bool) {
	l.members[p] = append(l.members[p], c)
	if len(l.members[p]) == 1 {
		return l.node.interest.join(p, l.engine)
	}
	return l.node.interest.live(p)
}

// leave undoes join.
func (l *loop) leave(p int, c *child) {
	ms := l.members[p]
	i, last := slices.Index(ms, c), len(ms)-1
	ms[i], ms[last] = ms[last], nil
	l.members[p] = ms[:last]
	if last == 0 {
		l.node.interest.leave(p, l.engine)
	}
}

// Payload implements exchange.Sink. A loop whose mailbox is full loses the payload, and its children are told.
func (n *Node) Payload(p int, payload []byte) {
	n.meters.payloads.Inc()
	loops := n.interest.loopsOf(p)
	if len(loops) == 0 {
		return
	}
	frame, err := wire.AppendPayload(make([]byte, 0, len(payload)+headRoom), p, payload)
	if err != nil { // it fits no frame: all have to repair
		for _, l := range loops {
			n.lose(l, p)
		}
		return
	}
	for _, l := range loops {
		if !l.Post(payloadTask{p, frame}, 1+len(frame)/payloadWeight) {
			n.lose(l, p)
		}
	}
}

// headRoom is more than a payload frame has beside the payload.
const headRoom = 16

// payloadWeight is how many bytes of payload weigh as much as a task, in a mailbox.
const payloadWeight = 1 << 10

// lose notes that a loop has lost a payload.
func (n *Node) lose(l *engine.Loop, p int) {
	n.meters.lost.Inc()
	n.anew(l, p)
}

// anew has the children of a loop told that they may have missed something. One telling that is not yet under way
// does for all that was lost before it.
func (n *Node) anew(l *engine.Loop, p int) {
	if loopOf(l).owed[p].CompareAndSwap(false, true) {
		l.PostAlways(anewTask{p}) // at most one per partition
	}
}

// Subscribed implements exchange.Sink.
func (n *Node) Subscribed(p int) {
	n.interest.subscribed(p)
	for _, l := range n.interest.loopsOf(p) {
		n.anew(l, p)
	}
}

// payloadTask sends a frame to the children that want its partition.
type payloadTask struct {
	partition int
	frame     []byte
}

func (t payloadTask) Run(e *engine.Loop) {
	l := loopOf(e)
	members := l.members[t.partition]
	if len(members) == 0 {
		return
	}
	b := e.NewBuffer()
	b.B = append(b.B, t.frame...)
	missed := 0
	for _, c := range members {
		if !c.conn.Send(b) {
			c.missed.Add(t.partition)
			missed++
		}
	}
	b.Release()
	l.node.meters.deliveries.Add(len(members) - missed)
	l.node.meters.missed.Add(missed)
}

// anewTask tells the children that want a partition that its payloads come from now on, and that some may have been
// missed.
type anewTask struct{ partition int }

func (t anewTask) Run(e *engine.Loop) {
	l := loopOf(e)
	l.owed[t.partition].Store(false) // first: what is lost from here on is another telling's
	var s wire.Set
	s.Add(t.partition)
	b := e.NewBuffer()
	b.B = wire.AppendSubscribed(b.B, &s)
	for _, c := range l.members[t.partition] {
		if !c.conn.Send(b) {
			c.missed.Add(t.partition)
		}
	}
	b.Release()
}

// routeTask tells all children of a loop the route.
type routeTask struct{}

func (routeTask) Run(e *engine.Loop) {
	for conn := range e.Conns {
		if c, ok := conn.Handler().(*child); ok && c.handshake == nil {
			c.tellRoute()
		}
	}
}
