package hls

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const (
	mediaPath   = "/hls/forsen/b1/720p/index.m3u8"
	segmentPath = "/hls/forsen/b1/720p/%d.m4s"
)

// onAir is a source of a channel that has been live for a minute.
func onAir() (*fakeSource, *broadcast) {
	b := &broadcast{target: 2 * time.Second, window: 5}
	s := &fakeSource{media: func(ctx context.Context, p Path, r Reload) (*Fetched, error) {
		if b.start.IsZero() {
			b.start = time.Now().Add(-time.Minute)
		}
		return b.media(ctx, p, r)
	}}
	return s, b
}

func TestHerdIsOneFetchPerObject(t *testing.T) {
	const viewers, desks = 10_000, 4
	s, _ := onAir()
	body := strings.Repeat("video", 2_000)
	withNode(t, s, nil, func(t *testing.T, n *Node) {
		segment := fmt.Sprintf(segmentPath, 29)
		there := map[string]chan struct{}{mediaPath: make(chan struct{}), segment: make(chan struct{})}
		media := s.media
		s.becomes(func() {
			s.media = func(ctx context.Context, p Path, r Reload) (*Fetched, error) {
				<-there[mediaPath]
				return media(ctx, p, r)
			}
		})
		s.becomes(func() {
			s.segment = func(context.Context, Path) (*Fetched, error) {
				<-there[segment]
				return gives(200, body), nil
			}
		})
		crowd := make([]*viewer, viewers)
		var all [desks]*fakeDesk
		for i := range all {
			all[i] = newFakeDesk()
		}
		for i := range crowd {
			crowd[i] = newViewer(t, n)
			crowd[i].desk = all[i%desks]
			crowd[i].w.Desk = all[i%desks]
		}
		for _, path := range []string{mediaPath, segment} {
			for _, v := range crowd {
				if a := v.ask(path); !a.Wait {
					t.Fatalf("%s was answered %d before anybody had it", path, a.Status)
				}
			}
			close(there[path])
			synctest.Wait()
			for i, d := range all {
				ready := 0
				for len(d.wakes) > 0 {
					if ready != 0 {
						t.Errorf("desk %d was woken more than once for %s", i, path)
					}
					ready += len(<-d.wakes)
				}
				if ready != viewers/desks {
					t.Errorf("%d of %d were woken for %s", ready, viewers/desks, path)
				}
			}
			time.Sleep(50 * time.Millisecond)
			for _, v := range crowd {
				a := v.ask(path)
				if got, end := v.read(a); a.Status != 200 || end != StateEnd || path == segment && got != body {
					t.Fatalf("%s: status %d, %d bytes, state %d", path, a.Status, len(got), end)
				}
			}
			if asked := s.asked(path); asked != 1 {
				t.Errorf("%s was fetched %d times", path, asked)
			}
		}
		if n.waiting.Load() != 0 {
			t.Errorf("%d are still in line", n.waiting.Load())
		}
	})
}

func TestSegmentStreamsWhileItComes(t *testing.T) {
	s, _ := onAir()
	withNode(t, s, nil, func(t *testing.T, n *Node) {
		f, w := pipe(-1)
		s.becomes(func() { s.segment = func(context.Context, Path) (*Fetched, error) { return f, nil } })
		v := newViewer(t, n)
		v.read(v.get(mediaPath))
		path := fmt.Sprintf(segmentPath, 29)
		if !v.ask(path).Wait {
			t.Fatal("answered before the first byte")
		}
		fmt.Fprint(w, "first")
		<-v.desk.wakes
		a := v.ask(path)
		if a.Status != 200 || a.Object.Size() != -1 || a.CacheStatus != statusLed {
			t.Fatalf("status %d, %d bytes, %s", a.Status, a.Object.Size(), a.CacheStatus)
		}
		if b, _ := a.Object.At(0); string(b) != "first" {
			t.Errorf("read %q", b)
		}
		if !a.Object.Await(5, &v.w) {
			t.Error("what has not come is there")
		}
		fmt.Fprint(w, " second")
		<-v.desk.wakes
		if b, _ := a.Object.At(3); string(b) != "st second" {
			t.Errorf("read %q", b)
		}
		w.Close()
		synctest.Wait()
		if _, state := a.Object.At(12); state != StateEnd || a.Object.Size() != 12 {
			t.Errorf("state %d at the end, size %d", state, a.Object.Size())
		}
		a.Object.Release()
	})
}
