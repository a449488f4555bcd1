package web

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"uproar/edge/engine"
)

// begin sends a request and reads the head of its answer.
func begin(t testing.TB, c net.Conn, head string) (*http.Response, *bufio.Reader) {
	t.Helper()
	if _, err := io.WriteString(c, head); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReaderSize(c, 4096)
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatalf("cannot read an answer: %v", err)
	}
	return resp, in
}

func wantNext(t testing.TB, from io.Reader, want []byte) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(from, got); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("the next %d bytes are not those (%v)", len(want), err)
	}
}

func put(t testing.TB, to io.Writer, b []byte) {
	t.Helper()
	if _, err := to.Write(b); err != nil {
		t.Fatal(err)
	}
}

func TestSegmentGoesOutWhileItComes(t *testing.T) {
	body := video(300_000)
	for _, c := range []struct {
		name   string
		length int64
		head   string
		check  func(*http.Response) bool
	}{
		{"known length", int64(len(body)), request("GET", rendition+"slow.m4s"), func(r *http.Response) bool {
			return r.ContentLength == int64(len(body)) && r.TransferEncoding == nil
		}},
		{"unknown length", -1, request("GET", rendition+"slow.m4s"), func(r *http.Response) bool {
			return r.ContentLength == -1 && len(r.TransferEncoding) == 1
		}},
		{"unknown length, HTTP/1.0", -1, "GET " + rendition + "slow.m4s HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", func(r *http.Response) bool {
			return r.ContentLength == -1 && r.TransferEncoding == nil && r.Close
		}},
		{"unknown length, to the largest byte", -1, request("GET", rendition+"slow.m4s", "Range: bytes=0-9007199254740991\r\n"), func(r *http.Response) bool {
			return r.StatusCode == 206 && r.Header.Get("Content-Range") == "bytes 0-9007199254740991/*" && len(r.TransferEncoding) == 1
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			th := newTheatre(t, engine.Config{}, nil)
			tap := th.studio.tap("slow.m4s", c.length)
			go func() { _, _ = tap.Write(body[:1000]) }()
			resp, _ := begin(t, th.dial(), c.head)
			if !c.check(resp) {
				t.Fatalf("%s %v %v", resp.Status, resp.Header, resp.TransferEncoding)
			}
			wantNext(t, resp.Body, body[:1000]) // before the rest is there
			put(t, tap, body[1000:200_000])
			wantNext(t, resp.Body, body[1000:200_000])
			put(t, tap, body[200_000:])
			_ = tap.Close()
			wantNext(t, resp.Body, body[200_000:])
			if n, err := resp.Body.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Fatalf("behind the end: %d, %v", n, err)
			}
		})
	}
}

// TestTruncatedSegmentIsNeverTakenForWhole: whatever way a client has of knowing where a
// body ends, it sees that this one did not.
func TestTruncatedSegmentIsNeverTakenForWhole(t *testing.T) {
	for name, head := range map[string]string{
		"HTTP/1.1": request("GET", rendition+"slow.m4s"),
		"HTTP/1.0": "GET " + rendition + "slow.m4s HTTP/1.0\r\n\r\n",
	} {
		for _, length := range []int64{-1, 100_000} {
			th := newTheatre(t, engine.Config{}, nil)
			tap := th.studio.tap("slow.m4s", length)
			sent := make(chan error, 1)
			go func() {
				_, err := tap.Write(video(5000))
				sent <- err
			}()
			resp, _ := begin(t, th.dial(), head)
			if err := <-sent; err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(resp.Body, make([]byte, 5000)); err != nil {
				t.Fatal(err)
			}
			_ = tap.CloseWithError(errors.New("upstream has gone"))
			n, err := io.Copy(io.Discard, resp.Body)
			if err == nil || n > 0 {
				t.Errorf("%s, length %d: %d more bytes, and a good end", name, length, n)
			}
			again := th.ask("GET", rendition+"slow.m4s")
			if again.StatusCode < 500 {
				t.Errorf("%s, length %d: then %s of %d bytes", name, length, again.Status, len(again.body))
			}
		}
	}
}

func TestRangeOfWhatStillComesWaitsForIt(t *testing.T) {
	th := newTheatre(t, engine.Config{}, nil)
	body := video(100_000)
	tap := th.studio.tap("slow.m4s", int64(len(body)))
	go func() { _, _ = tap.Write(body[:10]) }()
	resp, _ := begin(t, th.dial(), request("GET", rendition+"slow.m4s", "Range: bytes=60000-60009\r\n"))
	if resp.StatusCode != 206 || resp.Header.Get("Content-Range") != "bytes 60000-60009/100000" {
		t.Fatalf("%s %v", resp.Status, resp.Header)
	}
	put(t, tap, body[10:])
	got, err := io.ReadAll(resp.Body)
	if err != nil || !bytes.Equal(got, body[60000:60010]) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
}

func TestHerdIsOneFetch(t *testing.T) {
	th := newTheatre(t, engine.Config{}, nil)
	body := video(200_000)
	tap := th.studio.tap("later.m4s", -1)
	var herd sync.WaitGroup
	fails := make(chan error, 200)
	for range cap(fails) {
		c := th.dial()
		if _, err := io.WriteString(c, request("GET", rendition+"later.m4s")); err != nil {
			t.Fatal(err)
		}
		herd.Go(func() {
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				fails <- err
				return
			}
			if got, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(got, body) {
				fails <- fmt.Errorf("%d bytes, %w", len(got), err)
			}
		})
	}
	for at := 0; at < len(body); at += 10_000 {
		put(t, tap, body[at:at+10_000])
	}
	_ = tap.Close()
	herd.Wait()
	close(fails)
	for err := range fails {
		t.Error(err)
	}
	if n := th.studio.count("later.m4s"); n != 1 {
		t.Errorf("%d fetches", n)
	}
}

func TestViewerWhoLeavesCancelsNothing(t *testing.T) {
	th := newTheatre(t, engine.Config{}, nil)
	body := video(200_000)
	tap := th.studio.tap("slow.m4s", int64(len(body)))
	go func() { _, _ = tap.Write(body[:100]) }()
	c := th.dial()
	begin(t, c, request("GET", rendition+"slow.m4s"))
	_ = c.Close()
	put(t, tap, body[100:])
	_ = tap.Close()
	if r := th.ask("GET", rendition+"slow.m4s"); r.body != string(body) || th.studio.count("slow.m4s") != 1 {
		t.Errorf("%d bytes, fetched %d times", len(r.body), th.studio.count("slow.m4s"))
	}
}

func TestSlowHeadIsGivenUp(t *testing.T) {
	th := newTheatre(t, engine.Config{}, func(cfg *Config) { cfg.HeaderTimeout, cfg.IdleTimeout = 200*time.Millisecond, 200*time.Millisecond })
	for name, start := range map[string]string{
		"nothing": "", "half a head": "GET " + rendition, "between requests": request("GET", rendition+"2.m4s"),
		"half a head behind a request": request("GET", rendition+"2.m4s") + "GET /",
	} {
		c := th.dial()
		if _, err := io.WriteString(c, start); err != nil {
			t.Fatal(err)
		}
		stop, done := make(chan struct{}), make(chan struct{})
		go func() { // drips, so that it is no silence
			defer close(done)
			for tick := time.NewTicker(20 * time.Millisecond); ; {
				select {
				case <-tick.C:
					if start != "" && !strings.HasSuffix(start, "\r\n\r\n") {
						_, _ = c.Write([]byte("x"))
					}
				case <-stop:
					tick.Stop()
					return
				}
			}
		}()
		all, err := io.ReadAll(c)
		close(stop)
		<-done
		if err != nil && !errors.Is(err, syscall.ECONNRESET) || !strings.Contains(string(all), "HTTP/1.1 408 ") {
			t.Errorf("%s: %q, %v", name, all, err)
		}
	}
}

func TestBodyIsNotWaitedFor(t *testing.T) {
	th := newTheatre(t, engine.Config{}, nil)
	for _, line := range []string{"Content-Length: 1000000\r\n", "Transfer-Encoding: chunked\r\n"} {
		for _, method := range []string{"GET", "POST"} {
			c := th.dial()
			resp, in := begin(t, c, request(method, rendition+"1.m4s", line))
			if resp.StatusCode != 413 || !resp.Close {
				t.Errorf("%s with %q: %s", method, line, resp.Status)
			}
			_, _ = io.ReadAll(resp.Body)
			if _, err := in.ReadByte(); err != io.EOF {
				t.Errorf("%s with %q: %v, want the end", method, line, err)
			}
		}
	}
}

func TestViewerWhoReadsNothingIsReset(t *testing.T) {
	th := newTheatre(t, engine.Config{SlowTimeout: time.Second}, nil)
	c := th.dial()
	if err := c.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	begin(t, c, request("GET", rendition+"big.m4s"))
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var text bytes.Buffer
		th.set.WritePrometheus(&text)
		if strings.Contains(text.String(), `uproar_closed_total{port="http",reason="slow"} 1`) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("not closed within 10 s")
		}
	}
	if n, err := io.Copy(io.Discard, c); err == nil || n > int64(len(segments["big.m4s"])) {
		t.Errorf("read %d bytes and %v: a body that was cut off looks whole", n, err)
	}
}

// TestStalledViewersCostNoMemory: 2 KiB of process memory each, whatever they were to be
// sent (must-show 3 of the tier's contract).
func TestStalledViewersCostNoMemory(t *testing.T) {
	const viewers = 300
	th := newTheatre(t, engine.Config{}, nil)
	th.ask("GET", rendition+"big.m4s")
	dialAll := func(head string) {
		for range viewers {
			c := th.dial()
			if err := c.(*net.TCPConn).SetReadBuffer(4096); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(c, head); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(c, make([]byte, 15)); err != nil {
				t.Fatal(err)
			}
		}
	}
	// What the client's side costs in this process, and a connection, is not what is asked.
	before := liveBytes()
	dialAll(request("GET", rendition+"2.m4s"))
	idle := liveBytes() - before
	before = liveBytes()
	dialAll(request("GET", rendition+"big.m4s"))
	stalled := liveBytes() - before
	if each := (stalled - idle) / viewers; each > 2048 {
		t.Errorf("%d bytes for each stalled viewer beyond an idle connection", each)
	}
}

func liveBytes() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// TestSmugglersAreRefused: after a head on which two servers could disagree nothing of the
// connection is served.
func TestSmugglersAreRefused(t *testing.T) { // hls.md: net/http CVE-2025-22871, fasthttp cb5a8fc, c3791f8
	th := newTheatre(t, engine.Config{}, nil)
	next := request("GET", rendition+"1.m4s")
	get := "GET " + rendition + "2.m4s HTTP/1.1\r\nHost: h\r\n"
	for name, head := range map[string]string{
		"coding on HTTP/1.0":        "GET " + rendition + "2.m4s HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"length that overflows":     get + "Content-Length: 18446744073709551616\r\n\r\n",
		"two lengths":               get + "Content-Length: 0\r\nContent-Length: 5\r\n\r\n",
		"length and coding":         get + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"bare LF in a chunk's size": get + "Transfer-Encoding: chunked\r\n\r\n0\n\n",
		"bare LF in an extension":   get + "Transfer-Encoding: chunked\r\n\r\n0;a\nb\r\n\r\n",
		"space before the colon":    get + "Content-Length : 5\r\n\r\n",
		"a folded line":             get + "X: a\r\n Content-Length: 5\r\n\r\n",
		"bare CR":                   get + "X: a\rContent-Length: 5\r\n\r\n",
		"no host":                   "GET " + rendition + "2.m4s HTTP/1.1\r\n\r\n",
		"two hosts":                 get + "Host: other\r\n\r\n",
		"an unknown coding":         get + "Transfer-Encoding: xchunked\r\n\r\n",
	} {
		c := th.dial()
		if _, err := io.WriteString(c, head+next); err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(c)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("%s: still open", name)
		}
		if text := string(all); strings.Contains(text, " 200 ") || strings.Count(text, "HTTP/1.1 ") != 1 {
			t.Errorf("%s: %.200q", name, text)
		}
	}
	if n := th.studio.count("1.m4s"); n != 0 {
		t.Errorf("the request behind was served %d times", n)
	}
}

// TestHeadInPiecesIsOneRequest: how a head is cut into packets changes nothing.
func TestHeadInPiecesIsOneRequest(t *testing.T) {
	th := newTheatre(t, engine.Config{}, nil)
	c := th.dial()
	_ = c.(*net.TCPConn).SetNoDelay(true)
	for _, b := range []byte(request("GET", rendition+"2.m4s")) {
		put(t, c, []byte{b})
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%v, %v", resp, err)
	}
}
