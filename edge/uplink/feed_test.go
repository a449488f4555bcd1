package uplink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/exchange"
	wire "uproar/proto/link"
)

// listening is a Feed that is linked to a far end which a test is.
func listening(t *testing.T, change func(*FeedConfig)) (*Feed, *recorder, *far, *farConn) {
	t.Helper()
	far := listen(t)
	f, r := feedTo(t, nodes.Add(1)+1, change, far.addr()), &recorder{}
	run(t, f, r)
	c := far.trusted()
	c.expect(t, "want")
	return f, r, far, c
}

// expect waits for a frame, passes pings over, and says what came but for its kind.
func (c *farConn) expect(t *testing.T, kind string) []byte {
	t.Helper()
	for {
		f, err := c.in.next()
		if err != nil {
			t.Fatal(err)
		}
		if f.Kind == wire.KindPing {
			continue
		}
		if f.Kind.String() != kind {
			t.Fatalf("got %s, want %s", f.Kind, kind)
		}
		return f.Body
	}
}

func (c *farConn) expectWant(t *testing.T, want string) {
	t.Helper()
	var s wire.Set
	if err := wire.ParseSet(wire.Frame{Kind: wire.KindWant, Body: c.expect(t, "want")}, &s, wire.PartitionsMax); err != nil {
		t.Fatal(err)
	}
	var got []string
	for p := range s.All() {
		got = append(got, fmt.Sprint(p))
	}
	if strings.Join(got, " ") != want {
		t.Fatalf("wants %q, not %q", got, want)
	}
}

func (c *farConn) expectSince(t *testing.T) wire.Since {
	t.Helper()
	s, err := wire.ParseSince(c.expect(t, "since"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (c *farConn) say(t *testing.T, frame []byte, err error) {
	t.Helper()
	if err == nil {
		_, err = c.Write(frame)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestAllThatIsWantedIsSaidOnEachLink(t *testing.T) {
	f, r, far, c := listening(t, nil)
	f.Want(3, true)
	c.expectWant(t, "3")
	f.Want(3, true) // nothing new
	f.Want(5, true)
	c.expectWant(t, "3 5")
	var both wire.Set
	both.Add(3)
	both.Add(5)
	c.say(t, wire.AppendSubscribed(nil, &both), nil)
	eventually(t, "the sink is told", func() bool { return r.count("subscribed 3") == 1 && r.count("subscribed 5") == 1 })
	f.Want(5, false)
	f.Want(5, true) // again: one frame without it comes first
	c.expectWant(t, "3")
	c.expectWant(t, "3 5")
	_ = c.Close()
	c = far.trusted()
	c.expectWant(t, "3 5")
	frame, err := wire.AppendPayload(nil, 5, []byte("hi"))
	c.say(t, frame, err)
	eventually(t, "the payload comes", func() bool { return r.count("payload 5 hi") == 1 })
}

// answer is what Since returned.
type answer struct {
	parts [][]byte
	head  exchange.Position
	err   error
}

func ask(f *Feed, ctx context.Context, room string) <-chan answer {
	answers := make(chan answer, 1)
	go func() {
		parts, head, err := f.Since(ctx, room, exchange.Position{Epoch: 1, Seq: 2})
		answers <- answer{parts, head, err}
	}()
	return answers
}

func TestQuestionOutlivesItsLink(t *testing.T) {
	f, _, far, c := listening(t, nil)
	answers := ask(f, t.Context(), "room")
	q := c.expectSince(t)
	if q.Room != "room" || q.After != (wire.Position{Epoch: 1, Seq: 2}) {
		t.Fatalf("asked %+v", q)
	}
	half := wire.Found{ID: q.ID, Head: wire.Position{Epoch: 1, Seq: 3}, Parts: [][]byte{make([]byte, 2<<20), make([]byte, 2<<20)}}
	frames, err := wire.AppendFound(nil, &half) // two frames, of which one comes
	c.say(t, frames[:len(frames)/2+100], err)
	_ = c.Close()
	c = far.trusted()
	c.expect(t, "want")
	again := c.expectSince(t)
	frame, err := wire.AppendFound(nil, &wire.Found{ID: again.ID, Head: wire.Position{Epoch: 1, Seq: 4}, Parts: [][]byte{[]byte("a"), []byte("b")}})
	c.say(t, frame, err)
	a := <-answers
	if a.err != nil || a.head != (exchange.Position{Epoch: 1, Seq: 4}) || string(bytes.Join(a.parts, []byte(","))) != "a,b" {
		t.Fatalf("%+v", a)
	}
}

func TestLongAnswerIsPutTogether(t *testing.T) {
	f, _, _, c := listening(t, nil)
	answers := ask(f, t.Context(), "room")
	found := wire.Found{ID: c.expectSince(t).ID, Head: wire.Position{Epoch: 1, Seq: 9}}
	for i := range 3 * wire.BatchMax {
		found.Parts = append(found.Parts, fmt.Appendf(nil, "%d", i))
	}
	frame, err := wire.AppendFound(nil, &found)
	c.say(t, frame, err)
	a := <-answers
	if a.err != nil || len(a.parts) != 3*wire.BatchMax || a.head.Seq != 9 {
		t.Fatalf("%d parts, head %v, %v", len(a.parts), a.head, a.err)
	}
	for i, p := range a.parts {
		if string(p) != fmt.Sprint(i) {
			t.Fatalf("part %d is %q", i, p)
		}
	}
}

func TestQuestionFailsWithTheRelaysWords(t *testing.T) {
	f, _, _, c := listening(t, nil)
	answers := ask(f, t.Context(), "room")
	frame, err := wire.AppendFound(nil, &wire.Found{ID: c.expectSince(t).ID, Error: "the stream is away"})
	c.say(t, frame, err)
	if a := <-answers; a.err == nil || !strings.Contains(a.err.Error(), "the stream is away") {
		t.Fatalf("%+v", a)
	}
	if n := f.meters.sincesFailed.Get(); n != 1 {
		t.Errorf("%d are counted", n)
	}
}

func TestQuestionEndsWithItsDeadline(t *testing.T) {
	f, _, _, c := listening(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	answers := ask(f, ctx, "room")
	q := c.expectSince(t)
	cancel()
	if a := <-answers; !errors.Is(a.err, context.Canceled) {
		t.Fatalf("%+v", a)
	}
	// The answer that comes later is nobody's, and the next one finds its question.
	late, err := wire.AppendFound(nil, &wire.Found{ID: q.ID})
	c.say(t, late, err)
	answers = ask(f, t.Context(), "room")
	frame, err := wire.AppendFound(nil, &wire.Found{ID: c.expectSince(t).ID, Head: wire.Position{Epoch: 7, Seq: 7}})
	c.say(t, frame, err)
	if a := <-answers; a.err != nil || a.head.Seq != 7 {
		t.Fatalf("%+v", a)
	}
}

func TestQuestionsWithoutLinkAreBounded(t *testing.T) {
	f := feedTo(t, 1, nil, "127.0.0.1:1") // nobody runs it
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range questionsMax {
		all.Go(func() { _, _, _ = f.Since(ctx, "room", exchange.Position{}) })
	}
	eventually(t, "all wait", func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return len(f.mu.questions) == questionsMax
	})
	if _, _, err := f.Since(ctx, "room", exchange.Position{}); !errors.Is(err, exchange.ErrBusy) {
		t.Errorf("one more: %v", err)
	}
	if _, _, err := f.Since(ctx, strings.Repeat("x", wire.RoomBytesMax+1), exchange.Position{}); !errors.Is(err, wire.ErrLimit) {
		t.Errorf("a name without end: %v", err)
	}
	cancel()
	all.Wait()
	if len(f.mu.questions) != 0 {
		t.Errorf("%d are never forgotten", len(f.mu.questions))
	}
}

func TestAsidesGiveWay(t *testing.T) {
	f, _, far, c := listening(t, func(c *FeedConfig) { c.QueueBytesMax = 256 << 10 })
	aside := exchange.AppendAside(nil, []byte("hi"))
	f.Tell(3, aside)
	if got := string(c.expect(t, "tell")); got != "\x00\x03"+string(aside) {
		t.Fatalf("told %q", got)
	}
	f.Tell(3, []byte("no aside"))
	f.Tell(3, exchange.AppendAside(nil, make([]byte, exchange.AsideBytesMax)))
	f.Tell(wire.PartitionsMax, aside)
	if n := f.meters.asidesDropped.Get(); n != 3 {
		t.Errorf("%d asides are dropped, want 3", n)
	}
	// The relay reads no more: asides are dropped, and what is wanted still has room.
	long := exchange.AppendAside(nil, make([]byte, exchange.AsideBytesMax-1))
	eventually(t, "they are dropped", func() bool {
		f.Tell(3, long)
		return f.meters.asidesDropped.Get() > 100
	})
	f.Want(7, true)
	if f.linkedTo() == "" {
		t.Error("the link is gone")
	}
	// What is wanted goes on and on, and is never read: the link is of no use.
	eventually(t, "the link is left", func() bool {
		for range 1000 {
			f.Want(8, true)
			f.Want(8, false)
		}
		return f.linkedTo() == ""
	})
	far.trusted().expectWant(t, "7")
}

func TestFeedWithoutALinkDropsAsides(t *testing.T) {
	f := feedTo(t, 1, nil, "127.0.0.1:1")
	f.Tell(3, exchange.AppendAside(nil, nil))
	if n := f.meters.asidesDropped.Get(); n != 1 {
		t.Errorf("%d asides are dropped, want 1", n)
	}
}

func TestFeedNeedsARelay(t *testing.T) {
	if _, err := NewFeed(FeedConfig{}); err == nil {
		t.Error("a feed from nowhere is made")
	}
	if _, err := NewFeed(FeedConfig{Addrs: []string{"127.0.0.1:1"}}); err == nil {
		t.Error("a feed of nobody is made")
	}
}

func TestRelayThatMakesNoSenseIsLeft(t *testing.T) {
	var many wire.Set
	many.Add(128)
	for name, frame := range map[string][]byte{
		"partition of a payload":      {0, 0, 0, 3, byte(wire.KindPayload), 0, 128},
		"partition of a subscription": wire.AppendSubscribed(nil, &many),
		"half an answer":              {0, 0, 0, 3, byte(wire.KindFound), 0, 128},
		"half a route":                {0, 0, 0, 3, byte(wire.KindRoute), 0, 128},
		"a child's frame":             {0, 0, 0, 1, byte(wire.KindWant)},
	} {
		t.Run(name, func(t *testing.T) {
			f, r, far, c := listening(t, nil)
			c.say(t, frame, nil)
			far.trusted() // it comes again
			eventually(t, "it is counted", func() bool { return f.peers[0].meters.downs[CauseProtocol].Get() == 1 })
			if len(r.heard) != 0 {
				t.Errorf("the sink heard %q", r.heard)
			}
		})
	}
}

func TestRouteIsToldAndTakenBack(t *testing.T) {
	var mu sync.Mutex
	var routes []string
	f, _, far, c := listening(t, func(c *FeedConfig) {
		c.OnRoute = func(r wire.Route) error {
			mu.Lock()
			defer mu.Unlock()
			routes = append(routes, fmt.Sprint(r))
			if r.Has(666) {
				return wire.ErrLimit
			}
			return nil
		}
	})
	told := func(want string) {
		t.Helper()
		eventually(t, want, func() bool {
			mu.Lock()
			defer mu.Unlock()
			return fmt.Sprint(routes) == want
		})
	}
	frame, err := wire.AppendRoute(nil, wire.Route{7, 8})
	c.say(t, frame, err)
	told("[[7 8]]")
	_ = c.Close()
	told("[[7 8] []]")
	c = far.trusted()
	frame, err = wire.AppendRoute(nil, wire.Route{666})
	c.say(t, frame, err)
	c = far.trusted() // that one was left
	told("[[7 8] [] [666] []]")
	frame, err = wire.AppendRoute(nil, wire.Route{5, f.cfg.Self.ID})
	c.say(t, frame, err)
	c = far.trusted() // and so is one that is below this process
	_ = c.SetDeadline(time.Now().Add(deadline))
	told("[[7 8] [] [666] []]")
}

// TestProcessMayHaveTwoFeeds: an edge that is a relay too is linked twice.
func TestProcessMayHaveTwoFeeds(t *testing.T) {
	set := metrics.NewSet()
	for range 2 {
		cfg := FeedConfig{Addrs: []string{"127.0.0.1:1"}, Self: self(wire.RoleEdge, 7), Log: slog.New(slog.DiscardHandler), Metrics: set}
		if _, err := NewFeed(cfg); err != nil {
			t.Fatal(err)
		}
	}
}
