package hls

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fakeSource counts what it is asked, and answers by its functions.
type fakeSource struct {
	segment func(ctx context.Context, p Path) (*Fetched, error)
	media   func(ctx context.Context, p Path, r Reload) (*Fetched, error)
	master  func(ctx context.Context, p Path) (*Fetched, error)

	mu struct {
		sync.Mutex
		asked map[string]int
	}
}

func (s *fakeSource) Fetch(ctx context.Context, p Path, r Reload) (*Fetched, error) {
	s.mu.Lock()
	if s.mu.asked == nil {
		s.mu.asked = make(map[string]int)
	}
	s.mu.asked[p.String()]++
	segment, media, master := s.segment, s.media, s.master
	s.mu.Unlock()
	switch {
	case p.Kind == KindSegment && segment != nil:
		return segment(ctx, p)
	case p.Kind == KindMedia && media != nil:
		return media(ctx, p, r)
	case p.Kind == KindMaster && master != nil:
		return master(ctx, p)
	}
	return gives(404, ""), nil
}

// becomes changes the source while it is asked.
func (s *fakeSource) becomes(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// asked is how often a path was fetched.
func (s *fakeSource) asked(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mu.asked[path]
}

func gives(status int, body string) *Fetched {
	return &Fetched{Status: status, Length: int64(len(body)), Body: io.NopCloser(strings.NewReader(body))}
}

// pipe is an answer whose body the test writes; ends is what its reader hears at last.
func pipe(length int64) (*Fetched, *io.PipeWriter) {
	r, w := io.Pipe()
	return &Fetched{Status: 200, Length: length, Body: r}, w
}

// broadcast makes the playlist of a channel that began at start: segments of a target
// duration each, named by their numbers, the last window of them listed.
type broadcast struct {
	start   time.Time
	target  time.Duration
	window  int64
	control string // EXT-X-SERVER-CONTROL, and other lines of the head
	ended   bool
}

func (b *broadcast) last(now time.Time) int64 { return int64(now.Sub(b.start)/b.target) - 1 }

func (b *broadcast) text(now time.Time) string {
	var out strings.Builder
	last := b.last(now)
	first := max(0, last-b.window+1)
	fmt.Fprintf(&out, "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:%d\n%s", b.target/time.Second, first, b.control)
	for n := first; n <= last; n++ {
		fmt.Fprintf(&out, "#EXTINF:%d,\n%d.m4s\n", b.target/time.Second, n)
	}
	if b.ended {
		out.WriteString("#EXT-X-ENDLIST\n")
	}
	return out.String()
}

func (b *broadcast) media(_ context.Context, _ Path, _ Reload) (*Fetched, error) {
	return gives(200, b.text(time.Now())), nil
}

// fakeDesk is an event loop's: it collects who is woken.
type fakeDesk struct {
	wakes chan []*Waiter
}

func newFakeDesk() *fakeDesk { return &fakeDesk{make(chan []*Waiter, 64)} }

func (d *fakeDesk) Wake(ready []*Waiter) { d.wakes <- ready }

// viewer asks as one connection does.
type viewer struct {
	t    *testing.T
	node *Node
	desk *fakeDesk
	w    Waiter
}

func newViewer(t *testing.T, n *Node) *viewer {
	v := &viewer{t: t, node: n, desk: newFakeDesk()}
	v.w.Desk = v.desk
	return v
}

func pathOf(t testing.TB, text string) Path {
	p, ok := ParsePath([]byte(text))
	if !ok {
		t.Fatalf("%s is no path", text)
	}
	return p
}

// ask is an answer that did not have to be waited for, or one with Wait.
func (v *viewer) ask(path string) Answer {
	v.t.Helper()
	return v.node.Get(&Request{Path: pathOf(v.t, path), Reload: NoReload}, &v.w)
}

// get waits for an answer.
func (v *viewer) get(path string) Answer {
	v.t.Helper()
	return v.reload(path, NoReload)
}

func (v *viewer) reload(path string, r Reload) Answer {
	v.t.Helper()
	q := &Request{Path: pathOf(v.t, path), Reload: r}
	for {
		a := v.node.Get(q, &v.w)
		if !a.Wait {
			return a
		}
		<-v.desk.wakes
	}
}

// read is the body of an answer, and how it ended; it gives the Object back.
func (v *viewer) read(a Answer) (string, State) {
	v.t.Helper()
	if a.Object == nil {
		return string(a.Bytes), StateEnd
	}
	defer a.Object.Release()
	var body bytes.Buffer
	for {
		b, state := a.Object.At(int64(body.Len()))
		switch state {
		case StateBytes:
			body.Write(b)
		case StateWait:
			if a.Object.Await(int64(body.Len()), &v.w) {
				<-v.desk.wakes
			}
		default:
			return body.String(), state
		}
	}
}

// is fails unless path is answered with status, and body if that is 200.
func (v *viewer) is(path string, status int, body string) {
	v.t.Helper()
	a := v.get(path)
	if a.Status != status {
		v.t.Errorf("%s: status %d, want %d", path, a.Status, status)
	}
	if got, end := v.read(a); a.Status == 200 && (got != body || end != StateEnd) {
		v.t.Errorf("%s: %d bytes and state %d, want %d bytes", path, len(got), end, len(body))
	}
}

// withNode runs f in a bubble of its own time with a Node of the source.
func withNode(t *testing.T, source Source, change func(*Config), f func(t *testing.T, n *Node)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cfg := Config{Source: source, BytesMax: 64 << 20}
		if change != nil {
			change(&cfg)
		}
		n, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			if err := n.Run(ctx); err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		f(t, n)
		stop()
		<-ended
	})
}

var errReset = errors.New("connection reset by peer")
