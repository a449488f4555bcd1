package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/hls"
	"uproar/edge/engine"
)

// studio is a Source whose answers a test lays out, by path.
type studio struct {
	mu      sync.Mutex
	made    map[string]func() *hls.Fetched
	fetched map[string]int
}

func (s *studio) Fetch(_ context.Context, p hls.Path, _ hls.Reload) (*hls.Fetched, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := p.String()
	s.fetched[path]++
	made, ok := s.made[path]
	if !ok {
		return &hls.Fetched{Status: 404, Body: io.NopCloser(&bytes.Buffer{})}, nil
	}
	return made(), nil
}

func (s *studio) lay(name string, made func() *hls.Fetched) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made[rendition+name] = made
}

// count is how often a file of the rendition was fetched.
func (s *studio) count(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fetched[rendition+name]
}

const rendition = "/hls/forsen/b1/720p/"

// modified is when the segments of the studio were made.
var modified = time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)

// whole is a Source's answer that is there.
func whole(body []byte) func() *hls.Fetched {
	return func() *hls.Fetched {
		return &hls.Fetched{
			Status: 200, ETag: fmt.Sprintf(`"%d"`, len(body)), LastModified: modified, Age: 3 * time.Second,
			Length: int64(len(body)), Body: io.NopCloser(bytes.NewReader(body)),
		}
	}
}

// tap is a Source's answer whose bytes come when the test lets them.
type tap struct{ *io.PipeWriter }

func (s *studio) tap(name string, length int64) tap {
	r, w := io.Pipe()
	s.lay(name, func() *hls.Fetched {
		return &hls.Fetched{Status: 200, Length: length, Body: r}
	})
	return tap{w}
}

func video(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(size)}).Read(b)
	return b
}

// segments are what the studio has from the beginning.
var segments = map[string][]byte{"1.m4s": video(100_000), "2.m4s": video(10), "big.m4s": video(8 << 20)}

// livePlaylist lists them, and some that a test lays out.
var livePlaylist = func() string {
	text := "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:1\n"
	for _, name := range []string{"1.m4s", "2.m4s", "big.m4s", "slow.m4s", "long.m4s", "none.m4s", "later.m4s"} {
		text += "#EXTINF:6,\n" + name + "\n"
	}
	return text
}()

// theatre is the real port on real sockets, before a real Node.
type theatre struct {
	t      testing.TB
	addr   string
	studio *studio
	set    *metrics.Set
}

func newTheatre(t testing.TB, ecfg engine.Config, change func(*Config)) *theatre {
	t.Helper()
	th := &theatre{t: t, studio: &studio{made: map[string]func() *hls.Fetched{}, fetched: map[string]int{}}, set: metrics.NewSet()}
	for name, body := range segments {
		th.studio.lay(name, whole(body))
	}
	th.studio.lay("index.m3u8", whole([]byte(livePlaylist)))
	master := "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000000,CODECS=\"avc1.64001f\"\nb1/720p/index.m3u8\n"
	th.studio.made[masterPath] = func() *hls.Fetched {
		return &hls.Fetched{Status: 200, Length: -1, Body: io.NopCloser(strings.NewReader(master))}
	}
	node, err := hls.New(hls.Config{Source: th.studio, BytesMax: 64 << 20, Metrics: th.set})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{HeaderTimeout: 10 * time.Second, IdleTimeout: 10 * time.Second, Videos: node, Metrics: th.set}
	if change != nil {
		change(&cfg)
	}
	port := New(cfg, nil)
	ecfg.Listeners = []engine.Listener{{Name: "http", Addr: "127.0.0.1:0", Open: port.Open, Refusal: Refusal}}
	ecfg.Loops, ecfg.Metrics, ecfg.DrainTimeout = 2, th.set, 100*time.Millisecond
	e, err := engine.New(ecfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = node.Run(ctx) })
	running.Go(func() {
		if err := e.Run(ctx); err != nil {
			t.Errorf("engine: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	<-e.Ready()
	th.addr = e.Addr("http")
	if cfg.Secret == nil {
		th.ask("GET", rendition+"index.m3u8") // the Node knows what is live
	}
	return th
}

// dial is a connection of a client that writes what it likes.
func (th *theatre) dial() net.Conn {
	th.t.Helper()
	c, err := net.Dial("tcp", th.addr)
	if err != nil {
		th.t.Fatal(err)
	}
	th.t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

// client is net/http as it is, but that it decodes nothing.
var client = &http.Client{Transport: &http.Transport{DisableCompression: true}, Timeout: 20 * time.Second}

// ask makes a request with header lines given as name and value in turn.
func (th *theatre) ask(method, path string, header ...string) reply {
	th.t.Helper()
	req, err := http.NewRequest(method, "http://"+th.addr+path, nil)
	if err != nil {
		th.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		th.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		th.t.Fatalf("%s %s: %v", method, path, err)
	}
	return reply{resp, string(body)}
}
