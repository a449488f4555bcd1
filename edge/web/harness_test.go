package web

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"golang.org/x/sys/unix"

	"uproar/core/hls"
	"uproar/edge/engine"
)

// shelf is Videos whose answers a test lays out, by path.
type shelf struct {
	answers map[string]hls.Answer
	asked   []hls.Request
	waiting []*hls.Waiter
}

func (s *shelf) Get(r *hls.Request, w *hls.Waiter) hls.Answer {
	s.asked = append(s.asked, *r)
	a, ok := s.answers[r.Path.String()]
	if !ok {
		return hls.Answer{Status: 404, CacheControl: "max-age=2", RetryAfter: 1500 * time.Millisecond}
	}
	if a.Wait {
		s.waiting = append(s.waiting, w)
	}
	return a
}

// wake has all who wait ask again.
func (s *shelf) wake() {
	ready := s.waiting
	s.waiting = nil
	for _, w := range ready {
		w.Desk.Wake([]*hls.Waiter{w})
	}
}

// stage is the port on one loop, whose turns the test takes.
type stage struct {
	t     testing.TB
	loop  *engine.Detached
	port  *Port
	shelf *shelf
	set   *metrics.Set
	now   time.Time
}

const (
	playlistPath = "/hls/forsen/b1/720p/index.m3u8"
	masterPath   = "/hls/forsen/index.m3u8"
)

func newStage(t testing.TB, change func(*Config)) *stage {
	t.Helper()
	s := &stage{t: t, shelf: &shelf{answers: map[string]hls.Answer{}}, set: metrics.NewSet(), now: time.Unix(1_800_000_000, 0)}
	var err error
	if s.loop, err = engine.NewDetached(engine.Config{Metrics: s.set}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.loop.Stop)
	cfg := Config{
		HeaderTimeout: time.Hour, IdleTimeout: time.Hour, Videos: s.shelf, Metrics: s.set,
		Now: func() time.Time { return s.now },
	}
	if change != nil {
		change(&cfg)
	}
	s.port = New(cfg, nil)
	s.shelf.answers[playlistPath] = hls.Answer{
		Status: 200, ContentType: "application/vnd.apple.mpegurl", CacheControl: "public, max-age=1", ETag: `"v1"`,
		LastModified: s.now.Add(-time.Minute), Age: 1900 * time.Millisecond, CacheStatus: "uproar; hit", Varies: true,
		Bytes: []byte("#EXTM3U\n#EXTINF:2,\n1.m4s\n"),
	}
	return s
}

// seat is a client of the stage.
type seat struct {
	*stage
	conn *engine.Conn
	peer int
}

func (s *stage) seat() *seat {
	s.t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = unix.Close(fds[1]) })
	return &seat{s, s.loop.Accept(fds[0], s.port.Open), fds[1]}
}

// read is what has come.
func (c *seat) read() []byte {
	var all []byte
	buf := make([]byte, 64<<10)
	for {
		n, err := unix.Read(c.peer, buf)
		if n <= 0 || err != nil {
			return all
		}
		all = append(all, buf[:n]...)
	}
}

// send gives the port bytes in one read.
func (c *seat) send(text string) { c.loop.Input(c.conn, []byte(text)) }

// turn lets the port do what waits.
func (c *seat) turn() { c.loop.Turn(func() {}) }

// reply is one answer, read whole.
type reply struct {
	*http.Response
	body string
}

func (r reply) get(name string) string { return r.Header.Get(name) }

// replies reads all that has come as answers to requests of the given method.
func (c *seat) replies(method string) (all []reply) {
	c.t.Helper()
	in := bufio.NewReader(bytes.NewReader(c.read()))
	for {
		if _, err := in.Peek(1); err != nil {
			return all
		}
		resp, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			c.t.Fatalf("cannot read an answer: %v", err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			c.t.Fatalf("cannot read a body: %v", err)
		}
		all = append(all, reply{resp, string(body)})
	}
}

// request is a head with more header lines, each with its line end.
func request(method, target string, lines ...string) string {
	return method + " " + target + " HTTP/1.1\r\nHost: h\r\n" + strings.Join(lines, "") + "\r\n"
}

// ask makes one request on a connection of its own and reads the one answer.
func (s *stage) ask(method, target string, lines ...string) reply {
	s.t.Helper()
	c := s.seat()
	c.send(request(method, target, lines...))
	all := c.replies(method)
	if len(all) != 1 {
		s.t.Fatalf("%s %s: %d answers", method, target, len(all))
	}
	return all[0]
}

// counted is the value of a metric.
func (s *stage) counted(name string) string {
	var text bytes.Buffer
	s.set.WritePrometheus(&text)
	for line := range strings.Lines(text.String()) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), name+" "); ok {
			return value
		}
	}
	return "none"
}
