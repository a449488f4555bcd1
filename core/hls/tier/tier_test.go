package tier

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"uproar/core/hls"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	segment = hls.Path{Kind: hls.KindSegment, Channel: "forsen", Broadcast: "b1", Rendition: "720p", Name: "7.m4s"}
	media   = hls.Path{Kind: hls.KindMedia, Channel: "forsen", Broadcast: "b1", Rendition: "720p", Name: hls.Playlist}
)

const etag = `"e1"`

// whole is what a node of the tier has.
var whole = bytes.Repeat([]byte("0123456789abcdef"), 20_000)

func good(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ETag", etag)
	w.Header().Set("Content-Type", "video/mp4")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(whole))
}

// above makes a Source of nodes that answer as the handlers do, in the order in which
// segment's channel asks them.
func above(t *testing.T, handlers ...http.HandlerFunc) *Source {
	t.Helper()
	cfg := Config{AnswerTimeout: 200 * time.Millisecond, StallTimeout: 200 * time.Millisecond}
	swap := map[string]http.HandlerFunc{}
	for range handlers {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { swap[r.Host](w, r) }))
		t.Cleanup(server.Close)
		cfg.Nodes = append(cfg.Nodes, server.Listener.Addr().String())
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	for i, n := range s.choice.order(segment.Channel) {
		swap[n.addr] = handlers[i]
	}
	return s
}

// fetch returns all of an answer.
func fetch(t *testing.T, s *Source, p hls.Path, r hls.Reload) (status int, content []byte, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	got, err := s.Fetch(ctx, p, r)
	if err != nil {
		return 0, nil, err
	}
	defer got.Body.Close()
	content, err = io.ReadAll(got.Body)
	return got.Status, content, err
}

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func reset(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func says(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

// raw answers with bytes as they are, and the end of the connection.
func raw(answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, _ = io.WriteString(c, answer)
			_ = c.Close()
		}
	}
}

func TestNextNodeAnswersForOneThatDoesNot(t *testing.T) {
	for name, first := range map[string]http.HandlerFunc{
		"hangs":                 hang,
		"resets":                reset,
		"is broken":             says(http.StatusInternalServerError),
		"is busy":               says(http.StatusTooManyRequests),
		"redirects":             func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/other", http.StatusFound) },
		"answers 200 by a page": raw("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 4\r\n\r\nfine"),
		"has part of it":        raw("HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\n\r\nfine"),
		"has nothing of it":     raw("HTTP/1.1 204 No Content\r\n\r\n"),
		"gives no length":       raw("HTTP/1.1 200 OK\r\n\r\nfine"),
		"compresses unasked":    raw("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nfine"),
		"speaks nonsense":       raw("SSH-2.0-OpenSSH_9.2\r\n"),
		"has a huge head":       raw("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			s := above(t, func(w http.ResponseWriter, r *http.Request) { asked.Add(1); first(w, r) }, good)
			master := hls.Path{Channel: segment.Channel, Name: hls.Playlist}
			status, content, err := fetch(t, s, master, hls.NoReload)
			if err != nil || status != 200 || !bytes.Equal(content, whole) {
				t.Fatalf("status %d, %d bytes, %v", status, len(content), err)
			}
			if status, _, err := fetch(t, s, master, hls.NoReload); err != nil || status != 200 || asked.Load() != 1 {
				t.Errorf("then: status %d, %v, and the first node was asked %d times", status, err, asked.Load())
			}
		})
	}
}

func TestNodeThatRefusesConnectionsCostsNoAnswer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	server := httptest.NewServer(http.HandlerFunc(good))
	defer server.Close()
	s, err := New(Config{Nodes: []string{l.Addr().String(), server.Listener.Addr().String()}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 20 {
		p := segment
		p.Channel = fmt.Sprintf("channel%d", i)
		if status, _, err := fetch(t, s, p, hls.NoReload); err != nil || status != 200 {
			t.Fatalf("status %d, %v", status, err)
		}
	}
	if n := s.nodes[0].failures.Get(); n != 1 {
		t.Errorf("the node that is down was asked %d times within %v", n, DownFor)
	}
}

func TestLastAnswerIsHandedOnWhenAllNodesAreTroubled(t *testing.T) {
	s := above(t, hang, says(http.StatusServiceUnavailable), reset)
	if status, _, err := fetch(t, s, media, hls.NoReload); err != nil || status != http.StatusServiceUnavailable {
		t.Errorf("status %d, %v", status, err)
	}
	s = above(t, reset, reset)
	if _, _, err := fetch(t, s, media, hls.NoReload); err == nil {
		t.Error("no node has answered, and there was no error")
	}
}

func TestWhatIsNotThereIsAskedOfNoOtherNode(t *testing.T) {
	s := above(t, says(http.StatusNotFound), good)
	if status, _, err := fetch(t, s, segment, hls.NoReload); err != nil || status != http.StatusNotFound {
		t.Errorf("status %d, %v", status, err)
	}
	if n := len(s.choice.mu.channels); n != 0 {
		t.Errorf("%d channels are remembered that nobody has", n)
	}
}

func TestShortBodyIsNeverWhole(t *testing.T) {
	for name, first := range map[string]http.HandlerFunc{
		"length": raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfine"),
		"chunks": raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n"),
		"silent": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "fine")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
	} {
		s := above(t, first, good)
		_, content, err := fetch(t, s, segment, hls.NoReload)
		if err == nil || string(content) != "fine" {
			t.Errorf("%s: %q, %v", name, content, err)
		}
		if s.nodes[0].up(time.Now()) && s.nodes[1].up(time.Now()) {
			t.Errorf("%s: the node is not remembered to be in trouble", name)
		}
	}
}

// half sends half of what good does.
func half(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ETag", etag)
	w.Header().Set("Content-Length", fmt.Sprint(len(whole)))
	_, _ = w.Write(whole[:len(whole)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func TestBodyThatBreaksOffGoesOnAtTheNextNode(t *testing.T) {
	s := above(t, half, reset, good)
	status, content, err := fetch(t, s, segment, hls.NoReload)
	if err != nil || status != 200 || !bytes.Equal(content, whole) {
		t.Fatalf("status %d, %d bytes of %d, %v", status, len(content), len(whole), err)
	}
	if s.meters.continued.Get() != 1 {
		t.Errorf("continued %d times", s.meters.continued.Get())
	}
}

func TestOtherBytesAreNotPutBehind(t *testing.T) {
	for name, next := range map[string]http.HandlerFunc{
		"other validator": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"e2"`)
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(whole))
		},
		"lies about its validator": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", etag)
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(whole[1:]))
		},
		"no ranges": func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("Range")
			good(w, r)
		},
	} {
		s := above(t, half, next)
		_, content, err := fetch(t, s, segment, hls.NoReload)
		if err == nil || !bytes.Equal(content, whole[:len(whole)/2]) {
			t.Errorf("%s: %d bytes, %v", name, len(content), err)
		}
	}
}

func TestRequestsAreBuiltFromParsedFields(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := New(Config{Nodes: []string{l.Addr().String()}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, c := range []struct {
		p      hls.Path
		r      hls.Reload
		hops   int
		target string
		loop   string
	}{
		{media, hls.Reload{MSN: 12, Part: 3, Skip: hls.SkipYes}, 1, "/hls/forsen/b1/720p/index.m3u8?_HLS_msn=12&_HLS_part=3&_HLS_skip=YES", "uproar, uproar"},
		{media, hls.Reload{MSN: 12, Part: -1, Skip: hls.SkipV2}, 0, "/hls/forsen/b1/720p/index.m3u8?_HLS_msn=12&_HLS_skip=v2", "uproar"},
		{media, hls.NoReload, 0, "/hls/forsen/b1/720p/index.m3u8", "uproar"},
		{segment, hls.Reload{MSN: 1, Part: 1}, 0, "/hls/forsen/b1/720p/7.m4s", "uproar"},
	} {
		head := make(chan string, 1)
		go func() {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			var text strings.Builder
			for lines := bufio.NewScanner(conn); lines.Scan() && lines.Text() != ""; {
				fmt.Fprintln(&text, lines.Text())
			}
			head <- text.String()
			_, _ = io.WriteString(conn, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		}()
		ctx, cancel := context.WithTimeout(hls.WithHops(t.Context(), c.hops), 5*time.Second)
		got, err := s.Fetch(ctx, c.p, c.r)
		if err != nil {
			t.Fatal(err)
		}
		_ = got.Body.Close()
		cancel()
		want := fmt.Sprintf("GET %s HTTP/1.1\nHost: %s\nUser-Agent: uproar\nCdn-Loop: %s\n", c.target, l.Addr(), c.loop)
		if text := <-head; text != want {
			t.Errorf("sent\n%swant\n%s", text, want)
		}
	}
}

func TestAgeAndValidatorsAreRead(t *testing.T) {
	s := above(t, raw("HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nETag: \"x\"\r\nAge: 7\r\nLast-Modified: Mon, 23 Nov 2026 21:00:00 GMT\r\nContent-Length: 4\r\n\r\nfine"))
	got, err := s.Fetch(t.Context(), segment, hls.NoReload)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	at := time.Date(2026, 11, 23, 21, 0, 0, 0, time.UTC)
	if got.Age != 7*time.Second || got.ETag != `"x"` || got.Length != 4 || got.ContentType != "video/mp4" || !got.LastModified.Equal(at) {
		t.Errorf("%+v", got)
	}
}

func TestWhoGivesUpSaysNothingAboutTheNode(t *testing.T) {
	s := above(t, hang, good)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.Fetch(ctx, hls.Path{Channel: segment.Channel, Name: hls.Playlist}, hls.NoReload); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	for _, n := range s.nodes {
		if !n.up(time.Now()) {
			t.Errorf("%s counts as down", n.addr)
		}
	}
}

// TestNodeThatHoldsAnAnswerIsNotDown: what does not exist yet is held, while the node
// answers others; then the next node is asked all the same, for it may be this one's fault.
func TestNodeThatHoldsAnAnswerIsNotDown(t *testing.T) {
	held := make(chan struct{})
	s := above(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "" {
			close(held)
			<-r.Context().Done()
			return
		}
		good(w, r)
	}, good)
	done := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		got, err := s.Fetch(ctx, media, hls.Reload{MSN: 9, Part: -1})
		if err == nil {
			_ = got.Body.Close()
		}
		done <- err
	}()
	<-held
	if status, _, err := fetch(t, s, media, hls.NoReload); err != nil || status != 200 {
		t.Fatalf("status %d, %v", status, err)
	}
	if err := <-done; err != nil {
		t.Errorf("what is held: %v", err)
	}
	for _, n := range s.nodes {
		if n.failures.Get() != 0 {
			t.Errorf("%s counts as failed", n.addr)
		}
	}
}
