package engine

import (
	"net/netip"
	"time"
)

// Usage is how much of an Engine is used: its open connections, as many as can be, and the
// time that all its loops have spent in turns. Any goroutine may ask.
func (e *Engine) Usage() (conns, connsMax int, busy time.Duration, loops int) {
	for _, l := range e.Loops() {
		conns += int(l.stats.conns.Load())
		busy += time.Duration(l.stats.busy.Load())
		loops++
	}
	return conns, e.cfg.MaxConns, busy, loops
}

// Remote is the address of the client.
func (c *Conn) Remote() netip.Addr { return remoteAddr(c.gnet) }
