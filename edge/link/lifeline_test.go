package link

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/edge/engine"
	wire "uproar/proto/link"
)

// mortal is a source that may be cut off.
type mortal struct {
	source
	dead atomic.Bool
}

func (m *mortal) Alive() bool { return !m.dead.Load() }

// noLoops is an engine without connections.
type noLoops struct{}

func (noLoops) Loops() []*engine.Loop { return nil }

func TestFeedThatIsAwayForThreeSecondsCutsTheRelayOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		feed, log := &mortal{}, &bytes.Buffer{}
		n, err := New(Config{Self: self(1), Feed: feed, Log: slog.New(slog.NewTextHandler(log, nil)), Metrics: metrics.NewSet()})
		if err != nil {
			t.Fatal(err)
		}
		n.Attach(noLoops{})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			n.watch(ctx)
			close(done)
		}()
		defer func() {
			cancel()
			<-done
		}()
		for _, step := range []struct {
			dead   bool
			lasts  time.Duration
			cutOff bool
			logged int // lines, in all
		}{
			{true, 2900 * time.Millisecond, false, 0},
			{false, lookEvery, false, 0},
			{true, 2900 * time.Millisecond, false, 0},
			{true, 2 * lookEvery, true, 1},
			{true, time.Hour, true, 1},
			{false, lookEvery, false, 2},
			{false, time.Hour, false, 2},
			{true, time.Hour, true, 3},
		} {
			feed.dead.Store(step.dead)
			time.Sleep(step.lasts)
			synctest.Wait()
			if lines := strings.Count(log.String(), "\n"); n.cutOff.Load() != step.cutOff || lines != step.logged {
				t.Fatalf("%+v: cut off is %v, logged:\n%s", step, n.cutOff.Load(), log)
			}
		}
	})
}

// why is what a child was refused with, or "".
func (k *kid) why() string {
	var refused *wire.RefusedError
	if err := k.refusal(); !errors.As(err, &refused) {
		return ""
	}
	return refused.Reason
}

func TestRelayThatIsCutOffPartsFromItsChildren(t *testing.T) {
	h := newHouse(t, Config{}, engine.Config{})
	kids := []*kid{h.child(2), h.child(3)}
	for _, k := range kids {
		k.want(3)
	}
	h.node.setCutOff(true)
	for _, k := range kids {
		why := ""
		for end := time.Now().Add(10 * time.Second); why == ""; time.Sleep(time.Millisecond) {
			k.say(wire.AppendPing(nil, wire.Ping{ID: 1})) // who speaks is not silent, and is parted from all the same
			why = k.why()
			if time.Now().After(end) {
				t.Fatal("the children are kept")
			}
		}
		if why != errCutOff.Error() || k.conn.Open() {
			t.Errorf("a child is told %q", why)
		}
		h.loop.Turn(func() { k.conn.Abort(engine.ReasonEOF) })
	}
	if got := h.node.meters.parted.Get(); got != 2 {
		t.Errorf("%d are counted", got)
	}
	if k := h.stranger(); k.conn.Open() || k.why() != errCutOff.Error() {
		t.Error("a new child is let in")
	}
	if got := h.feed.calls(); !slices.Equal(got, []int{4}) {
		t.Errorf("it called Want %v: what it wants it has to go on wanting", got)
	}

	h.node.setCutOff(false)
	if got := h.feed.calls(); !slices.Equal(got, []int{-4}) {
		t.Errorf("then it called Want %v", got)
	}
	k := h.child(2)
	k.want(3)
	h.node.Subscribed(3)
	h.loop.Turn(func() {})
	if got := k.heard(); got != "route 1, subscribed 3" {
		t.Errorf("a child that comes back hears %q", got)
	}
}

func TestChildStaysWhenTheRelayIsBackInTime(t *testing.T) {
	h := newHouse(t, Config{IdleTimeout: time.Hour}, engine.Config{})
	k := h.child(2)
	k.want(3)
	h.node.setCutOff(true)
	h.loop.Turn(func() {})
	h.node.setCutOff(false)
	h.loop.Turn(func() { k.conn.Handler().Timer(k.conn) })
	if !k.conn.Open() {
		t.Fatalf("it is told %q", k.why())
	}
	h.loop.Turn(func() { k.conn.Handler().Timer(k.conn) })
	if k.conn.Open() {
		t.Fatal("it may be silent for ever")
	}
}

// TestClueServesWhereTheExchangeIsCutOff: one port, two roles.
func TestClueServesWhereTheExchangeIsCutOff(t *testing.T) {
	s := &service{}
	h := newHouse(t, Config{Clue: s}, engine.Config{})
	asks, reads := h.child(2), h.child(3)
	submissions := []byte{0, 0, 0, 1, byte(wire.KindSubmissions)}
	asks.say(submissions)
	h.node.setCutOff(true)
	late := h.child(4)
	for _, k := range []*kid{asks, late} {
		if k.say(submissions); !k.conn.Open() {
			t.Fatalf("who asks clue is told %q", k.why())
		}
	}
	if len(s.heard) != 3 {
		t.Fatalf("clue heard %q", s.heard)
	}
	if reads.want(3); reads.conn.Open() || reads.why() != errCutOff.Error() {
		t.Fatal("a child of the exchange is let in")
	}
}
