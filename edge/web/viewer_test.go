package web

import (
	"strings"
	"testing"
	"time"

	"uproar/core/hls"
)

func TestPlaylistIsAnsweredWithAllThatCachesNeed(t *testing.T) {
	s := newStage(t, nil)
	r := s.ask("GET", playlistPath)
	for name, want := range map[string]string{
		"Content-Type": "application/vnd.apple.mpegurl", "Content-Length": "25", "Date": "Fri, 15 Jan 2027 08:00:00 GMT",
		"Cache-Control": "public, max-age=1", "Etag": `"v1"`, "Last-Modified": "Fri, 15 Jan 2027 07:59:00 GMT", "Age": "1",
		"Cache-Status": "uproar; hit", "Vary": "Accept-Encoding", "Accept-Ranges": "bytes", "Content-Encoding": "",
		"Access-Control-Allow-Origin":   "*",
		"Access-Control-Expose-Headers": "Age, Content-Length, Content-Range, ETag, Date", "Connection": "", "Set-Cookie": "",
	} {
		if got := r.get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if r.StatusCode != 200 || !strings.HasPrefix(r.body, "#EXTM3U") {
		t.Errorf("%s: %q", r.Status, r.body)
	}
	if n := s.counted("uproar_sends_total"); n != "1" {
		t.Errorf("head and body were %s writes", n)
	}
	if n := s.counted(`uproar_hls_responses_total{status="200"}`); n != "1" {
		t.Errorf("counted %s answers", n)
	}
}

func TestRefusalsOfTheNodeReachTheViewer(t *testing.T) {
	s := newStage(t, nil)
	r := s.ask("GET", "/hls/forsen/b1/720p/none.m4s")
	if r.StatusCode != 404 || r.get("Retry-After") != "2" || r.get("Cache-Control") != "max-age=2" || r.body != "Not Found\n" ||
		r.get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%s %v %q", r.Status, r.Header, r.body)
	}
	if r := s.ask("HEAD", "/hls/forsen/b1/720p/none.m4s"); r.StatusCode != 404 || r.get("Content-Length") != "10" {
		t.Errorf("%s %v", r.Status, r.Header)
	}
}

func TestNodeIsAskedByParsedFieldsAlone(t *testing.T) {
	s := newStage(t, nil)
	s.ask("GET", playlistPath+"?x=1&_HLS_msn=17&token=t&_HLS_part=3&_HLS_skip=v2&sig=s&_hls_msn=9&_HLS_msn2=8",
		"Accept-Encoding: gzip\r\n", "CDN-Loop: a, b\r\n", "Cookie: c=d\r\n", "CDN-Loop: c; x=\"1,2\"\r\n")
	path, _ := hls.ParsePath([]byte(playlistPath))
	want := hls.Request{Path: path, Reload: hls.Reload{MSN: 17, Part: 3, Skip: hls.SkipV2}, Gzip: true, Hops: 3}
	if got := s.shelf.asked[0]; got != want {
		t.Errorf("asked %+v, want %+v", got, want)
	}
	s.ask("GET", "/hls/forsen/b1/720p/1.m4s?_HLS_msn=x", "Accept-Encoding: gzip\r\n")
	if got := s.shelf.asked[1]; got.Reload != hls.NoReload || got.Gzip {
		t.Errorf("a segment was asked for with %+v", got)
	}
}

func TestDirectivesAreReadStrictly(t *testing.T) { // section 6.2.5 of the specification
	s := newStage(t, nil)
	for query, want := range map[string]hls.Reload{
		"":                                 hls.NoReload,
		"?":                                hls.NoReload,
		"?_HLS_msn=0":                      {MSN: 0, Part: -1},
		"?_HLS_msn=999999999999999999":     {MSN: 999999999999999999, Part: -1},
		"?_HLS_part=1":                     {MSN: -1, Part: 1}, // the Node's to refuse
		"?_HLS_skip=YES":                   {MSN: -1, Part: -1, Skip: hls.SkipYes},
		"?_HLS_skip=yes":                   hls.NoReload,
		"?_HLS_skip=v3&_HLS_msn=2":         {MSN: 2, Part: -1},
		"?&&=&a&_HLS_msn=007&b=&_HLS_=&&x": {MSN: 7, Part: -1},
		"?_HLS%5fmsn=5":                    hls.NoReload,
	} {
		s.shelf.asked = nil
		if r := s.ask("GET", playlistPath+query); r.StatusCode != 200 || s.shelf.asked[0].Reload != want {
			t.Errorf("%q: %s, %+v", query, r.Status, s.shelf.asked)
		}
	}
	s.shelf.asked = nil
	for _, query := range []string{
		"_HLS_msn", "_HLS_msn=", "_HLS_msn=-1", "_HLS_msn=+1", "_HLS_msn=1.5", "_HLS_msn=%31", "_HLS_msn=1%20", "_HLS_msn=0x1",
		"_HLS_msn=9999999999999999999", "_HLS_msn=1&_HLS_msn=1", "_HLS_part=x&_HLS_msn=1", "_HLS_msn=1&_HLS_part=0&_HLS_part=1",
		"_HLS_skip=YES&_HLS_skip=YES", "_HLS_skip=x&_HLS_skip=v2", "_HLS_msn=1;_HLS_part=2",
	} {
		if r := s.ask("GET", playlistPath+"?"+query); r.StatusCode != 400 || strings.Contains(r.body, "=") {
			t.Errorf("%q: %s %q", query, r.Status, r.body)
		}
	}
	if len(s.shelf.asked) != 0 {
		t.Errorf("the Node was asked %+v", s.shelf.asked)
	}
}

func TestOtherMethodsAndPathsAreRefused(t *testing.T) {
	s := newStage(t, nil)
	for _, c := range []struct {
		method, target string
		status         int
	}{
		{"POST", playlistPath, 405}, {"PUT", playlistPath, 405}, {"DELETE", playlistPath, 405}, {"get", playlistPath, 405},
		{"GET", "/hls/", 404}, {"GET", "/hls/forsen", 404}, {"GET", "/hls/forsen/../x/index.m3u8", 404},
		{"GET", "/hls/forsen/b1/720p/%2e%2e", 404}, {"GET", "/hls//index.m3u8", 404}, {"GET", "http://other/hls/x/y", 404},
	} {
		if r := s.ask(c.method, c.target); r.StatusCode != c.status || r.get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s %s: %s", c.method, c.target, r.Status)
		}
	}
	if len(s.shelf.asked) != 0 {
		t.Errorf("the Node was asked %+v", s.shelf.asked)
	}
	if r := s.ask("GET", "http://other"+playlistPath); r.StatusCode != 200 {
		t.Errorf("absolute form: %s", r.Status)
	}
}

func TestBrowsersMayAskFromOtherSites(t *testing.T) {
	s := newStage(t, nil)
	r := s.ask("OPTIONS", playlistPath, "Origin: https://a.example\r\n", "Access-Control-Request-Headers: range\r\n")
	if r.StatusCode != 204 || r.get("Access-Control-Allow-Origin") != "*" || !strings.Contains(r.get("Access-Control-Allow-Headers"), "Range") ||
		r.get("Access-Control-Max-Age") == "" || r.get("Content-Length") != "" {
		t.Errorf("%s %v", r.Status, r.Header)
	}
}

func TestWithoutTheRoleNothingIsThere(t *testing.T) {
	s := newStage(t, func(cfg *Config) { cfg.Videos = nil })
	if r := s.ask("GET", playlistPath); r.StatusCode != 404 {
		t.Errorf("%s", r.Status)
	}
}

func TestViewersWaitInOrder(t *testing.T) {
	s := newStage(t, nil)
	s.shelf.answers["/hls/forsen/b1/720p/2.m4s"] = hls.Answer{Wait: true}
	c := s.seat()
	c.send(request("GET", playlistPath) + request("GET", "/hls/forsen/b1/720p/2.m4s", "If-None-Match: \"old\"\r\n") + request("GET", masterPath))
	if all := c.replies("GET"); len(all) != 1 || all[0].StatusCode != 200 {
		t.Fatalf("%d answers before the wake-up", len(all))
	}
	c.send(request("GET", "/hls/forsen/b1/720p/9.m4s"))
	c.turn()
	if len(s.shelf.asked) != 2 || len(c.read()) != 0 {
		t.Fatalf("asked %d times while one waits", len(s.shelf.asked))
	}
	s.shelf.wake() // and it has to wait again
	c.turn()
	if len(s.shelf.asked) != 3 || s.shelf.asked[1] != s.shelf.asked[2] || len(s.shelf.waiting) != 1 {
		t.Fatalf("asked %+v", s.shelf.asked)
	}
	s.shelf.answers["/hls/forsen/b1/720p/2.m4s"] = hls.Answer{Status: 200, ETag: `"old"`, Bytes: []byte("segment")}
	s.shelf.wake()
	c.turn()
	all := c.replies("GET")
	if len(all) != 3 || all[0].StatusCode != 304 { // what it asked was remembered
		t.Fatalf("%d answers", len(all))
	}
	if want := []string{"2.m4s", "index.m3u8", "9.m4s"}; s.shelf.asked[3].Path.Name != want[0] || s.shelf.asked[4].Path.Name != want[1] || s.shelf.asked[5].Path.Name != want[2] {
		t.Errorf("asked %+v", s.shelf.asked[3:])
	}
}

func TestViewerWhoLeavesIsNotWoken(t *testing.T) {
	s := newStage(t, nil)
	s.shelf.answers[playlistPath] = hls.Answer{Wait: true}
	c := s.seat()
	c.send(request("GET", playlistPath))
	s.loop.Turn(func() { c.conn.Abort(1) })
	// Its place is another's now.
	other := s.seat()
	other.send(request("GET", playlistPath))
	asked := len(s.shelf.asked)
	gone := s.shelf.waiting[0]
	gone.Desk.Wake([]*hls.Waiter{gone})
	other.turn()
	if len(s.shelf.asked) != asked {
		t.Error("a wake-up reached another viewer")
	}
}

func TestTooMuchBehindOneThatWaitsClosesTheConnection(t *testing.T) {
	s := newStage(t, nil)
	s.shelf.answers[playlistPath] = hls.Answer{Wait: true}
	c := s.seat()
	for range 400 {
		if !c.conn.Open() {
			break
		}
		c.send(request("GET", playlistPath, "X: "+strings.Repeat("x", 200)+"\r\n"))
	}
	if c.conn.Open() || len(s.shelf.asked) != 1 {
		t.Errorf("open %v, asked %d times", c.conn.Open(), len(s.shelf.asked))
	}
}

func TestWaitingViewerIsSentElsewhereOnDrain(t *testing.T) {
	s := newStage(t, nil)
	s.shelf.answers[playlistPath] = hls.Answer{Wait: true}
	c := s.seat()
	c.send(request("GET", playlistPath))
	s.loop.Turn(func() { c.conn.Handler().Drain(c.conn) })
	if all := c.replies("GET"); len(all) != 1 || all[0].StatusCode != 503 || !all[0].Close {
		t.Errorf("%+v", all)
	}
}

func TestConnectionsLastAsLongAsTheirVersionSays(t *testing.T) {
	s := newStage(t, nil)
	for _, c := range []struct {
		head, connection string
		open             bool
	}{
		{"GET " + playlistPath + " HTTP/1.1\r\nHost: h\r\n\r\n", "", true},
		{"GET " + playlistPath + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "close", false},
		{"GET " + playlistPath + " HTTP/1.0\r\n\r\n", "close", false},
		{"GET " + playlistPath + " HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "keep-alive", true},
		{"POST " + playlistPath + " HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", "close", false},
	} {
		v := s.seat()
		v.send(c.head)
		text := string(v.read())
		if v.conn.Open() != c.open || c.connection != "" && !strings.Contains(text, "\r\nConnection: "+c.connection+"\r\n") ||
			c.connection == "" && strings.Contains(text, "Connection:") {
			t.Errorf("%q: open %v, %q", c.head, v.conn.Open(), text)
		}
	}
}

func TestConditionalRequestsOfPlaylists(t *testing.T) { // RFC 9110 section 13.2.2
	s := newStage(t, nil)
	modified := s.now.Add(-time.Minute).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	older := s.now.Add(-time.Hour).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	for line, want := range map[string]int{
		"If-None-Match: \"v1\"":                                   304,
		"If-None-Match: \"v0\", W/\"v1\"":                         304,
		"If-None-Match: *":                                        304,
		"If-None-Match: \"v0\"":                                   200,
		"If-None-Match: v1":                                       200,
		"If-None-Match:":                                          200,
		"If-Modified-Since: " + modified:                          304,
		"If-Modified-Since: " + older:                             200,
		"If-Modified-Since: yesterday":                            200,
		"If-Match: \"v0\"":                                        200,
		"If-Unmodified-Since: " + older:                           200,
		"If-None-Match: \"v0\"\r\nIf-Modified-Since: " + modified: 200, // the tag counts
	} {
		for _, method := range []string{"GET", "HEAD"} {
			r := s.ask(method, playlistPath, line+"\r\n")
			if r.StatusCode != want {
				t.Errorf("%s %q: %s", method, line, r.Status)
			}
			if want != 304 {
				continue
			}
			if r.get("ETag") == "" || r.get("Cache-Control") == "" || r.get("Date") == "" || r.get("Vary") == "" || r.get("Content-Length") != "" || r.get("Age") == "" {
				t.Errorf("304 with %v", r.Header)
			}
		}
	}
}
