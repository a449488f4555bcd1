package web

import (
	"time"

	"uproar/core/hls"
	"uproar/edge/engine"
	"uproar/proto/http1"
)

// desk is what the port has on one loop: what its requests share, and where those that
// wait for video are called. All but Wake belongs to the loop.
type desk struct {
	port   *Port
	loop   *engine.Loop
	req    http1.Request // of the turn; its 3 KB are not for every connection's stack
	idle   []*viewer     // for reuse
	paths  recent[hls.Path]
	rights recent[Right]
	parts  [engine.LendMax][]byte // what is lent at once
	key    []byte                 // of rights
	second int64                  // of the loop's clock, at which now and date were taken
	now    time.Time
	date   []byte // a header line
}

// viewersKeptMax bounds the viewers that a desk keeps for reuse, of about 500 bytes.
const viewersKeptMax = 256

// desk is the one of a loop, whose code alone may call it.
func (p *Port) desk(l *engine.Loop) *desk {
	d := p.desks[l.Index]
	if d == nil {
		d = &desk{port: p, loop: l, second: -1}
		p.desks[l.Index] = d
	}
	return d
}

// clock brings the time of day up to date, to the second.
func (d *desk) clock() {
	if second := d.loop.Millis() / 1000; second != d.second {
		d.second, d.now = second, d.port.cfg.Now()
		d.date = http1.AppendFieldDate(d.date[:0], "Date", d.now)
	}
}

// take is a viewer of c that has asked nothing yet.
func (d *desk) take(c *engine.Conn) *viewer {
	var v *viewer
	if n := len(d.idle); n > 0 {
		v, d.idle = d.idle[n-1], d.idle[:n-1]
	} else {
		v = &viewer{desk: d}
		v.waiter.Desk = d
	}
	v.waiter.Mark = uint64(c.Handle())
	return v
}

// put takes back a viewer that waits for nothing, and that no wake-up is under way to.
func (d *desk) put(v *viewer) {
	if len(d.idle) < viewersKeptMax {
		v.wish = wish{}
		v.flow = flow{}
		d.idle = append(d.idle, v)
	}
}

// Wake implements hls.Desk.
func (d *desk) Wake(ready []*hls.Waiter) { d.loop.PostAlways(wakeTask{d, ready}) }

// wakeTask has viewers ask again. Ten thousand are more than one turn's work: others on the
// loop have theirs in between.
type wakeTask struct {
	desk  *desk
	ready []*hls.Waiter
}

const (
	wakeTurnMax = 10 * time.Millisecond
	wakeStep    = 32 // viewers between two looks at the time
)

func (t wakeTask) Run(l *engine.Loop) {
	for i, w := range t.ready {
		if i > 0 && i%wakeStep == 0 && l.Turn() > wakeTurnMax {
			l.PostAlways(wakeTask{t.desk, t.ready[i:]})
			return
		}
		c := l.Conn(engine.Handle(w.Mark))
		if c == nil || !c.Open() {
			continue
		}
		// The connection may have begun something else since.
		if v, ok := c.Handler().(*viewer); ok && &v.waiter == w && v.waits {
			v.woken(c)
		}
	}
}

// refuse answers a request for video that no Node is asked.
func (d *desk) refuse(c *engine.Conn, w *wish, status int, reason string) {
	d.clock()
	out := http1.AppendStatusLine(d.loop.Scratch(), status)
	out = append(out, textType...)
	out = http1.AppendFieldInt(out, "Content-Length", int64(len(reason)+1))
	out = append(out, d.date...)
	out = append(out, crossOrigin...)
	if status == 405 {
		out = append(out, "Allow: GET, HEAD, OPTIONS\r\n"...)
	}
	out = http1.AppendEnd(w.appendConnection(out))
	if !w.head {
		out = append(append(out, reason...), '\n')
	}
	c.Write(out)
	d.loop.KeepScratch(out)
	d.port.meters.answered(status)
}

// preflight answers a browser that asks whether a page of another site may ask.
func (d *desk) preflight(c *engine.Conn, w *wish) {
	d.clock()
	out := http1.AppendStatusLine(d.loop.Scratch(), 204)
	out = append(append(out, d.date...), crossOrigin...)
	out = append(out, "Allow: GET, HEAD, OPTIONS\r\n"+
		"Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n"+
		"Access-Control-Allow-Headers: Range, If-Range, If-None-Match, If-Modified-Since, Cache-Control, *\r\n"+
		"Access-Control-Max-Age: 86400\r\n"...)
	out = http1.AppendEnd(w.appendConnection(out))
	c.Write(out)
	d.loop.KeepScratch(out)
	d.port.meters.answered(204)
}

// recent keeps what was worked out of the bytes that are asked again and again. The zero
// value is ready. It holds at most twice recentMax entries: those of this time and those of
// the time before, which go when this one is full.
type recent[T any] struct{ young, old map[string]T }

const recentMax = 2048

func (r *recent[T]) find(key []byte) (value T, ok bool) {
	if value, ok = r.young[string(key)]; ok {
		return value, true
	}
	if value, ok = r.old[string(key)]; ok {
		r.keep(key, value)
	}
	return value, ok
}

func (r *recent[T]) keep(key []byte, value T) {
	if len(r.young) >= recentMax {
		r.old, r.young = r.young, nil
	}
	if r.young == nil {
		r.young = map[string]T{}
	}
	r.young[string(key)] = value
}
