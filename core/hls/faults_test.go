package hls

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// cutBody ends early, in the way that it is given.
type cutBody struct {
	io.Reader
	end error
}

func (b *cutBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil {
		err = b.end
	}
	return n, err
}

func (b *cutBody) Close() error { return nil }

func TestSegmentThatEndsEarlyIsNeverWhole(t *testing.T) {
	for name, f := range map[string]func() *Fetched{
		"by its length": func() *Fetched {
			return &Fetched{Status: 200, Length: 100, Body: &cutBody{strings.NewReader("half"), io.EOF}}
		},
		"reset": func() *Fetched {
			return &Fetched{Status: 200, Length: 100, Body: &cutBody{strings.NewReader("half"), errReset}}
		},
		"reset, any length": func() *Fetched {
			return &Fetched{Status: 200, Length: -1, Body: &cutBody{strings.NewReader("half"), errReset}}
		},
		"longer than said": func() *Fetched {
			return &Fetched{Status: 200, Length: 2, Body: &cutBody{strings.NewReader("half"), io.EOF}}
		},
		"longer than may be": func() *Fetched {
			return &Fetched{Status: 200, Length: -1, Body: &cutBody{strings.NewReader(strings.Repeat("x", 5<<20)), io.EOF}}
		},
		"without a byte": func() *Fetched { return gives(200, "") },
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := onAir()
			s.becomes(func() { s.segment = func(context.Context, Path) (*Fetched, error) { return f(), nil } })
			withNode(t, s, func(c *Config) { c.SegmentBytesMax = 4 << 20 }, func(t *testing.T, n *Node) {
				v := newViewer(t, n)
				v.read(v.get(mediaPath))
				path := fmt.Sprintf(segmentPath, 28)
				if a := v.get(path); a.Status == 200 {
					if _, end := v.read(a); end != StateBroken {
						t.Errorf("whoever read behind the fill saw the end %d", end)
					}
				}
				v.is(path, 502, "")
				synctest.Wait()
				if used := n.live.arena.inUse(); used != 0 {
					t.Errorf("%d bytes are kept of it", used)
				}
				s.becomes(func() { s.segment = func(context.Context, Path) (*Fetched, error) { return gives(200, "whole"), nil } })
				time.Sleep(2 * time.Second)
				v.is(path, 200, "whole")
			})
		})
	}
}

func TestSilentSourceIsGivenUp(t *testing.T) {
	s, _ := onAir()
	withNode(t, s, nil, func(t *testing.T, n *Node) {
		v := newViewer(t, n)
		v.read(v.get(mediaPath))
		s.becomes(func() {
			s.segment = func(ctx context.Context, p Path) (*Fetched, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}
		})
		began := time.Now()
		v.is(fmt.Sprintf(segmentPath, 27), 504, "")
		if took := time.Since(began); took != n.cfg.FillTimeout {
			t.Errorf("without an answer it took %v", took)
		}
		s.becomes(func() {
			s.segment = func(context.Context, Path) (*Fetched, error) {
				f, w := pipe(100)
				go fmt.Fprint(w, "begun")
				return f, nil
			}
		})
		began = time.Now()
		v.read(v.get(mediaPath))
		a := v.get(fmt.Sprintf(segmentPath, 35))
		if got, end := v.read(a); got != "begun" || end != StateBroken {
			t.Errorf("read %q to state %d", got, end)
		}
		if took := time.Since(began); took != n.cfg.StallTimeout {
			t.Errorf("in the middle it took %v", took)
		}
		v.is(fmt.Sprintf(segmentPath, 35), 504, "")
	})
}

func TestFailureIsOneVerdictForItsTime(t *testing.T) {
	s, _ := onAir()
	for status, want := range map[int]int{404: 404, 410: 404, 302: 502, 500: 502, 206: 502, 503: 503, 0: 502} {
		s.becomes(func() {
			s.segment = func(context.Context, Path) (*Fetched, error) {
				if status == 0 {
					return nil, errReset
				}
				return gives(status, "an answer"), nil
			}
		})
		withNode(t, s, nil, func(t *testing.T, n *Node) {
			v := newViewer(t, n)
			v.read(v.get(mediaPath))
			path := fmt.Sprintf(segmentPath, 28)
			before := s.asked(path)
			for range 1000 {
				v.is(path, want, "")
			}
			time.Sleep(2*time.Second - 1)
			v.is(path, want, "")
			if asked := s.asked(path) - before; asked != 1 {
				t.Errorf("status %d: asked %d times within a target duration", status, asked)
			}
			time.Sleep(time.Nanosecond)
			v.is(path, want, "")
			if asked := s.asked(path) - before; asked != 2 {
				t.Errorf("status %d: asked %d times after it", status, asked)
			}
		})
	}
}

func TestVerdictEndsWhenAPlaylistListsTheName(t *testing.T) {
	s, b := onAir()
	s.segment = func(_ context.Context, p Path) (*Fetched, error) {
		if p.Name != fmt.Sprintf("%d.m4s", b.last(time.Now())) {
			return gives(404, ""), nil
		}
		return gives(200, "there"), nil
	}
	withNode(t, s, nil, func(t *testing.T, n *Node) {
		v := newViewer(t, n)
		v.read(v.get(mediaPath))
		next := fmt.Sprintf(segmentPath, b.last(time.Now())+1)
		time.Sleep(1500 * time.Millisecond)
		v.is(next, 404, "") // for 2 s
		time.Sleep(700 * time.Millisecond)
		v.is(next, 200, "there")
	})
}

func TestSourceThatAnswersEverythingWithAPage(t *testing.T) {
	page := func() (*Fetched, error) { return gives(200, "<html>welcome</html>"), nil }
	s := &fakeSource{
		media:  func(context.Context, Path, Reload) (*Fetched, error) { return page() },
		master: func(context.Context, Path) (*Fetched, error) { return page() },
	}
	withNode(t, s, nil, func(t *testing.T, n *Node) {
		v := newViewer(t, n)
		v.is(mediaPath, 502, "")
		v.is("/hls/forsen/index.m3u8", 502, "")
		if n.playlists.known.Load() != 0 {
			t.Error("something is known of it")
		}
	})
}

func TestBrokenPlaylistLeavesTheOneBefore(t *testing.T) {
	s, b := onAir()
	withNode(t, s, nil, func(t *testing.T, n *Node) {
		v := newViewer(t, n)
		v.read(v.get(mediaPath))
		time.Sleep(500 * time.Millisecond) // between two segments
		for name, lie := range map[string]func() (*Fetched, error){
			"another target duration": func() (*Fetched, error) {
				c := *b
				c.start, c.target = time.Now().Add(-time.Hour), 10*time.Second
				return gives(200, c.text(time.Now())), nil
			},
			"other segments": func() (*Fetched, error) {
				return gives(200, strings.ReplaceAll(b.text(time.Now()), ".m4s", ".ts")), nil
			},
			"endless": func() (*Fetched, error) {
				return &Fetched{Status: 200, Length: -1, Body: &cutBody{strings.NewReader(strings.Repeat("#\n", 4<<20)), io.EOF}}, nil
			},
			"cut": func() (*Fetched, error) {
				return &Fetched{Status: 200, Length: 1000, Body: io.NopCloser(strings.NewReader(b.text(time.Now())))}, nil
			},
		} {
			before, _ := v.read(v.get(mediaPath))
			media := s.media
			s.becomes(func() { s.media = func(context.Context, Path, Reload) (*Fetched, error) { return lie() } })
			time.Sleep(4 * time.Second)
			a := v.get(mediaPath)
			if got, _ := v.read(a); got != before || a.CacheStatus != statusStale {
				t.Errorf("%s: answered %s with\n%s", name, a.CacheStatus, got)
			}
			s.becomes(func() { s.media = media })
			time.Sleep(4 * time.Second)
			a = v.get(mediaPath)
			if got, _ := v.read(a); got != b.text(time.Now()) || a.CacheStatus != statusHit {
				t.Errorf("%s: afterwards answered %s with\n%s", name, a.CacheStatus, got)
			}
		}
	})
}

func TestPlaylistIsServedStaleForAWhile(t *testing.T) {
	s, _ := onAir()
	withNode(t, s, nil, func(t *testing.T, n *Node) {
		v := newViewer(t, n)
		v.read(v.get(mediaPath))
		s.becomes(func() { s.media = func(context.Context, Path, Reload) (*Fetched, error) { return nil, errReset } })
		for range 5 {
			time.Sleep(11 * time.Second)
			if a := v.get(mediaPath); a.Status != 200 || a.CacheStatus != statusStale || a.Age < 10*time.Second {
				t.Errorf("status %d, %s, age %v", a.Status, a.CacheStatus, a.Age)
			}
		}
		time.Sleep(10 * time.Second)
		v.is(mediaPath, 502, "")
	})
}

func TestViewerWhoLeavesEndsNoFetch(t *testing.T) {
	s, _ := onAir()
	withNode(t, s, nil, func(t *testing.T, n *Node) {
		v := newViewer(t, n)
		v.read(v.get(mediaPath))
		f, w := pipe(-1)
		var fetch context.Context
		s.becomes(func() {
			s.segment = func(ctx context.Context, _ Path) (*Fetched, error) {
				fetch = ctx
				time.Sleep(time.Second)
				return f, nil
			}
		})
		path := fmt.Sprintf(segmentPath, 28)
		if !v.ask(path).Wait {
			t.Fatal("answered at once")
		}
		v.w.Cancel()
		v.w.Cancel()
		time.Sleep(1500 * time.Millisecond)
		fmt.Fprint(w, "beg")
		a := v.get(path) // reads the beginning, and leaves
		if !a.Object.Await(3, &v.w) {
			t.Error("nothing to wait for")
		}
		v.w.Cancel()
		a.Object.Release()
		fmt.Fprint(w, "un")
		w.Close()
		synctest.Wait()
		if !errors.Is(fetch.Err(), context.Canceled) { // because it has ended
			t.Error("the fetch goes on")
		}
		v.is(path, 200, "begun")
		if asked := s.asked(path); asked != 1 || n.waiting.Load() != 0 {
			t.Errorf("fetched %d times, %d wait", asked, n.waiting.Load())
		}
	})
}

func TestRestartedBroadcastIsFoundSoon(t *testing.T) {
	s, _ := onAir()
	run := 1
	master := func() string {
		return fmt.Sprintf("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\nb%d/720p/index.m3u8\n", run)
	}
	s.master = func(context.Context, Path) (*Fetched, error) { return gives(200, master()), nil }
	s.segment = func(_ context.Context, p Path) (*Fetched, error) { return gives(200, p.String()), nil }
	withNode(t, s, nil, func(t *testing.T, n *Node) {
		v := newViewer(t, n)
		for run = 1; run < 4; run++ {
			v.is("/hls/forsen/index.m3u8", 200, master())
			media := fmt.Sprintf("/hls/forsen/b%d/720p/index.m3u8", run)
			v.read(v.get(media))
			segment := fmt.Sprintf("/hls/forsen/b%d/720p/29.m4s", run)
			v.is(segment, 200, segment)
			time.Sleep(masterTTL + masterStale) // then nobody is answered with the old one
		}
	})
}
