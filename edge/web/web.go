// Package web is the HTTP port: the pages and their files, live video, and the upgrade to
// a WebSocket that carries chat.
//
// It runs on the engine's loops: an exchange belongs to its connection's loop. While an
// answer with video waits, a viewer takes its place as the connection's handler; after an
// upgrade a socket does.
package web

import (
	"bytes"
	"errors"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/hls"
	"uproar/edge/chat"
	"uproar/edge/engine"
	"uproar/edge/web/page"
	"uproar/proto/http1"
	"uproar/proto/ws"
)

// Config of the port.
type Config struct {
	HeaderTimeout time.Duration // for a whole request head to come
	IdleTimeout   time.Duration // between requests of one connection
	Deflate       bool          // whether WebSockets may compress

	Videos  Videos           // what answers below hls.Prefix; nil: nothing is there
	Finder  Finder           // what answers below /find/, and /api/streams; nil: nothing is there
	Secret  []byte           // that signs rights to watch; empty: everybody may
	Now     func() time.Time // default time.Now
	Metrics *metrics.Set
}

// Port serves connections of the HTTP listener.
type Port struct {
	cfg    Config
	hub    *chat.Hub
	desks  [engine.LoopsMax]*desk // by Loop.Index, each its loop's own
	meters meters
}

// New makes a Port whose WebSockets are sessions of hub; without one there are none.
func New(cfg Config, hub *chat.Hub) *Port {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	page.Find("/") // laid out now, not by the first loop that is asked
	p := &Port{cfg: cfg, hub: hub}
	if cfg.Videos != nil {
		p.meters.export(cfg.Metrics)
	}
	return p
}

// Open begins HTTP on a new connection.
func (p *Port) Open(c *engine.Conn) engine.Handler {
	c.SetTimer(p.cfg.HeaderTimeout)
	return exchange{p}
}

// Refusal is what a client of the HTTP port is told that is not admitted.
func Refusal(r engine.Reason) []byte {
	body := r.Text() + "\n"
	head := http1.AppendResponseHead(nil, 503, "text/plain; charset=utf-8", int64(len(body)),
		http1.ConnectionClose, http1.Field{Name: "Retry-After", Value: "5"})
	return append(head, body...)
}

// exchange is HTTP/1.1 on one connection. It has no state of its own: what waits for
// the rest of a head waits in the engine's input buffer.
type exchange struct{ port *Port }

// Data implements engine.Handler.
func (x exchange) Data(c *engine.Conn, in []byte) int {
	req := &x.port.desk(c.Loop()).req
	used := 0
	for c.Open() {
		n, err := req.Parse(in[used:])
		if err != nil {
			x.refuse(c, err)
			break
		}
		if n == 0 {
			return used
		}
		used += n
		if !c.Count() {
			x.say(c, req, 429, http1.ConnectionClose)
			c.Close(engine.ReasonFlood)
			break
		}
		switch x.answer(c, req) {
		case upgraded: // what follows is WebSocket
			return used + c.Handler().Data(c, in[used:])
		case busy: // what follows has to wait
			return used
		}
	}
	return len(in)
}

// refuse answers a head that cannot be trusted, and closes.
func (x exchange) refuse(c *engine.Conn, err error) {
	status := 400
	var refused *http1.Error
	if errors.As(err, &refused) {
		status = refused.Status
	}
	x.say(c, nil, status, http1.ConnectionClose)
	c.Close(engine.ReasonProtocol)
}

// outcome is what has become of a connection with a request.
type outcome uint8

const (
	answered outcome = iota // the next may come, or it is closed
	upgraded                // it is a WebSocket
	busy                    // a viewer has it until its answer is out
)

// answer serves one request.
func (x exchange) answer(c *engine.Conn, req *http1.Request) outcome {
	switch {
	case req.HasBody():
		x.say(c, req, 413, http1.ConnectionClose)
		c.Close(engine.ReasonProtocol)
		return answered
	case req.HasToken("Upgrade", "websocket"):
		return x.upgrade(c, req)
	case x.port.cfg.Videos != nil && bytes.HasPrefix(req.Path, videoPrefix):
		return x.port.desk(c.Loop()).serve(c, req)
	case string(req.Method) == "GET" || string(req.Method) == "HEAD":
		if !x.finds(c, req) {
			x.serve(c, req)
		}
	default:
		x.say(c, req, 405, http1.Field{Name: "Allow", Value: "GET, HEAD"})
	}
	if req.KeepAlive() {
		c.SetTimer(x.port.cfg.IdleTimeout)
	} else {
		c.Close(engine.ReasonDone)
	}
	return answered
}

var videoPrefix = []byte(hls.Prefix)

// serve answers GET and HEAD with a file of the page.
func (x exchange) serve(c *engine.Conn, req *http1.Request) {
	asset, ok := page.Find(string(req.Path))
	if !ok {
		x.say(c, req, 404)
		return
	}
	body, tag := asset.Body, asset.ETag
	gzip := len(asset.Gzip) > 0 && req.Accepts("gzip")
	if gzip {
		body, tag = asset.Gzip, asset.GzipETag
	}
	status, length := 200, int64(len(body))
	fresh := string(req.Header("If-None-Match")) == tag
	if fresh {
		status, length = 304, http1.NoLength
	}
	fields := append(make([]http1.Field, 0, 7),
		http1.Field{Name: "ETag", Value: tag},
		http1.Field{Name: "Cache-Control", Value: asset.Cache},
		http1.Field{Name: "Content-Security-Policy", Value: asset.Policy},
		http1.Field{Name: "X-Content-Type-Options", Value: "nosniff"},
		http1.Field{Name: "Referrer-Policy", Value: "no-referrer"},
		http1.Field{Name: "Vary", Value: "Accept-Encoding"})
	if gzip && !fresh {
		fields = append(fields, http1.Field{Name: "Content-Encoding", Value: "gzip"})
	}
	out := http1.AppendResponseHead(c.Loop().Scratch(), status, asset.ContentType, length, fields...)
	if !fresh && string(req.Method) == "GET" {
		out = append(out, body...)
	}
	c.Write(out)
	c.Loop().KeepScratch(out)
}

// upgrade makes the connection a WebSocket that carries chat, if the request is right
// in every point of RFC 6455 section 4.2.1.
func (x exchange) upgrade(c *engine.Conn, req *http1.Request) outcome {
	key := req.Header("Sec-WebSocket-Key")
	switch {
	case string(req.Path) != "/", x.port.hub == nil:
		x.say(c, req, 404, http1.ConnectionClose)
	case string(req.Method) != "GET":
		x.say(c, req, 405, http1.ConnectionClose, http1.Field{Name: "Allow", Value: "GET"})
	case string(req.Header("Sec-WebSocket-Version")) != "13":
		x.say(c, req, 426, http1.ConnectionClose, http1.Field{Name: "Sec-WebSocket-Version", Value: "13"},
			http1.Field{Name: "Upgrade", Value: "websocket"})
	case req.Minor == 0, !req.HasToken("Connection", "upgrade"),
		req.HeaderCount("Sec-WebSocket-Key") != 1, !ws.ValidKey(key):
		x.say(c, req, 400, http1.ConnectionClose)
	default:
		protocol := ws.Negotiate(req.Header("Sec-WebSocket-Protocol"))
		deflate := x.port.deflate(req)
		out := ws.AppendUpgradeResponse(c.Loop().Scratch(), key, protocol, deflate)
		c.Write(out)
		c.Loop().KeepScratch(out)
		openSocket(c, protocol, deflate != ws.DeflateNone)
		return upgraded
	}
	c.Close(engine.ReasonProtocol)
	return answered
}

// deflate picks the client's first offer to compress that can be kept. Offers may stand
// in several header lines (RFC 6455 section 9.1).
func (p *Port) deflate(req *http1.Request) ws.Deflate {
	if !p.cfg.Deflate {
		return ws.DeflateNone
	}
	for i := range req.NumHeaders() {
		name, value := req.HeaderAt(i)
		if !strings.EqualFold(string(name), "Sec-WebSocket-Extensions") {
			continue
		}
		if d := ws.NegotiateDeflate(value); d != ws.DeflateNone {
			return d
		}
	}
	return ws.DeflateNone
}

// say answers with a status and its name as the body, which HEAD does not get (RFC 9110
// section 9.3.2): a client that sends several requests would take it for the next answer. req
// is nil when no head could be read; then the connection closes behind the answer.
func (exchange) say(c *engine.Conn, req *http1.Request, status int, extra ...http1.Field) {
	body := http1.StatusText(status) + "\n"
	out := http1.AppendResponseHead(c.Loop().Scratch(), status, "text/plain; charset=utf-8", int64(len(body)), extra...)
	if req == nil || string(req.Method) != "HEAD" {
		out = append(out, body...)
	}
	c.Write(out)
	c.Loop().KeepScratch(out)
}

// Timer implements engine.Handler: no whole request came in time.
func (x exchange) Timer(c *engine.Conn) {
	x.say(c, nil, 408, http1.ConnectionClose)
	c.Close(engine.ReasonHeaderTimeout)
}

// Drained implements engine.Handler. Responses are never refused by Send.
func (exchange) Drained(*engine.Conn) {}

// Drain implements engine.Handler.
func (exchange) Drain(c *engine.Conn) { c.Close(engine.ReasonDrain) }

// Closed implements engine.Handler.
func (exchange) Closed(*engine.Conn, engine.Reason) {}
