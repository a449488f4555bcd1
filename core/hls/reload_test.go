package hls

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const canBlock = "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES\n"

// blocking is a source that holds blocking reloads as section 6.2.5.2 has it.
func blocking(b *broadcast) func(context.Context, Path, Reload) (*Fetched, error) {
	return func(ctx context.Context, _ Path, r Reload) (*Fetched, error) {
		for r.MSN >= 0 && b.last(time.Now()) < r.MSN {
			select {
			case <-time.After(time.Until(b.start.Add(time.Duration(r.MSN+1) * b.target))):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		return gives(200, b.text(time.Now())), nil
	}
}

func TestBlockingReloadsAreOneUpstream(t *testing.T) {
	s, b := onAir()
	b.control = canBlock
	withNode(t, s, nil, func(t *testing.T, n *Node) {
		b.start = time.Now().Add(-time.Minute)
		s.becomes(func() { s.media = blocking(b) })
		crowd := make([]*viewer, 100)
		for i := range crowd {
			crowd[i] = newViewer(t, n)
		}
		crowd[0].read(crowd[0].get(mediaPath))
		time.Sleep(time.Millisecond)
		before := s.asked(mediaPath)
		began := time.Now()
		q := Request{Path: pathOf(t, mediaPath), Reload: Reload{MSN: 30, Part: -1}}
		for round := range 10 {
			q.Reload.MSN = int64(30 + round)
			for _, v := range crowd {
				if a := n.Get(&q, &v.w); !a.Wait {
					t.Fatalf("segment %d: answered %d before it is there", q.Reload.MSN, a.Status)
				}
			}
			for _, v := range crowd {
				<-v.desk.wakes
				a := n.Get(&q, &v.w)
				if got, _ := v.read(a); a.Status != 200 || !strings.Contains(got, fmt.Sprintf("\n%d.m4s\n", q.Reload.MSN)) {
					t.Fatalf("segment %d: status %d\n%s", q.Reload.MSN, a.Status, got)
				}
				if a.CacheControl != "public, max-age=12" { // appendix B.1: 6 target durations
					t.Errorf("Cache-Control is %s", a.CacheControl)
				}
			}
			if took, want := time.Since(began), time.Duration(round+1)*b.target; took > want {
				t.Errorf("segment %d came %v late", q.Reload.MSN, took-want)
			}
		}
		if asked := s.asked(mediaPath) - before; asked > 11 { // the last waits for the next
			t.Errorf("%d fetches for 10 versions", asked)
		}
	})
}

func TestReloadIsHeldForThreeTargetDurations(t *testing.T) {
	s, b := onAir()
	b.control = canBlock
	withNode(t, s, nil, func(t *testing.T, n *Node) {
		v := newViewer(t, n)
		v.read(v.get(mediaPath))
		frozen := b.text(time.Now())
		s.becomes(func() {
			s.media = func(ctx context.Context, _ Path, r Reload) (*Fetched, error) { return gives(200, frozen), nil }
		})
		before := s.asked(mediaPath)
		began := time.Now()
		a := v.reload(mediaPath, Reload{MSN: b.last(began) + 1, Part: -1})
		if took := time.Since(began); a.Status != 503 || took != 3*b.target {
			t.Errorf("status %d after %v", a.Status, took)
		}
		if asked := s.asked(mediaPath) - before; asked > 8 {
			t.Errorf("asked %d times of a source that says it blocks and does not", asked)
		}
		for r, want := range map[Reload]int{
			{MSN: b.last(began) + 3, Part: -1}: 400, {MSN: -1, Part: 2}: 400, {MSN: 3, Part: -1}: 200, {MSN: b.last(began), Part: -1}: 200,
		} {
			if a := v.reload(mediaPath, r); a.Status != want {
				t.Errorf("%+v: status %d, want %d", r, a.Status, want)
			}
		}
	})
}

func TestPlainSourceIsAskedSoonAfterAChangeIsDue(t *testing.T) {
	s, b := onAir()
	withNode(t, s, nil, func(t *testing.T, n *Node) {
		b.start = time.Now().Add(-time.Minute - 300*time.Millisecond)
		v := newViewer(t, n)
		v.read(v.get(mediaPath))
		var worst, sum time.Duration
		const changes = 100
		before := s.asked(mediaPath)
		for range changes {
			next := b.last(time.Now()) + 1
			at := b.start.Add(time.Duration(next+1) * b.target)
			time.Sleep(time.Until(at))
			for !strings.Contains(string(v.get(mediaPath).Bytes), fmt.Sprintf("\n%d.m4s\n", next)) {
				time.Sleep(time.Millisecond)
			}
			worst, sum = max(worst, time.Since(at)), sum+time.Since(at)
		}
		if sum/changes > 200*time.Millisecond || worst > b.target/2 {
			t.Errorf("new segments are seen %v late, %v at worst", sum/changes, worst)
		}
		if asked := s.asked(mediaPath) - before; asked > 4*changes {
			t.Errorf("%d polls for %d segments", asked, changes)
		}
	})
}

func TestPlaylistNobodyAsksForIsLeftAlone(t *testing.T) {
	s, b := onAir()
	withNode(t, s, nil, func(t *testing.T, n *Node) {
		s.becomes(func() { s.segment = func(context.Context, Path) (*Fetched, error) { return gives(200, "x"), nil } })
		v := newViewer(t, n)
		v.read(v.get(mediaPath))
		v.read(v.get(fmt.Sprintf(segmentPath, 29)))
		time.Sleep(2 * n.cfg.IdleAfter)
		asked := s.asked(mediaPath)
		time.Sleep(time.Hour)
		if more := s.asked(mediaPath) - asked; more != 0 {
			t.Errorf("%d polls for nobody", more)
		}
		if n.live.arena.inUse() != 0 || n.playlists.size() != 0 || n.playlists.known.Load() != 0 {
			t.Errorf("%d bytes, %d playlists are kept", n.live.arena.inUse(), n.playlists.size())
		}
		v.is(mediaPath, 200, b.text(time.Now()))
	})
}

func TestMultivariantPlaylistIsRefreshedBehindItsViewers(t *testing.T) {
	s, _ := onAir()
	n := 0
	text := func(n int) string {
		return fmt.Sprintf("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=%d\nb1/720p/index.m3u8\n", n)
	}
	s.master = func(context.Context, Path) (*Fetched, error) {
		n++
		time.Sleep(100 * time.Millisecond)
		return gives(200, text(n)), nil
	}
	const path = "/hls/forsen/index.m3u8"
	withNode(t, s, nil, func(t *testing.T, node *Node) {
		v := newViewer(t, node)
		v.is(path, 200, text(1))
		v.is(path, 200, text(1))
		time.Sleep(masterTTL)
		if a := v.ask(path); a.Wait || string(a.Bytes) != text(1) || a.CacheStatus != statusStale {
			t.Errorf("wait %v, %s: %s", a.Wait, a.CacheStatus, a.Bytes)
		}
		time.Sleep(101 * time.Millisecond)
		v.is(path, 200, text(2))
		s.becomes(func() { s.master = func(context.Context, Path) (*Fetched, error) { return nil, errReset } })
		time.Sleep(masterTTL + masterStale)
		if a := v.get(path); a.Status != 200 || a.CacheStatus != statusStale {
			t.Errorf("status %d, %s while the source is away", a.Status, a.CacheStatus)
		}
		time.Sleep(node.cfg.StaleMax)
		v.is(path, 502, "")
	})
}

func TestPartsAndHintsGoOutWhole(t *testing.T) {
	const text = "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:4\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=3\n" +
		"#EXT-X-PART-INF:PART-TARGET=1\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:4,\n7.m4s\n#EXTINF:4,\n8.m4s\n#EXTINF:4,\n9.m4s\n" +
		"#EXT-X-PART:DURATION=1,URI=\"10.0.m4s\"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"10.1.m4s\"\n"
	s := &fakeSource{media: func(ctx context.Context, _ Path, r Reload) (*Fetched, error) {
		if r.MSN >= 0 {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return gives(200, text), nil
	}}
	withNode(t, s, nil, func(t *testing.T, n *Node) {
		v := newViewer(t, n)
		v.read(v.get(mediaPath))
		for name, whole := range map[string]bool{"9.m4s": false, "10.0.m4s": true, "10.1.m4s": true, "unlisted.m4s": true} {
			f, w := pipe(4)
			s.becomes(func() {
				s.segment = func(context.Context, Path) (*Fetched, error) {
					time.Sleep(time.Second) // a hint's is held
					return f, nil
				}
			})
			path := "/hls/forsen/b1/720p/" + name
			if !v.ask(path).Wait {
				t.Fatalf("%s is there", name)
			}
			time.Sleep(1100 * time.Millisecond)
			fmt.Fprint(w, "ab")
			synctest.Wait()
			if other := newViewer(t, n).ask(path); other.Wait != whole {
				t.Errorf("%s goes out before it is whole: %v", name, !other.Wait)
			} else if !whole {
				other.Object.Release()
			}
			fmt.Fprint(w, "cd")
			w.Close()
			v.is(path, 200, "abcd")
		}
	})
}

func TestSourceIsToldWhenABlockingReloadIsOverdue(t *testing.T) {
	s, b := onAir()
	b.control = canBlock
	withNode(t, s, nil, func(t *testing.T, n *Node) {
		b.start = time.Now().Add(-time.Minute)
		var told []time.Duration
		s.becomes(func() {
			s.media = func(ctx context.Context, p Path, r Reload) (*Fetched, error) {
				if r.MSN >= 0 {
					s.becomes(func() { told = append(told, Patience(ctx)) })
				}
				return blocking(b)(ctx, p, r)
			}
		})
		v := newViewer(t, n)
		v.read(v.get(mediaPath))
		time.Sleep(5*b.target + b.target/2)
		s.becomes(func() {
			if len(told) < 5 {
				t.Errorf("%d blocking reloads", len(told))
			}
			for _, d := range told {
				if d != b.target+b.target/2 { // section 6.2.1: by then the next segment is to be there
					t.Errorf("overdue after %v, target duration %v", d, b.target)
				}
			}
		})
	})
}
