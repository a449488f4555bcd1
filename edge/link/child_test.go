package link

import (
	"slices"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metrics"

	"uproar/edge/engine"
	wire "uproar/proto/link"
)

// tell is a tell frame.
func tell(partition int, aside string) []byte {
	out, err := wire.AppendTell(nil, partition, []byte(aside))
	if err != nil {
		panic(err)
	}
	return out
}

func TestAsidesGoUp(t *testing.T) {
	h := newHouse(t, Config{}, engine.Config{})
	k := h.child(2)
	k.say(append(tell(3, "one"), tell(15, "two")...))
	h.feed.mu.Lock()
	got := slices.Clone(h.feed.mu.asides)
	h.feed.mu.Unlock()
	if !slices.Equal(got, []string{"3 one", "15 two"}) {
		t.Fatalf("%q", got)
	}
	k.say(tell(16, "of no partition"))
	if err := k.refusal(); err == nil || k.conn.Open() {
		t.Fatalf("told %v", err)
	}
}

// service is clue that keeps what it is given.
type service struct{ heard []string }

func (s *service) Frame(c ChildRef, f wire.Frame) error {
	s.heard = append(s.heard, f.Kind.String())
	if c.Loop.Conn(c.Conn) == nil || c.Node == 0 {
		s.heard = append(s.heard, "of nobody")
	}
	return nil
}

func (s *service) Gone(ChildRef) { s.heard = append(s.heard, "gone") }

func TestNodeRefusesWhatItsRolesDoNotServe(t *testing.T) {
	submissions := []byte{0, 0, 0, 1, byte(wire.KindSubmissions)}
	h := newHouse(t, Config{}, engine.Config{})
	k := h.child(2)
	k.say(submissions)
	if err := k.refusal(); err == nil || !strings.Contains(err.Error(), errNoClue.Error()) || k.conn.Open() {
		t.Errorf("a node without clue says %v", err)
	}
	s := &service{}
	h = newHouse(t, Config{Clue: s}, engine.Config{})
	h.node.cfg.Feed = nil
	stranger, k := h.stranger(), h.child(2)
	if got := k.heard(); got != "" {
		t.Errorf("a node that is no relay says %q", got)
	}
	stranger.close()
	k.say(append(slices.Clone(submissions), submissions...))
	k.want(3)
	if err := k.refusal(); err == nil || !strings.Contains(err.Error(), errNoExchange.Error()) || k.conn.Open() {
		t.Errorf("a node without exchange says %v", err)
	}
	h.loop.Turn(func() { k.conn.Abort(engine.ReasonEOF) })
	if want := []string{"submissions", "submissions", "gone"}; !slices.Equal(s.heard, want) {
		t.Errorf("clue heard %q, want %q", s.heard, want)
	}
}

func TestNodeHasARole(t *testing.T) {
	if _, err := New(Config{Self: self(1), Metrics: metrics.NewSet()}); err == nil {
		t.Fatal("a node that serves nothing is made")
	}
	n, err := New(Config{Self: self(1), Clue: &service{}, Metrics: metrics.NewSet()})
	if err != nil {
		t.Fatal(err)
	}
	if cfg := n.EngineConfig("link", "127.0.0.1:0"); cfg.OutboxBytesMax < 2*wire.FrameBytesMax || cfg.InputBytesMax < wire.BatchBytesMax {
		t.Fatalf("%+v is too narrow for a child", cfg)
	}
}
