package hls

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestRandomNamesKeepMemoryBounded(t *testing.T) {
	// Ten million in production's sense: every table is full after a few thousand, and what
	// comes then changes nothing but names, so 100,000 show it.
	names := 100_000
	if testing.Short() {
		names = 20_000
	}
	s, _ := onAir()
	media := s.media
	s.media = func(ctx context.Context, p Path, r Reload) (*Fetched, error) {
		if p.Channel != "forsen" || p.Broadcast != "b1" || p.Rendition != "720p" {
			return gives(404, ""), nil
		}
		return media(ctx, p, r)
	}
	s.mu.asked = nil
	withNode(t, s, func(c *Config) { c.UnknownMax, c.StraysMax = 256, 32 }, func(t *testing.T, n *Node) {
		v := newViewer(t, n)
		v.read(v.get(mediaPath))
		held := &viewer{t: t, node: n, desk: newFakeDesk()}
		held.w.Desk = held.desk
		for i := range names {
			x := rand.Uint64()
			path := [...]string{
				fmt.Sprintf("/hls/c%d/index.m3u8", x),
				fmt.Sprintf("/hls/c%d/b1/720p/index.m3u8", x),
				fmt.Sprintf("/hls/forsen/b1/720p/%d.m4s", x),
				fmt.Sprintf("/hls/forsen/b1/r%d/0.m4s", x),
			}[i%4]
			if a := v.get(path); a.Status != 404 && a.Status != 503 {
				t.Fatalf("%s: status %d", path, a.Status)
			}
			s.mu.Lock()
			clear(s.mu.asked)
			s.mu.Unlock()
			if i%1000 > 0 {
				continue
			}
			if got := n.playlists.size(); got > 257 {
				t.Fatalf("%d playlists are kept", got)
			}
			n.playlists.each(func(p *playlist) {
				p.mu.Lock()
				defer p.mu.Unlock()
				if len(p.mu.segments) > n.cfg.VerdictsMax || len(p.mu.failed) > n.cfg.VerdictsMax {
					t.Fatalf("%s keeps %d names", p.path, len(p.mu.segments))
				}
			})
		}
		if got := len(n.playlists.unknown.queue); got > 256 {
			t.Errorf("%d stand in the queue", got)
		}
		a := v.get(mediaPath)
		if v.read(a); a.Status != 200 {
			t.Errorf("what is live is answered %d meanwhile", a.Status)
		}
		time.Sleep(2 * n.cfg.IdleAfter)
		if got := n.playlists.size(); got > 1 {
			t.Errorf("%d playlists are kept for ever", got)
		}
	})
}

func TestBeyondItsBoundsANodeAnswers503(t *testing.T) {
	s, _ := onAir()
	hangs := func(ctx context.Context, _ Path) (*Fetched, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	s.segment = hangs
	small := func(c *Config) {
		c.KeyWaitersMax, c.WaitersMax, c.RenditionFillsMax, c.RenditionStrays, c.StraysMax = 3, 8, 2, 1, 4
	}
	withNode(t, s, small, func(t *testing.T, n *Node) {
		v := newViewer(t, n)
		v.read(v.get(mediaPath))
		s.becomes(func() { s.master = hangs })
		count := func(want string, paths ...string) {
			t.Helper()
			var got strings.Builder
			for _, path := range paths {
				a := newViewer(t, n).ask(path)
				if a.Wait {
					got.WriteString("w")
				} else if a.Status == 503 && a.RetryAfter > 0 {
					got.WriteString("x")
				}
			}
			if got.String() != want {
				t.Errorf("%s: got %s, want %s", paths, got.String(), want)
			}
		}
		one := fmt.Sprintf(segmentPath, 26)
		count("wwwx", one, one, one, one) // per key
		count("wx", fmt.Sprintf(segmentPath, 27), fmt.Sprintf(segmentPath, 28))
		count("wx", "/hls/forsen/b1/720p/x.m4s", "/hls/forsen/b1/720p/y.m4s") // strays of one rendition
		count("ww", "/hls/a/index.m3u8", "/hls/b/index.m3u8")
		count("w", "/hls/c/index.m3u8")
		count("x", fmt.Sprintf(segmentPath, 27)) // per node
		if n.waiting.Load() != 8 {
			t.Errorf("%d wait", n.waiting.Load())
		}
		a := n.Get(&Request{Path: pathOf(t, mediaPath), Reload: NoReload, Hops: n.cfg.HopsMax + 1}, &v.w)
		if a.Status != 508 {
			t.Errorf("what goes round is answered %d", a.Status)
		}
	})
}

func TestByteCapHoldsWhateverReadersKeep(t *testing.T) {
	const size = 64 << 10
	s, b := onAir()
	b.window = 20
	s.segment = func(context.Context, Path) (*Fetched, error) { return gives(200, strings.Repeat("x", size)), nil }
	withNode(t, s, func(c *Config) { c.BytesMax = 4 * size }, func(t *testing.T, n *Node) {
		v := newViewer(t, n)
		v.read(v.get(mediaPath))
		var held []*Object
		for i := 10; i < 14; i++ {
			held = append(held, v.get(fmt.Sprintf(segmentPath, i)).Object)
		}
		time.Sleep(time.Second)
		v.is(fmt.Sprintf(segmentPath, 14), 503, "")
		if n.meters.refusedMemory.Get() == 0 {
			t.Error("not counted")
		}
		held[1].Release()
		time.Sleep(2 * time.Second)
		v.read(v.get(mediaPath))
		v.is(fmt.Sprintf(segmentPath, 15), 200, strings.Repeat("x", size))
		for _, i := range []int{0, 2, 3} {
			if b, state := held[i].At(size - 1); state != StateBytes || string(b) != "x" {
				t.Errorf("what is held has changed: %q, %d", b, state)
			}
			held[i].Release()
		}
		if used := n.live.arena.inUse(); used > 4*size {
			t.Errorf("%d bytes are in use", used)
		}
	})
}

func TestOldestOfTheLeastWantedGivesWay(t *testing.T) {
	const size = 64 << 10
	s, b := onAir()
	b.window = 20
	s.segment = func(context.Context, Path) (*Fetched, error) { return gives(200, strings.Repeat("x", size)), nil }
	withNode(t, s, func(c *Config) { c.BytesMax = 6 * size }, func(t *testing.T, n *Node) {
		v := newViewer(t, n)
		path := func(r string, name string) string { return "/hls/forsen/b1/" + r + "/" + name }
		for _, r := range []string{"much", "little"} {
			v.read(v.get(path(r, Playlist)))
			for i := range 3 {
				v.read(v.get(path(r, fmt.Sprintf("%d.m4s", 20+i))))
			}
		}
		for range 10 {
			v.read(v.get(path("much", Playlist)))
		}
		v.read(v.get(path("much", "23.m4s")))
		time.Sleep(time.Millisecond)
		for name, want := range map[string]bool{
			path("little", "20.m4s"): false, path("little", "21.m4s"): true, path("little", "22.m4s"): true,
			path("much", "20.m4s"): true, path("much", "21.m4s"): true, path("much", "22.m4s"): true, path("much", "23.m4s"): true,
		} {
			p := pathOf(t, name)
			list := n.playlists.get(feedOf(&p))
			if s := list.mu.segments[p.Name]; (s != nil) != want {
				t.Errorf("%s: kept is %v", name, s != nil)
			}
		}
	})
}

func TestVideoOnDemandCannotPushOutTheLive(t *testing.T) {
	const size = 64 << 10
	s, b := onAir()
	media := s.media
	old := broadcast{start: time.Now(), target: 2 * time.Second, window: 1000, ended: true}
	s.media = func(ctx context.Context, p Path, r Reload) (*Fetched, error) {
		if p.Broadcast == "old" {
			return gives(200, old.text(old.start.Add(time.Hour/4))), nil
		}
		return media(ctx, p, r)
	}
	s.segment = func(context.Context, Path) (*Fetched, error) { return gives(200, strings.Repeat("x", size)), nil }
	withNode(t, s, func(c *Config) { c.BytesMax, c.VODBytesMax = 8*size, 4*size }, func(t *testing.T, n *Node) {
		v := newViewer(t, n)
		v.read(v.get(mediaPath))
		for i := range b.window {
			v.read(v.get(fmt.Sprintf(segmentPath, 29-i)))
		}
		v.read(v.get("/hls/forsen/old/720p/index.m3u8"))
		favourite := "/hls/forsen/old/720p/0.m4s"
		for i := range 100 {
			v.read(v.get(fmt.Sprintf("/hls/forsen/old/720p/%d.m4s", i)))
			v.read(v.get(favourite))
		}
		for i := range b.window {
			if a := v.ask(fmt.Sprintf(segmentPath, 29-i)); a.Wait {
				t.Errorf("live segment %d is gone", 29-i)
			} else {
				a.Object.Release()
			}
		}
		if asked := s.asked(favourite); asked > 1 {
			t.Errorf("what is asked for all the time was fetched %d times", asked)
		}
		if n.meters.evictedVOD.Get() != 96 {
			t.Errorf("%d were evicted", n.meters.evictedVOD.Get())
		}
	})
}

func TestEndOfRunWakesAllWhoWait(t *testing.T) {
	s, _ := onAir()
	s.segment = func(ctx context.Context, _ Path) (*Fetched, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	synctest.Test(t, func(t *testing.T) {
		n, err := New(Config{Source: s, BytesMax: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		v := newViewer(t, n)
		v.is(mediaPath, 503, "") // does not run yet
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- n.Run(ctx) }()
		synctest.Wait()
		v.read(v.get(mediaPath))
		if !v.ask(fmt.Sprintf(segmentPath, 29)).Wait {
			t.Fatal("answered")
		}
		stop()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if ready := <-v.desk.wakes; len(ready) != 1 || ready[0] != &v.w {
			t.Errorf("woke %d", len(ready))
		}
	})
}
