package web

import (
	"bytes"
	"encoding/json"
	"net/netip"

	"uproar/core/hls"
	"uproar/core/hls/find"
	"uproar/edge/engine"
	"uproar/proto/http1"
)

// Finder knows which node serves whom: a find.Finder. Its methods wait for nothing.
type Finder interface {
	Find(channel string, viewer netip.Addr, at string) (find.Answer, bool)
	Streams() []byte
}

// Paths of the finder.
const (
	findPrefix  = "/find/"
	streamsPath = "/api/streams"
)

// anySite lets pages of other sites read an answer: it says the same to all.
var anySite = http1.Field{Name: "Access-Control-Allow-Origin", Value: "*"}

// finds answers GET and HEAD of the finder's paths, and reports whether the request is one.
func (x exchange) finds(c *engine.Conn, req *http1.Request) bool {
	if x.port.cfg.Finder == nil {
		return false
	}
	if string(req.Path) == streamsPath {
		x.json(c, req, 200, x.port.cfg.Finder.Streams(), http1.Field{Name: "Cache-Control", Value: "public, max-age=1"})
		return true
	}
	name, ok := bytes.CutPrefix(req.Path, []byte(findPrefix))
	if !ok {
		return false
	}
	p, ok := hls.ParsePath([]byte(hls.Prefix + string(name) + "/" + hls.Playlist))
	if !ok || p.Channel != string(name) {
		x.say(c, req, 404)
		return true
	}
	x.find(c, req, p.Channel)
	return true
}

// find names the node for a viewer: to a player by a redirect, to others as JSON.
func (x exchange) find(c *engine.Conn, req *http1.Request, channel string) {
	at, _ := http1.QueryValue(req.Query, "at")
	answer, ok := x.port.cfg.Finder.Find(channel, c.Remote(), string(at))
	if !ok {
		x.say(c, req, 503, http1.Field{Name: "Retry-After", Value: "2"}, anySite)
		return
	}
	fresh := http1.Field{Name: "Cache-Control", Value: "no-store"}
	vary := http1.Field{Name: "Vary", Value: "Accept"}
	if !isPlayer(req) {
		body, err := json.Marshal(answer)
		if err != nil {
			panic("BUG: " + err.Error())
		}
		x.json(c, req, 200, append(body, '\n'), fresh, vary)
		return
	}
	to := answer.URL + string(appendRight(nil, req.Query))
	x.say(c, req, 302, http1.Field{Name: "Location", Value: to}, fresh, vary, anySite)
}

// isPlayer reports whether who asks wants a playlist, and no JSON.
func isPlayer(req *http1.Request) bool {
	_, asks := http1.QueryValue(req.Query, "redirect")
	return asks || bytes.Contains(bytes.ToLower(req.Header("Accept")), []byte("mpegurl"))
}

// appendRight appends the right to watch that a query holds, as a query of its own. What
// could be none is left out: it will be refused where it is checked.
func appendRight(dst, query []byte) []byte {
	token, ok1 := http1.QueryValue(query, "token")
	sig, ok2 := http1.QueryValue(query, "sig")
	if !ok1 || !ok2 || len(token) > tokenBytesMax || len(sig) > tokenBytesMax || !plainText(token) || !plainText(sig) {
		return dst
	}
	dst = append(append(dst, "?token="...), token...)
	return append(append(dst, "&sig="...), sig...)
}

// plainText is base64url, or hexadecimal.
func plainText(b []byte) bool {
	for _, c := range b {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}

// json answers with a JSON text.
func (exchange) json(c *engine.Conn, req *http1.Request, status int, body []byte, extra ...http1.Field) {
	extra = append(extra, anySite, http1.Field{Name: "X-Content-Type-Options", Value: "nosniff"})
	out := http1.AppendResponseHead(c.Loop().Scratch(), status, "application/json", int64(len(body)), extra...)
	if string(req.Method) == "GET" {
		out = append(out, body...)
	}
	c.Write(out)
	c.Loop().KeepScratch(out)
}
