package web

import (
	"strconv"

	"uproar/core/hls"
	"uproar/edge/engine"
	"uproar/proto/http1"
)

// Videos answers requests for video: an hls.Node.
type Videos interface {
	// Get never blocks; see hls.Node.
	Get(r *hls.Request, w *hls.Waiter) hls.Answer
}

// viewer is one request for video that is being answered. It takes the place of the
// exchange as the connection's handler while its answer waits, for the Node or for a full
// socket; requests behind it stay unread meanwhile, within the engine's bound on input.
type viewer struct {
	desk   *desk
	waiter hls.Waiter
	wish
	flow
}

// flow is an answer whose head is written.
type flow struct {
	waits  bool        // for the Node's wake-up
	begun  bool        // the head is written
	over   bool        // and all of the body
	object *hls.Object // one reference; nil: the body has been lent
	off    int64       // next byte of object to lend
	end    int64       // behind the last; -1: where object ends, as yet unknown
	chunks bool        // transfer coding
	inside bool        // one chunk has gone before
}

// Data implements engine.Handler: the next request has to wait.
func (v *viewer) Data(c *engine.Conn, in []byte) int { return 0 }

// Timer implements engine.Handler. The Node and the engine's SlowTimeout end what waits.
func (v *viewer) Timer(*engine.Conn) {}

// Drained implements engine.Handler: what was lent is out.
func (v *viewer) Drained(c *engine.Conn) { v.proceed(c, v.pump(c, nil)) }

// Drain implements engine.Handler. Who waits is told to ask another node; who is being
// sent a body sees that it ends early, by its length or its chunks, or else by a reset.
func (v *viewer) Drain(c *engine.Conn) {
	switch {
	case !v.begun:
		v.waiter.Cancel()
		v.waits, v.keep = false, false
		v.desk.refuse(c, &v.wish, 503, engine.ReasonDrain.Text())
	case !v.over && v.end < 0 && !v.chunks:
		c.Abort(engine.ReasonDrain)
		return
	}
	c.Close(engine.ReasonDrain)
}

// Closed implements engine.Handler. v is not used again: a wake-up may be under way to it.
func (v *viewer) Closed(*engine.Conn, engine.Reason) {
	v.waiter.Cancel()
	v.release()
}

func (v *viewer) release() {
	if v.object != nil {
		v.object.Release()
		v.object = nil
	}
}

// woken goes on where v has waited.
func (v *viewer) woken(c *engine.Conn) {
	v.waits = false
	if v.begun {
		v.proceed(c, v.pump(c, nil))
	} else {
		v.proceed(c, v.get(c))
	}
}

// proceed gives the connection back to the exchange once v is done.
func (v *viewer) proceed(c *engine.Conn, done bool) {
	if !done || !c.Open() {
		return
	}
	c.SetHandler(exchange{v.desk.port})
	v.finish(c)
	c.Resume()
}

// finish follows an answer that is out, and gives v back.
func (v *viewer) finish(c *engine.Conn) {
	if v.keep {
		c.SetTimer(v.desk.port.cfg.IdleTimeout)
	} else {
		c.Close(engine.ReasonDone)
	}
	v.desk.put(v)
}

// get asks the Node. It reports true when the answer is out; otherwise v is the
// connection's handler.
func (v *viewer) get(c *engine.Conn) (done bool) {
	a := v.desk.port.cfg.Videos.Get(&v.ask, &v.waiter)
	if a.Wait {
		v.wait(c)
		return false
	}
	return v.answer(c, &a)
}

func (v *viewer) wait(c *engine.Conn) {
	v.waits = true
	if c.Handler() != engine.Handler(v) {
		v.hold()
		c.SetHandler(v)
	}
}

// answer writes what the Node has said.
func (v *viewer) answer(c *engine.Conn, a *hls.Answer) (done bool) {
	v.object, v.begun = a.Object, true
	if v.novel && a.Status == 200 { // what is not there is not worth remembering
		v.desk.paths.keep([]byte(v.ask.Path.String()), v.ask.Path)
	}
	size := int64(len(a.Bytes))
	if v.object != nil {
		size = v.object.Size()
	}
	status := a.Status
	v.off, v.end = 0, size
	switch {
	case status != 200:
	case v.fresh(a):
		status = 304
	case !v.ranged(a):
	case size >= 0:
		var ok bool
		if v.off, v.end, ok = v.span.Within(size); ok {
			status = 206
		} else {
			status = 416
		}
	case v.span.First >= 0 && v.span.Last == http1.LastByteOpen:
		// A body of unknown length is given from there to its end, wherever that is.
		v.off, status = v.span.First, 206
	}
	v.desk.port.meters.answered(status)
	if status != 200 && status != 206 {
		v.release()
		return v.withoutVideo(c, a, status, size)
	}
	v.chunks = v.end < 0 && !v.old
	if v.end < 0 && v.old && !v.head {
		v.keep = false
	}
	head := v.appendHead(v.desk.loop.Scratch(), a, status, size)
	defer v.desk.loop.KeepScratch(head)
	if v.head {
		v.release()
		v.over = true
		c.Write(head)
		return true
	}
	if v.object == nil {
		v.desk.parts[0] = a.Bytes[v.off:v.end]
		v.over = true
		return v.lend(c, head, v.desk.parts[:1])
	}
	return v.pump(c, head)
}

// withoutVideo writes an answer of a status whose body is its name, or nothing.
func (v *viewer) withoutVideo(c *engine.Conn, a *hls.Answer, status int, size int64) bool {
	v.over = true
	out := v.appendHead(v.desk.loop.Scratch(), a, status, size)
	if status != 304 && !v.head {
		out = append(append(out, http1.StatusText(status)...), '\n')
	}
	c.Write(out)
	v.desk.loop.KeepScratch(out)
	return true
}

// pump lends the connection what there is of the object, behind head, until the socket is
// full, the object is out, or the rest has yet to come.
func (v *viewer) pump(c *engine.Conn, head []byte) (done bool) {
	for !v.over && c.Open() {
		parts, state := v.gather()
		if v.chunks {
			head, parts = v.asChunk(head, parts, state == hls.StateEnd)
		}
		switch {
		case state == hls.StateBroken, state == hls.StateEnd && v.end >= 0:
			c.Abort(engine.ReasonBrokenOff)
			continue
		case state == hls.StateEnd, v.off == v.end:
			v.over = true
		}
		if !v.lend(c, head, parts) {
			return false
		}
		head = nil
		if state == hls.StateWait && c.Open() && v.object.Await(v.off, &v.waiter) {
			v.wait(c)
			return false
		}
	}
	// The connection, if it is dying, writes nothing any more.
	v.release()
	return true
}

// gather is the stretches of the object that come next, as many as are lent at once, and
// why there are no more.
func (v *viewer) gather() (parts [][]byte, state hls.State) {
	parts = v.desk.parts[:0]
	for len(parts) < partsMax && v.off != v.end {
		b, state := v.object.At(v.off)
		if state != hls.StateBytes {
			return parts, state
		}
		if v.end >= 0 && int64(len(b)) > v.end-v.off {
			b = b[:v.end-v.off]
		}
		parts = append(parts, b)
		v.off += int64(len(b))
	}
	return parts, hls.StateBytes
}

// partsMax leaves room for the end of a chunk.
const partsMax = engine.LendMax - 1

// asChunk makes parts one chunk (RFC 9112 section 7.1): its length stands behind head, and
// if it is the last, the end of the body behind it.
func (v *viewer) asChunk(head []byte, parts [][]byte, last bool) ([]byte, [][]byte) {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	if head == nil {
		head = v.desk.loop.Scratch()
	}
	if size > 0 {
		if v.inside {
			head = append(head, '\r', '\n')
		}
		head = append(strconv.AppendInt(head, int64(size), 16), '\r', '\n')
		v.inside = true
	}
	switch {
	case last && v.inside:
		parts = append(parts, chunksEnd)
	case last:
		parts = append(parts, chunksEnd[2:])
	}
	return head, parts
}

// chunksEnd is the end of a chunk, and the last chunk, which is empty.
var chunksEnd = []byte("\r\n0\r\n\r\n")

// lend sends head and parts. It reports false when the socket is full: Drained follows.
func (v *viewer) lend(c *engine.Conn, head []byte, parts [][]byte) bool {
	var from engine.File
	if v.object != nil {
		from.Mem, from.Fd = v.object.File()
	}
	all := c.Lend(head, parts, from)
	clear(parts)
	if !all && c.Handler() != engine.Handler(v) {
		v.hold()
		c.SetHandler(v)
	}
	return all
}

// serve answers a request for what is below hls.Prefix.
func (d *desk) serve(c *engine.Conn, req *http1.Request) outcome {
	v := d.take(c)
	w := &v.wish
	w.head, w.old, w.keep = string(req.Method) == "HEAD", req.Minor == 0, req.KeepAlive()
	status, reason := d.understand(w, req)
	switch {
	case status == 0:
		if !v.get(c) {
			return busy
		}
	case status == 204:
		d.preflight(c, w)
	default:
		d.refuse(c, w, status, reason)
	}
	v.finish(c)
	return answered
}

// understand fills w in. Another status than 0 is the answer, without a Node's.
func (d *desk) understand(w *wish, req *http1.Request) (status int, reason string) {
	switch {
	case string(req.Method) == "OPTIONS":
		return 204, ""
	case string(req.Method) != "GET" && !w.head:
		return 405, http1.StatusText(405)
	}
	path, known := d.paths.find(req.Path)
	if !known {
		var ok bool
		if path, ok = hls.ParsePath(req.Path); !ok {
			return 404, http1.StatusText(404)
		}
	}
	if !w.read(req, path) {
		return 400, "malformed _HLS_msn, _HLS_part or _HLS_skip"
	}
	if err := d.admit(w, req); err != nil {
		d.port.meters.refused[err].Inc()
		return 403, err.Error()
	}
	w.novel = !known
	return 0, ""
}
