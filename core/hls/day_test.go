package hls

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestDayOfAChannelStaysUnderTheCap is a channel of four renditions, with viewers of each at
// both ends of the window and in its middle, for a day of the bubble's time (under -short an
// hour): whatever is listed has been fetched once and is there, and the memory is the window.
func TestDayOfAChannelStaysUnderTheCap(t *testing.T) {
	const (
		target = 6 * time.Second
		window = 5
		bytes  = 20_000
		cap    = 1 << 20 // the windows, and what must be kept behind them, are 0.8 MiB
	)
	day := 24 * time.Hour
	if testing.Short() {
		day = time.Hour / 2
	}
	b := &broadcast{target: target, window: window}
	s := &fakeSource{media: b.media}
	fetched := map[string]int{}
	s.segment = func(_ context.Context, p Path) (*Fetched, error) {
		s.mu.Lock()
		fetched[p.String()]++
		s.mu.Unlock()
		return gives(200, strings.Repeat(p.Name[:1], bytes)), nil
	}
	withNode(t, s, func(c *Config) { c.BytesMax, c.VODBytesMax = cap, 64<<10 }, func(t *testing.T, n *Node) {
		b.start = time.Now().Add(-time.Minute)
		v := newViewer(t, n)
		var paths [4]string
		for i := range paths {
			paths[i] = fmt.Sprintf("/hls/forsen/b1/r%d/", i)
		}
		most, misses, asks := int64(0), 0, 0
		for end := time.Now().Add(day); time.Now().Before(end); time.Sleep(target) {
			for _, path := range paths {
				a := v.get(path + Playlist)
				if a.Status != 200 || a.CacheStatus == statusStale {
					t.Fatalf("%s: status %d, %s", path, a.Status, a.CacheStatus)
				}
				media := n.playlists.get(feedOf(&Path{Channel: "forsen", Broadcast: "b1", Rendition: path[len(path)-3 : len(path)-1]})).now.Load().Media
				newest := len(media.Segments) - 1
				for _, at := range []int{newest, newest / 2, 0} {
					a := v.ask(path + media.Segments[at].URI)
					asks++
					if a.Wait {
						<-v.desk.wakes
						a = v.ask(path + media.Segments[at].URI)
						misses++
					}
					if got, end := v.read(a); a.Status != 200 || len(got) != bytes || end != StateEnd {
						t.Fatalf("%s of %s: status %d, %d bytes", media.Segments[at].URI, path, a.Status, len(got))
					}
				}
			}
			most = max(most, n.live.arena.inUse())
		}
		segments := int(day/target) * len(paths)
		if n.meters.evictedBytes.Get() != 0 || most > cap {
			t.Errorf("%d were evicted before their time, %d bytes at most", n.meters.evictedBytes.Get(), most)
		}
		for name, times := range fetched {
			if times != 1 {
				t.Fatalf("%s was fetched %d times", name, times)
			}
		}
		if misses != len(fetched) || misses > segments+4*window {
			t.Errorf("%d misses, %d segments fetched of %d", misses, len(fetched), segments)
		}
		if v := n.vod.arena.inUse(); v != 0 {
			t.Errorf("%d bytes in the other pool", v)
		}
		t.Logf("%v: %d asked, %d fetched, each once; at most %d bytes", day, asks, len(fetched), most)
	})
}
