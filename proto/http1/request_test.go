package http1

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func mustParse(t *testing.T, head string) *Request {
	t.Helper()
	r := new(Request)
	n, err := r.Parse([]byte(head))
	if err != nil || n != len(head) {
		t.Fatalf("Parse(%q) = %d, %v", head, n, err)
	}
	return r
}

// status returns what a head is answered with: 0 when it is taken, -1 when it is not whole.
func status(t *testing.T, head string) int {
	t.Helper()
	n, err := new(Request).Parse([]byte(head))
	var fault *Error
	switch {
	case errors.As(err, &fault):
		if n != 0 {
			t.Errorf("Parse(%.60q) takes %d bytes of a head that it refuses", head, n)
		}
		return fault.Status
	case err != nil:
		t.Fatalf("Parse(%.60q): %v is no *Error", head, err)
	case n == 0:
		return -1
	}
	return 0
}

func TestUpgradeRequestIsParsed(t *testing.T) {
	r := mustParse(t, "GET /?x=1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nupgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version:13\r\nEmpty:\r\nSec-WebSocket-Protocol: \t irc \t\r\n\r\n")
	for _, c := range []struct{ what, got, want string }{
		{"method", string(r.Method), "GET"},
		{"target", string(r.Target), "/?x=1"},
		{"path", string(r.Path), "/"},
		{"query", string(r.Query), "x=1"},
		{"host", string(r.Host), "127.0.0.1:8080"},
		{"version", string(r.Header("sec-websocket-version")), "13"},
		{"protocol", string(r.Header("SEC-WEBSOCKET-PROTOCOL")), "irc"},
	} {
		if c.got != c.want {
			t.Errorf("%s is %q, want %q", c.what, c.got, c.want)
		}
	}
	if !r.HasToken("Connection", "upgrade") || !r.HasToken("Upgrade", "websocket") || r.HasToken("Connection", "up") {
		t.Error("tokens of the upgrade are not found")
	}
	if v := r.Header("Empty"); v == nil || len(v) != 0 {
		t.Errorf("an empty header is %#v", v)
	}
	if r.Header("Absent") != nil || r.HeaderCount("Absent") != 0 || r.HeaderCount("host") != 1 {
		t.Error("header counts are wrong")
	}
	if r.Minor != 1 || r.HasBody() || !r.KeepAlive() || r.NumHeaders() != 7 {
		t.Errorf("minor %d, body %v, keep %v, %d headers", r.Minor, r.HasBody(), r.KeepAlive(), r.NumHeaders())
	}
	if name, value := r.HeaderAt(1); string(name) != "upgrade" || string(value) != "WebSocket" {
		t.Errorf("header 1 is %q: %q", name, value)
	}
}

// TestHeadInPiecesIsParsedOnce: every prefix waits, and what follows the head is not touched.
func TestHeadInPiecesIsParsedOnce(t *testing.T) {
	const head = "GET /a?b HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n"
	for n := range len(head) {
		if got := status(t, head[:n]); got != -1 {
			t.Errorf("%q: %d, want to wait", head[:n], got)
		}
	}
	in := []byte(head + "GET /second HTTP/1.1\r\n")
	before := bytes.Clone(in)
	var r Request
	if n, err := r.Parse(in); n != len(head) || err != nil || !bytes.Equal(in, before) {
		t.Errorf("n %d, %v, input %q", n, err, in)
	}
}

func TestTargetForms(t *testing.T) {
	cases := []struct{ method, target, path, query string }{
		{"GET", "/", "/", ""},
		{"GET", "/a/b%20c", "/a/b%20c", ""},
		{"GET", "/a?b=c?d&e=/", "/a", "b=c?d&e=/"},
		{"GET", "/a?q=100%", "/a", "q=100%"},
		{"GET", "//a", "//a", ""},
		{"GET", "http://host/x?y", "/x", "y"},
		{"GET", "HTTP://host:80", "/", ""},
		{"GET", "https://host?y", "/", "y"},
		{"OPTIONS", "*", "*", ""},
	}
	for _, c := range cases {
		r := mustParse(t, c.method+" "+c.target+" HTTP/1.1\r\nHost: h\r\n\r\n")
		if string(r.Target) != c.target || string(r.Path) != c.path || string(r.Query) != c.query {
			t.Errorf("%s: target %q, path %q, query %q", c.target, r.Target, r.Path, r.Query)
		}
	}
	for _, target := range []string{"*", "a", "host:443", "http:/a", "http://", "http:///a", "http://u@h/", "http://h:x/", "http://[::1]/", "ftp://h/", "/a#b", "/%", "/%2", "/%zz", "/a\x7f", "/\xc3\xa9", "/a\tb", "/a b", ""} {
		if got := status(t, "GET "+target+" HTTP/1.1\r\nHost: h\r\n\r\n"); got != 400 {
			t.Errorf("target %q: %d, want 400", target, got)
		}
	}
}

func TestKeepAliveFollowsVersion(t *testing.T) {
	cases := []struct {
		version, connection string
		want                bool
	}{
		{"1.1", "", true},
		{"1.1", "Connection: close\r\n", false},
		{"1.1", "Connection: foo, CLOSE\r\n", false},
		{"1.1", "Connection: foo\r\nConnection: close\r\n", false},
		{"1.1", "Connection: closed\r\n", true},
		{"1.0", "", false},
		{"1.0", "Connection: Keep-Alive\r\n", true},
		{"1.0", "Connection: keep-alive, close\r\n", false},
	}
	for _, c := range cases {
		r := mustParse(t, "GET / HTTP/"+c.version+"\r\nHost: h\r\n"+c.connection+"\r\n")
		if r.KeepAlive() != c.want {
			t.Errorf("HTTP/%s %q: keep %v", c.version, c.connection, r.KeepAlive())
		}
	}
}

func TestBodyIsReported(t *testing.T) {
	r := mustParse(t, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\n\r\n")
	if r.ContentLength != 12 || r.Chunked || !r.HasBody() {
		t.Errorf("length %d, chunked %v", r.ContentLength, r.Chunked)
	}
	r = mustParse(t, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n")
	if r.ContentLength != 0 || !r.Chunked || !r.HasBody() {
		t.Errorf("length %d, chunked %v", r.ContentLength, r.Chunked)
	}
	// The same Request again, for a head without a body.
	if _, err := r.Parse([]byte("GET / HTTP/1.0\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if r.HasBody() || r.Host != nil || r.NumHeaders() != 0 || r.Query != nil {
		t.Errorf("left of the head before: %+v", r.Host)
	}
}

func TestLimitsHaveTheirStatus(t *testing.T) {
	const host = " HTTP/1.1\r\nHost: h\r\n"
	path := func(n int) string { return "/" + strings.Repeat("a", n-1) }
	pad := func(n int) string { // a head of n bytes
		head := "GET /" + host + "X: "
		return head + strings.Repeat("x", n-len(head)-4) + "\r\n\r\n"
	}
	cases := []struct {
		name, head string
		want       int
	}{
		{"longest target", "GET " + path(TargetBytesMax) + host + "\r\n", 0},
		{"target too long", "GET " + path(TargetBytesMax+1) + host + "\r\n", 414},
		{"target without end", "GET " + path(HeadBytesMax), 414},
		{"longest head", pad(HeadBytesMax), 0},
		{"head too long", pad(HeadBytesMax + 1), 431},
		{"head without end", pad(2 * HeadBytesMax)[:HeadBytesMax], 431},
		{"head without end, waiting", pad(2 * HeadBytesMax)[:HeadBytesMax-1], -1},
		{"most headers", "GET /" + host + strings.Repeat("a: b\r\n", HeadersMax-1) + "\r\n", 0},
		{"too many headers", "GET /" + host + strings.Repeat("a: b\r\n", HeadersMax) + "\r\n", 431},
	}
	for _, c := range cases {
		if got := status(t, c.head); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestQueryValueIsTheFirst(t *testing.T) {
	query := []byte("_HLS_msn=12&_HLS_part=3&empty=&flag&_HLS_msn=99&a=b=c&=x")
	cases := []struct {
		key, want string
		ok        bool
	}{
		{"_HLS_msn", "12", true}, {"_HLS_part", "3", true}, {"empty", "", true}, {"flag", "", true}, {"a", "b=c", true},
		{"_HLS_skip", "", false}, {"_hls_msn", "", false}, {"_HLS", "", false},
	}
	for _, c := range cases {
		if got, ok := QueryValue(query, c.key); string(got) != c.want || ok != c.ok {
			t.Errorf("%s = %q, %v, want %q, %v", c.key, got, ok, c.want, c.ok)
		}
	}
}
