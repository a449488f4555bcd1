package engine

// window counts events in a fixed stretch of time that opens with the first. It is 8
// bytes, because every connection has one.
type window struct {
	start uint32 // ms of the loop's clock, wrapping
	count uint32
}

// Count counts one event of input: a line, a room's name in JOIN or PART, a request, a
// frame without a line. The window is fixed: over its edge up to twice as many pass. It
// reports false when the connection has had more than FloodEvents in FloodWindow; the
// handler then closes it with ReasonFlood.
func (c *Conn) Count() bool {
	cfg := &c.loop.engine.cfg
	if cfg.FloodEvents == 0 {
		return true
	}
	w, now := &c.input, uint32(c.loop.now)
	if w.count == 0 || now-w.start >= uint32(cfg.FloodWindow.Milliseconds()) {
		w.start, w.count = now, 0
	}
	w.count++
	return int(w.count) <= cfg.FloodEvents
}
