package web

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"golang.org/x/sys/unix"

	"uproar/core/hls"
)

// house is a stage before a real Node that has everything.
type house struct {
	*stage
	buf []byte
}

func newHouse(t testing.TB, change func(*Config)) *house {
	t.Helper()
	s := &studio{made: map[string]func() *hls.Fetched{}, fetched: map[string]int{}}
	s.lay("index.m3u8", whole([]byte(livePlaylist)))
	for name, body := range segments {
		s.lay(name, whole(body))
	}
	node, err := hls.New(hls.Config{Source: s, BytesMax: 64 << 20, Metrics: metrics.NewSet()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = node.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	h := &house{stage: newStage(t, func(cfg *Config) {
		cfg.Videos, cfg.Now = node, time.Now
		if change != nil {
			change(cfg)
		}
	}), buf: make([]byte, 1<<20)}
	for _, name := range []string{"index.m3u8", "1.m4s", "2.m4s", "big.m4s", "none.m4s"} {
		path, _ := hls.ParsePath([]byte(rendition + name))
		fetch(t, node, path)
	}
	return h
}

// bell is a Desk of one waiter.
type bell chan struct{}

func (b bell) Wake([]*hls.Waiter) { b <- struct{}{} }

// fetch has the node get what a path names, whole, once it runs: before that it answers 503.
func fetch(t testing.TB, node *hls.Node, path hls.Path) {
	t.Helper()
	b := make(bell, 1)
	w := &hls.Waiter{Desk: b}
	for {
		a := node.Get(&hls.Request{Path: path, Reload: hls.NoReload}, w)
		if a.Wait {
			<-b
			continue
		}
		if a.Status == 503 {
			runtime.Gosched()
			continue
		}
		for off := int64(0); a.Object != nil; {
			got, state := a.Object.At(off)
			off += int64(len(got))
			if state == hls.StateWait && a.Object.Await(off, w) {
				<-b
			}
			if state == hls.StateEnd {
				a.Object.Release()
				break
			}
			if state == hls.StateBroken {
				t.Fatalf("%v broke", path)
			}
		}
		return
	}
}

// hit makes one request and reads its answer.
func (h *house) hit(v *seat, in []byte) {
	h.loop.Input(v.conn, in)
	for h.readSome(v) || v.conn.Blocked() {
		h.loop.Turn(nothing)
	}
}

func nothing() {}

func (h *house) readSome(v *seat) bool {
	n, _ := unix.Read(v.peer, h.buf)
	return n > 0
}

// BenchmarkHit is a request and its answer on one loop, the client's reading included: what
// it costs besides the sockets is what the flat profile shows.
func BenchmarkHit(b *testing.B) {
	for _, c := range []struct{ name, head string }{
		{"playlist", request("GET", rendition+"index.m3u8", "Accept: */*\r\n", "User-Agent: Mozilla/5.0\r\n", "Accept-Encoding: gzip\r\n")},
		{"segment=10", request("GET", rendition+"2.m4s", "Accept: */*\r\n", "User-Agent: Mozilla/5.0\r\n")},
		{"segment=100K", request("GET", rendition+"1.m4s", "Accept: */*\r\n", "User-Agent: Mozilla/5.0\r\n")},
		{"not_modified", request("GET", rendition+"1.m4s", "If-None-Match: \"100000\"\r\n")},
	} {
		b.Run(c.name, func(b *testing.B) {
			h := newHouse(b, nil)
			v, in := h.seat(), []byte(c.head)
			_ = unix.SetsockoptInt(v.peer, unix.SOL_SOCKET, unix.SO_RCVBUF, 1<<20)
			b.ReportAllocs()
			for b.Loop() {
				h.hit(v, in)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
		})
	}
}
