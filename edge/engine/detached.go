package engine

import (
	"bytes"
	"sync"

	"golang.org/x/sys/unix"
)

// Detached is one loop without gnet and listeners below it: its caller is the loop.
// Tests and benchmarks of what runs on a loop use it, to measure that and nothing else.
type Detached struct {
	*Loop
	engine   *Engine
	watching sync.WaitGroup
	input    map[*Conn][]byte // unread
}

// NewDetached makes a loop of cfg, whose Listeners are not opened. Stop ends it.
func NewDetached(cfg Config) (*Detached, error) {
	if len(cfg.Listeners) == 0 {
		cfg.Listeners = []Listener{{Name: "detached"}}
	}
	e, err := New(cfg)
	if err != nil {
		return nil, err
	}
	if e.watcher, err = newWatcher(e); err != nil {
		return nil, err
	}
	l := e.newLoop(0)
	e.loops.list.Store(&[]*Loop{l})
	d := &Detached{Loop: l, engine: e, input: map[*Conn][]byte{}}
	l.host = detachedHost{d}
	d.watching.Go(e.watcher.run)
	return d, nil
}

// Loops implements what a protocol asks of an Engine.
func (d *Detached) Loops() []*Loop { return d.engine.Loops() }

// Accept adds a connection on a descriptor, which the loop owns from now on.
func (d *Detached) Accept(fd int, open func(*Conn) Handler) *Conn {
	c := d.newConn(fd, 0)
	c.handler = open(c)
	return c
}

// Turn runs do as one turn of the loop, after what waits in the mailbox.
func (d *Detached) Turn(do func()) {
	d.begin()
	d.runMail()
	do()
	d.Loop.end()
}

// Stop closes all connections and what belongs to the loop.
func (d *Detached) Stop() {
	d.Turn(func() {
		for c := range d.Conns {
			c.Abort(ReasonDrain)
		}
	})
	d.engine.release()
	d.engine.watcher.close()
	d.watching.Wait()
}

// Input is bytes that came from the peer of c: a turn in which its handler reads them,
// behind what it has left unread.
func (d *Detached) Input(c *Conn, in []byte) {
	d.begin()
	d.runMail()
	if old := d.input[c]; len(old) > 0 {
		in = append(old, in...)
	}
	d.input[c] = in
	c.traffic()
	if left := d.input[c]; len(left) > 0 {
		d.input[c] = bytes.Clone(left) // the caller may reuse its own
	}
	d.Loop.end()
}

type detachedHost struct{ d *Detached }

func (detachedHost) wake() {}

func (h detachedHost) close(c *Conn) {
	_ = unix.Close(int(c.fd))
	h.d.closed(c)
	delete(h.d.input, c)
}

func (h detachedHost) unread(c *Conn) []byte { return h.d.input[c] }

func (h detachedHost) discard(c *Conn, n int) { h.d.input[c] = h.d.input[c][n:] }
