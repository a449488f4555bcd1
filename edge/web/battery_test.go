package web

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"uproar/edge/engine"
)

// The tests of this file ask what http-tests/cache-tests asks of a cache, as far as it
// applies to one that builds its requests upstream itself: over real sockets, of the real
// port before a real Node.

const (
	date1 = "Mon, 23 Nov 2026 20:00:00 GMT" // modified
	date0 = "Mon, 23 Nov 2026 19:59:59 GMT"
	date2 = "Mon, 23 Nov 2026 20:00:01 GMT"
)

func TestValidatorsOverSockets(t *testing.T) { // RFC 9110 section 13
	th := newTheatre(t, engine.Config{}, nil)
	first := th.ask("GET", rendition+"1.m4s")
	if first.StatusCode != 200 || first.body != string(segments["1.m4s"]) || first.get("ETag") != `"100000"` || first.get("Last-Modified") != date1 {
		t.Fatalf("%s %v, %d bytes", first.Status, first.Header, len(first.body))
	}
	for _, c := range []struct {
		name   string
		header []string
		status int
	}{
		{"the tag", []string{"If-None-Match", `"100000"`}, 304},
		{"the tag, weak", []string{"If-None-Match", `W/"100000"`}, 304},
		{"the tag in a list", []string{"If-None-Match", `"a", "100000", "b"`}, 304},
		{"any", []string{"If-None-Match", `*`}, 304},
		{"another tag", []string{"If-None-Match", `"100001"`}, 200},
		{"the tag without quotes", []string{"If-None-Match", `100000`}, 200},
		{"the tag in two lines", []string{"If-None-Match", `"a"`, "If-None-Match", `"100000"`}, 200},
		{"the date", []string{"If-Modified-Since", date1}, 304},
		{"a later date", []string{"If-Modified-Since", date2}, 304},
		{"an earlier date", []string{"If-Modified-Since", date0}, 200},
		{"the date in the form of RFC 850", []string{"If-Modified-Since", "Monday, 23-Nov-26 20:00:00 GMT"}, 304},
		{"the date in the form of asctime", []string{"If-Modified-Since", "Mon Nov 23 20:00:00 2026"}, 304},
		{"no date", []string{"If-Modified-Since", "0"}, 200},
		{"another tag with the date", []string{"If-None-Match", `"x"`, "If-Modified-Since", date1}, 200},
		{"the tag with an earlier date", []string{"If-None-Match", `"100000"`, "If-Modified-Since", date0}, 304},
		{"the tag with a range", []string{"If-None-Match", `"100000"`, "Range", "bytes=0-1"}, 304},
		{"the tag with a range that cannot be", []string{"If-None-Match", `"100000"`, "Range", "bytes=900000-"}, 304},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			r := th.ask(method, rendition+"1.m4s", c.header...)
			if r.StatusCode != c.status {
				t.Errorf("%s, %s: %s, want %d", c.name, method, r.Status, c.status)
				continue
			}
			for _, name := range []string{"ETag", "Cache-Control", "Date", "Age", "Last-Modified", "Expires", "Cache-Status"} {
				if r.get(name) == "" {
					t.Errorf("%s, %s: no %s", c.name, method, name)
				}
			}
			if r.StatusCode == 304 && (r.get("Content-Length") != "" || r.get("Content-Type") != "" || r.body != "") {
				t.Errorf("%s, %s: 304 with %v", c.name, method, r.Header)
			}
			if method == "HEAD" && r.StatusCode == 200 && (r.ContentLength != 100_000 || r.body != "") {
				t.Errorf("%s: HEAD with %d bytes announced", c.name, r.ContentLength)
			}
		}
	}
	if n := th.studio.count("1.m4s"); n != 1 {
		t.Errorf("fetched %d times", n)
	}
}

func TestRangesOverSockets(t *testing.T) { // RFC 9110 section 14
	th := newTheatre(t, engine.Config{}, nil)
	body := string(segments["1.m4s"])
	for _, c := range []struct {
		name, value string
		ifRange     string
		status      int
		first, end  int // of the body
	}{
		{"the first byte", "bytes=0-0", "", 206, 0, 1},
		{"the last byte", "bytes=99999-99999", "", 206, 99999, 100000},
		{"a part", "bytes=500-70499", "", 206, 500, 70500},
		{"beyond the end", "bytes=99990-200000", "", 206, 99990, 100000},
		{"to the largest byte", "bytes=10-9007199254740991", "", 206, 10, 100000}, // section 6.2.6 of the specification
		{"from one on", "bytes=99000-", "", 206, 99000, 100000},
		{"the last ten", "bytes=-10", "", 206, 99990, 100000},
		{"more than all", "bytes=-200000", "", 206, 0, 100000},
		{"all", "bytes=0-", "", 206, 0, 100000},
		{"behind the end", "bytes=100000-", "", 416, 0, 0},
		{"far behind the end", "bytes=9007199254740991-", "", 416, 0, 0},
		{"no byte", "bytes=-0", "", 416, 0, 0},
		{"two", "bytes=0-1,5-6", "", 200, 0, 100000},
		{"backwards", "bytes=5-1", "", 200, 0, 100000},
		{"another unit", "seconds=1-2", "", 200, 0, 100000},
		{"nonsense", "bytes=a-b", "", 200, 0, 100000},
		{"overflow", "bytes=0-99999999999999999999", "", 200, 0, 100000},
		{"of this tag", "bytes=0-9", `"100000"`, 206, 0, 10},
		{"of another tag", "bytes=0-9", `"x"`, 200, 0, 100000},
		{"of this tag, weak", "bytes=0-9", `W/"100000"`, 200, 0, 100000},
		{"of this date", "bytes=0-9", date1, 206, 0, 10},
		{"of an earlier date", "bytes=0-9", date0, 200, 0, 100000},
		{"of a later date", "bytes=0-9", date2, 200, 0, 100000},
		{"of nothing", "bytes=0-9", "nonsense", 200, 0, 100000},
		{"behind the end of another tag", "bytes=100000-", `"x"`, 200, 0, 100000},
	} {
		header := []string{"Range", c.value}
		if c.ifRange != "" {
			header = append(header, "If-Range", c.ifRange)
		}
		r := th.ask("GET", rendition+"1.m4s", header...)
		if r.StatusCode != c.status {
			t.Errorf("%s: %s, want %d", c.name, r.Status, c.status)
			continue
		}
		want := map[int]string{
			206: "bytes " + strconv.Itoa(c.first) + "-" + strconv.Itoa(c.end-1) + "/100000", 416: "bytes */100000",
		}[c.status]
		if got := r.get("Content-Range"); got != want {
			t.Errorf("%s: Content-Range %q, want %q", c.name, got, want)
		}
		if c.status != 416 && r.body != body[c.first:c.end] {
			t.Errorf("%s: %d wrong bytes", c.name, len(r.body))
		}
		if c.status == 206 && (r.get("ETag") == "" || r.get("Cache-Control") == "" || r.get("Content-Type") != "video/mp4") {
			t.Errorf("%s: 206 with %v", c.name, r.Header)
		}
		if head := th.ask("HEAD", rendition+"1.m4s", header...); head.StatusCode != 200 {
			t.Errorf("%s: HEAD got %s", c.name, head.Status)
		}
	}
}

func TestFreshnessOverSockets(t *testing.T) { // RFC 9111 section 4.2.3, RFC 9213, RFC 9211
	th := newTheatre(t, engine.Config{}, nil)
	for _, path := range []string{masterPath, rendition + "index.m3u8", rendition + "1.m4s"} {
		before := time.Now().Add(-time.Second)
		r := th.ask("GET", path)
		age, err := strconv.Atoi(r.get("Age"))
		least := 3 // seconds were spent above
		if path == masterPath {
			least = 0
		}
		if err != nil || age < least || age > 20 {
			t.Errorf("%s: Age %q", path, r.get("Age"))
		}
		date, err := http.ParseTime(r.get("Date"))
		if err != nil || date.Before(before.Add(-time.Second)) || date.After(time.Now()) {
			t.Errorf("%s: Date %q", path, r.get("Date"))
		}
		control := r.get("Cache-Control")
		_, seconds, found := strings.Cut(control, "max-age=")
		seconds, _, _ = strings.Cut(seconds, ",")
		if n, err := strconv.Atoi(seconds); !found || err != nil || n < 1 {
			t.Errorf("%s: Cache-Control %q", path, control)
		}
		if !strings.HasPrefix(r.get("Cache-Status"), "uproar; ") {
			t.Errorf("%s: Cache-Status %q", path, r.get("Cache-Status"))
		}
		if again := th.ask("GET", path); again.get("Cache-Status") != "uproar; hit" || again.body != r.body || again.get("ETag") != r.get("ETag") {
			t.Errorf("%s again: %v", path, again.Header)
		}
		for _, line := range []string{"no-cache", "no-store", "max-age=0"} { // a viewer makes nobody above work
			if r := th.ask("GET", path, "Cache-Control", line, "Pragma", "no-cache"); r.get("Cache-Status") != "uproar; hit" {
				t.Errorf("%s with %s: %v", path, line, r.Header)
			}
		}
	}
	if control := th.ask("GET", rendition+"1.m4s").get("Cache-Control"); !strings.Contains(control, "immutable") { // RFC 8246
		t.Errorf("a segment has Cache-Control %q", control)
	}
}

func TestCodingsOverSockets(t *testing.T) { // RFC 9110 section 12.5.3
	th := newTheatre(t, engine.Config{}, nil)
	plain := th.ask("GET", rendition+"index.m3u8")
	tags := map[string]bool{plain.get("ETag"): true}
	for value, coded := range map[string]bool{
		"": false, "gzip": true, "br, gzip;q=0.1": true, "*": true, "identity": false, "gzip;q=0": false, "br": false, "*;q=0": false,
	} {
		r := th.ask("GET", rendition+"index.m3u8", "Accept-Encoding", value)
		if (r.get("Content-Encoding") == "gzip") != coded || r.get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: %v", value, r.Header)
			continue
		}
		text := r.body
		if coded {
			tags[r.get("ETag")] = true
			in, err := gzip.NewReader(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			all, err := io.ReadAll(in)
			if err != nil {
				t.Fatal(err)
			}
			text = string(all)
		}
		if text != plain.body {
			t.Errorf("%q: another playlist", value)
		}
		if got := th.ask("GET", rendition+"index.m3u8", "Accept-Encoding", value, "If-None-Match", r.get("ETag")); got.StatusCode != 304 {
			t.Errorf("%q: its own tag gets %s", value, got.Status)
		}
	}
	if len(tags) != 2 {
		t.Errorf("tags %v: each coding has its own", tags)
	}
	if got := th.ask("GET", rendition+"index.m3u8", "Accept-Encoding", "gzip", "If-None-Match", plain.get("ETag")); got.StatusCode != 200 {
		t.Errorf("the tag of the other coding gets %s", got.Status)
	}
	if r := th.ask("GET", rendition+"1.m4s", "Accept-Encoding", "gzip"); r.get("Content-Encoding") != "" || r.get("Vary") != "" {
		t.Errorf("a segment with %v", r.Header)
	}
}

func TestFailuresOverSockets(t *testing.T) {
	th := newTheatre(t, engine.Config{}, nil)
	for range 3 {
		r := th.ask("GET", rendition+"none.m4s")
		if r.StatusCode != 404 || r.get("Cache-Control") == "" || r.get("ETag") != "" || r.get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s %v", r.Status, r.Header)
		}
	}
	if n := th.studio.count("none.m4s"); n != 1 {
		t.Errorf("a segment that is not there was asked for %d times", n)
	}
	var loop []string
	for range 10 {
		loop = append(loop, "CDN-Loop", "uproar")
	}
	if r := th.ask("GET", rendition+"2.m4s", loop...); r.StatusCode != 508 {
		t.Errorf("what goes round gets %s", r.Status)
	}
	if r := th.ask("GET", rendition+"index.m3u8?_HLS_part=1"); r.StatusCode != 400 {
		t.Errorf("a part of nothing gets %s", r.Status)
	}
}

func TestPipelinedAnswersComeInOrderOverSockets(t *testing.T) {
	th := newTheatre(t, engine.Config{}, nil)
	c := th.dial()
	names := []string{"big.m4s", "2.m4s", "none.m4s", "1.m4s", "2.m4s", "big.m4s"}
	var heads bytes.Buffer
	for _, name := range names {
		heads.WriteString(request("GET", rendition+name))
	}
	if _, err := c.Write(heads.Bytes()); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(c)
	for i, name := range names {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		body, err := io.ReadAll(resp.Body)
		if want, ok := segments[name]; err != nil || ok && !bytes.Equal(body, want) || !ok && resp.StatusCode != 404 {
			t.Fatalf("answer %d, %s: %s, %d bytes, %v", i, name, resp.Status, len(body), err)
		}
	}
}
