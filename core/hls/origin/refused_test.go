package origin

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestABrokenPlaylistIsRefusedWithAReasonCountedAndLoggedOnce(t *testing.T) {
	good := playlist(0, 1, false)
	for name, c := range map[string]struct {
		body   string
		status int
		reason string
	}{
		"no playlist":            {"<html>", 400, "#EXTM3U"},
		"empty":                  {"", 400, "#EXTM3U"},
		"a multivariant one":     {"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv/index.m3u8\n", 400, "EXT-X-STREAM-INF"},
		"no target duration":     {strings.Replace(good, "#EXT-X-TARGETDURATION:2\n", "", 1), 400, "TARGETDURATION"},
		"another target":         {strings.Replace(good, "DURATION:2\n", "DURATION:3\n", 1), 400, "TARGETDURATION changed"},
		"a segment too long":     {strings.Replace(good, "2.000000", "2.600000", 1), 400, "above the target duration"},
		"another duration":       {strings.Replace(good, "2.000000", "1.900000", 1), 400, "duration"},
		"cut off in a tag":       {strings.TrimSuffix(good, "1.m4s\n"), 400, "no URI"},
		"a URI elsewhere":        {strings.Replace(good, "1.m4s", "http://example.com/1.m4s", 1), 400, "plain file name"},
		"a URI with a directory": {strings.Replace(good, "1.m4s", "../x/1.m4s", 1), 400, "plain file name"},
		"a URI with a query":     {strings.Replace(good, "1.m4s", "1.m4s?a=b", 1), 400, "plain file name"},
		"a delta update":         {strings.Replace(good, "#EXTINF", "#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n#EXTINF", 1), 400, "delta"},
		"a binary":               {good + "\x00\xff", 400, "control character"},
		"the second parser's no": {strings.Replace(good, "#EXT-X-MAP", "#EXT-X-DATERANGE:ID=\"x\",START-DATE=\"never\"\n#EXT-X-MAP", 1), 400, ""},
		"an older one":           {playlist(0, 0, false), 409, "older"},
		"one that went back":     {strings.Replace(good, "1.m4s", "x.m4s", 1), 409, "cannot follow"},
		"one of another run":     {playlist(7, 9, false), 409, "cannot follow"},
		"a huge one":             {good + strings.Repeat("#EXT-COMMENT\n", 100_000), 413, "too large"},
	} {
		t.Run(name, func(t *testing.T) {
			clocked(t, func(t *testing.T) {
				r := newRig(t, nil)
				r.push("forsen", "a", 0, 1)
				_, before, _ := r.get("forsen/" + r.run("forsen") + "/v/index.m3u8")
				logged := r.logged.Len()
				if text := r.put("forsen/v/index.m3u8", c.body, c.status); !strings.Contains(text, c.reason) {
					t.Errorf("the reason is %q, want %q", text, c.reason)
				}
				if n := strings.Count(r.logged.String()[logged:], "\n"); n != 1 {
					t.Errorf("%d lines in the log: %s", n, r.logged.String()[logged:])
				}
				kind := "playlist"
				if c.status == 413 {
					kind = "too_large"
				}
				if n := r.meters.byReason[kind].Get(); n != 1 {
					t.Errorf("counted %d times", n)
				}
				r.want("forsen/"+r.run("forsen")+"/v/index.m3u8", before)
				r.push("forsen", "a", 2, 2) // and it goes on
			})
		})
	}
}

func TestABrokenMultivariantPlaylistIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ body, reason string }{
		"a media playlist":    {playlist(0, 1, false), "RENDITION/index.m3u8"},
		"a URI elsewhere":     {"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://example.com/v/index.m3u8\n", "not RENDITION/index.m3u8"},
		"a URI above":         {"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n../other/v/index.m3u8\n", "not RENDITION/index.m3u8"},
		"a URI without place": {"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nindex.m3u8\n", "not RENDITION/index.m3u8"},
		"no bandwidth":        {"#EXTM3U\n#EXT-X-STREAM-INF:CODECS=\"x\"\nv/index.m3u8\n", "BANDWIDTH"},
	} {
		r := newRig(t, nil)
		if text := r.put("forsen/index.m3u8", c.body, 400); !strings.Contains(text, c.reason) {
			t.Errorf("%s: %q, want %q", name, text, c.reason)
		}
	}
}

func TestOtherRequestsAreRefused(t *testing.T) {
	r := newRig(t, nil)
	for _, path := range []string{"/hls/", "/hls/forsen", "/hls/Forsen/v/0.m4s", "/hls/forsen/v/w/0.m4s", "/hls/forsen/../v/0.m4s",
		"/hls/forsen/v/.live", "/hls/forsen/v/a%20b", "/hls/forsen/0.m4s", "/other"} {
		r.send(http.MethodPut, path, strings.NewReader("x"), 404)
	}
	r.send("PATCH", "/hls/forsen/v/0.m4s", nil, 405)
	if n := len(r.all()); n != 0 {
		t.Errorf("%d channels were made", n)
	}
	if n := r.meters.byReason["path"].Get() + r.meters.byReason["method"].Get(); n != 10 {
		t.Errorf("%d of 10 were counted", n)
	}
}

// endless is a body that does not end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestABodyWithoutAnEndIsRefused(t *testing.T) {
	r := newRig(t, func(c *Config) { c.SegmentBytesMax, c.PlaylistBytesMax = 1<<20, 1<<10 })
	r.send(http.MethodPut, "/hls/forsen/v/0.m4s", endless{}, 413)
	r.send(http.MethodPut, "/hls/forsen/v/index.m3u8", endless{}, 413)
	r.send(http.MethodPost, "/hls/forsen/index.m3u8", endless{}, 413)
	if n := r.held.Load(); n != 0 {
		t.Errorf("%d bytes are held", n)
	}
	exact := strings.Repeat("x", 1<<20)
	r.put("forsen/v/0.m4s", exact, 200)
	r.put("forsen/v/1.m4s", exact+"x", 413)
}

func TestABodyThatStandsStillIsGivenUp(t *testing.T) {
	r := newRig(t, func(c *Config) { c.StallMax = 50 * time.Millisecond })
	server := httptest.NewServer(r)
	defer server.Close()
	body, more := io.Pipe()
	defer more.Close()
	go more.Write([]byte("a beginning"))
	req, _ := http.NewRequest(http.MethodPut, server.URL+"/hls/forsen/v/0.m4s", body)
	answer, err := server.Client().Do(req)
	if err == nil {
		answer.Body.Close()
		if answer.StatusCode != 400 {
			t.Errorf("status %d", answer.StatusCode)
		}
	}
	until(t, "the count", func() bool { return r.meters.byReason["cut"].Get() == 1 })
}

func TestMemoryAndNamesAreBounded(t *testing.T) {
	r := newRig(t, func(c *Config) { c.MemoryBytesMax, c.ChannelsMax = 1<<20, 3 })
	for i := range 3 {
		r.put(fmt.Sprintf("c%d/v/0.m4s", i), "x", 200)
	}
	r.put("c3/v/0.m4s", "x", 507)
	r.put("c3/v/index.m3u8", playlist(0, 1, false), 507)
	r.put("c3/index.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv/index.m3u8\n", 507)
	for i := 1; i < renditionsMax; i++ {
		r.put(fmt.Sprintf("c0/v%d/0.m4s", i), "x", 200)
	}
	r.put("c0/w/0.m4s", "x", 507)
	r.put("c0/w/index.m3u8", playlist(0, 1, false), 507)
	for i := 1; i < pendingMax; i++ {
		r.put(fmt.Sprintf("c1/v/%d.m4s", i), "x", 200)
	}
	r.put("c1/v/one-more.m4s", "x", 507)
	r.put("c2/v/large.m4s", strings.Repeat("x", 1<<20), 507)
	before := r.held.Load()
	if before > 1<<20 {
		t.Errorf("%d bytes are held", before)
	}
	r.sweep(time.Now().Add(2 * pendingAgeMax)) // nobody sends a playlist: they are over
	r.sweep(time.Now().Add(4 * pendingAgeMax))
	if n := r.held.Load(); n != 0 || len(r.all()) != 0 {
		t.Errorf("%d bytes are held, of %d channels", n, len(r.all()))
	}
}
