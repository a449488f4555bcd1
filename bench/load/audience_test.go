package load

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// seated is an audience of n before a server, until the test ends.
func seated(t *testing.T, addr string, n int) *Audience {
	t.Helper()
	a, err := NewAudience(AudienceConfig{Addr: addr})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-over; err != nil {
			t.Error(err)
		}
		a.Close()
	})
	growing, done := context.WithTimeout(ctx, 20*time.Second)
	defer done()
	if err := a.Grow(growing, n); err != nil {
		t.Fatal(err)
	}
	return a
}

// house serves what has that content.
func house(t *testing.T, content map[string][]byte) (addr string, asked *atomic.Int64) {
	asked = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		body, ok := content[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		w.Write(body)
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String(), asked
}

func page(path string, body []byte) *Page {
	return &Page{Path: path, Length: int64(len(body)), Sum: Sum(body)}
}

func TestViewersAskAgainAtOnceAndCheckEveryByte(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 40_000)
	addr, asked := house(t, map[string][]byte{"/small": []byte("small"), "/large": large, "/none": nil})
	a := seated(t, addr, 20)
	if err := a.Start([]*Page{page("/small", []byte("small")), page("/large", large), page("/none", nil)}, 0); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); a.Answers() < 300 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if err := a.Halt(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := a.Tally()
	if got.Answers < 300 || got.Answers != asked.Load() || got.Wrong+got.Broken != 0 || got.Latency.Count() != got.Answers {
		t.Errorf("%d were asked, %+v", asked.Load(), got)
	}
}

func TestWrongAnswersAreCounted(t *testing.T) {
	addr, _ := house(t, map[string][]byte{"/a": []byte("good"), "/playlist": []byte("old")})
	for what, p := range map[string]*Page{
		"content": {Path: "/a", Length: 4, Sum: Sum([]byte("goof"))},
		"length":  {Path: "/a", Length: 5, Sum: Sum([]byte("good"))},
		"status":  {Path: "/b", Length: 0, Sum: Sum(nil)},
		"old":     {Path: "/playlist", Length: AnyLength, Holds: "new"},
	} {
		a := seated(t, addr, 3)
		if err := a.AskOnce(p, Now(), 0); err != nil {
			t.Fatal(err)
		}
		ends, err := a.Await(t.Context())
		if got := a.Tally(); err != nil || len(ends) != 3 || got.Wrong != 3 || len(got.Oddities) == 0 {
			t.Errorf("%s: %v, %+v", what, err, got)
		}
	}
}

func TestRequestsAreDueWhateverTheServerDoes(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-release
		w.Write([]byte("late"))
	}))
	defer s.Close()
	a := seated(t, s.Listener.Addr().String(), 2)
	began := Now()
	if err := a.Start([]*Page{page("/", []byte("late"))}, 1000); err != nil {
		t.Fatal(err)
	}
	const held = 100 * time.Millisecond
	for Now()-began < int64(held) {
		time.Sleep(time.Millisecond)
	}
	close(release)
	for a.Answers() < 50 {
		time.Sleep(time.Millisecond)
	}
	if err := a.Halt(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The first 50 were due within 50 ms, though 48 of them could not be sent before the end.
	if got := a.Tally().Latency; got.Quantile(1-40/float64(got.Count())) < held/2-10*time.Millisecond {
		t.Errorf("of %d latencies the 40th from above is %v", got.Count(), got.Quantile(1-40/float64(got.Count())))
	}
}

func TestStalledViewersReadNothingUntilTheyResume(t *testing.T) {
	body := bytes.Repeat([]byte("x"), 32<<20) // more than the kernel takes
	var written atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		w.Write(body)
		written.Add(1)
	}))
	defer s.Close()
	a := seated(t, s.Listener.Addr().String(), 2)
	if err := a.Stall(page("/", body)); err != nil {
		t.Fatal(err)
	}
	if err := a.Asked(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := a.Tally(); got.Answers != 0 || written.Load() != 0 {
		t.Errorf("%d whole bodies were taken from the server, %+v", written.Load(), got)
	}
	if err := a.Resume(); err != nil {
		t.Fatal(err)
	}
	ends, err := a.Await(t.Context())
	if got := a.Tally(); err != nil || len(ends) != 2 || got.Wrong+got.Broken != 0 || got.Bytes != int64(2*len(body)) {
		t.Errorf("%v, %v, %+v", err, ends, got)
	}
}

func TestConnectionsThatEndAreCounted(t *testing.T) {
	for what, answer := range map[string]string{
		"at once": "", "in the head": "HTTP/1.1 200 OK\r\nContent-Le", "in the body": "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
		"no length": "HTTP/1.1 200 OK\r\n\r\n", "no HTTP": "SSH-2.0-OpenSSH\r\n\r\n", "no number": "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n",
		"an endless head": "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 3*headBytesMax),
		"too much":        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxyz",
	} {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			c.Read(make([]byte, 1000))
			c.Write([]byte(answer))
		}()
		a := seated(t, l.Addr().String(), 1)
		if err := a.AskOnce(page("/", []byte("half done")), Now(), 0); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(20 * time.Second); a.Tally().Broken == 0 && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
		if got := a.Tally(); got.Broken != 1 || len(got.Oddities) == 0 {
			t.Errorf("%s: %+v", what, got)
		}
		l.Close()
	}
}

func TestHeadsAreReadInWhateverPieces(t *testing.T) {
	const answer = "HTTP/1.1 200 OK\r\ncontent-LENGTH: 4\r\nX-Content-Length: 9\r\n\r\nbody"
	for cut := 1; cut < len(answer); cut++ {
		a := &Audience{viewers: []viewer{{state: asking, page: page("/", []byte("body"))}}}
		a.feed(0, []byte(answer[:cut]))
		a.feed(0, []byte(answer[cut:]))
		if a.tally.Answers != 1 || a.tally.Wrong+a.tally.Broken != 0 {
			t.Errorf("cut at %d: %+v", cut, a.tally)
		}
	}
}
