package link

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"uproar/core/chat"
	"uproar/core/clue"
	"uproar/core/exchange"
	"uproar/edge/engine"
	wire "uproar/proto/link"
)

func TestLinesOfAChildAreDecided(t *testing.T) {
	k := realCourt(t).child(2)
	command := said(3, "/slow 10")
	command.User = wire.User{ID: "8", Login: "room", Display: "Room"}
	k.submit(said(1, "hello"), said(2, "/nosuch"), command, said(4, " "))
	ds, _ := k.told(4)
	for _, d := range ds {
		got := fmt.Sprint(d.Outcome, " ", d.Notice.MsgID)
		want := map[uint32]string{1: "1 ", 2: "2 unrecognized_cmd", 3: "4 ", 4: "3 "}[d.Ticket]
		if got != want || d.Origin != 1<<40 {
			t.Errorf("ticket %d: %s, want %s", d.Ticket, got, want)
		}
		var events []chat.Event
		for part, err := range exchange.Parts([]byte(d.Events)) {
			if err == nil {
				events, err = part.Decode("room")
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		switch d.Ticket {
		case 1:
			m, ok := events[0].(*chat.Message)
			if !ok || m.ID == "" || m.Text != "hello" || m.User.Login != "ann" || m.Nonce != "n" || m.Origin != (chat.Origin{Edge: 2, Conn: 1 << 40}) {
				t.Errorf("%+v", m)
			}
		case 3:
			if c, ok := events[0].(*chat.ModeChange); !ok || c.Modes.Slow != 10*time.Second {
				t.Errorf("%+v", events)
			}
		}
	}
}

func TestRoomsAreEnteredInTheOrderAsked(t *testing.T) {
	k := realCourt(t).child(2)
	bob := wire.User{Login: "justinfan5", ID: "5", Anonymous: true}
	var as []wire.Admission
	for i := range uint32(50) {
		as = append(as, wire.Admission{
			Ticket: i, Origin: 9, Left: time.Second, Behind: i > 0, Again: i%2 > 0, User: bob, Rooms: []string{fmt.Sprint("room", i), "other"},
		})
	}
	k.admit(as...)
	_, vs := k.told(len(as))
	for i, v := range vs {
		if v.Ticket != uint32(i) || v.Origin != 9 || v.Again != as[i].Again || len(v.Verdicts) != 2 || v.Verdicts[0].Refused || v.Verdicts[0].NoModes {
			t.Fatalf("answer %d: %+v", i, v)
		}
	}
}

func TestEntriesThatNoEdgeSendsAreRefusedAlone(t *testing.T) {
	h := realCourt(t)
	k := h.child(2)
	long := strings.Repeat("x", 100)
	bad := map[string]func(*wire.Submission){
		"room":    func(s *wire.Submission) { s.Room = "*" },
		"nobody":  func(s *wire.Submission) { s.User.Login = "" },
		"login":   func(s *wire.Submission) { s.User.Login = "Ann" },
		"display": func(s *wire.Submission) { s.User.Display = "Ann\r\nQUIT" },
		"colour":  func(s *wire.Submission) { s.User.Color = long },
		"id":      func(s *wire.Submission) { s.User.ID = "\xff" },
		"text":    func(s *wire.Submission) { s.Text = "one\ntwo" },
		"bytes":   func(s *wire.Submission) { s.Text = "\xff" },
		"nonce":   func(s *wire.Submission) { s.Nonce = long },
		"reply":   func(s *wire.Submission) { s.ReplyTo = long },
	}
	var ss []wire.Submission
	for name, spoil := range bad {
		s := said(uint32(len(ss)), name)
		spoil(&s)
		ss = append(ss, s)
	}
	k.submit(append(ss, said(99, "fine"))...)
	ds, _ := k.told(len(ss) + 1)
	for _, d := range ds {
		if want := map[bool]wire.Outcome{true: wire.Accepted, false: wire.Rejected}[d.Ticket == 99]; d.Outcome != want {
			t.Errorf("%s: %+v", ss[min(int(d.Ticket), len(ss)-1)].Text, d)
		}
	}
	k.admit(wire.Admission{Ticket: 1, Left: time.Second, User: ann, Rooms: []string{"fine", "no room"}})
	if _, vs := k.told(1); !vs[0].Verdicts[0].Refused || !vs[0].Verdicts[1].Refused {
		t.Errorf("%+v", vs)
	}
	if n := h.service.meters.invalid.Get(); n != uint64(len(bad)+1) || !k.conn.Open() {
		t.Errorf("%d are counted, open: %v", n, k.conn.Open())
	}
}

func TestBrokenFrameEndsTheLink(t *testing.T) {
	k := realCourt(t).child(2)
	k.say([]byte{0, 0, 0, 6, byte(wire.KindSubmissions), 0, 0, 0, 9, 1})
	if err := k.refusal(); err == nil || k.conn.Open() {
		t.Fatalf("told %v, open: %v", err, k.conn.Open())
	}
}

func TestChildIsToldWhyItsLineWasNotTaken(t *testing.T) {
	for want, err := range map[wire.Outcome]error{wire.Busy: clue.ErrBusy, wire.Stopped: clue.ErrStopped} {
		h := newCourt(t, &oracle{err: err}, engine.Config{})
		k := h.child(2)
		k.submit(said(7, "hello"))
		ds, _ := k.told(1)
		if ds[0].Outcome != want || ds[0].Ticket != 7 || h.service.underWay(2) != 0 {
			t.Errorf("%v: %+v, %d under way", err, ds[0], h.service.underWay(2))
		}
	}
}

// underWay is how much of a process has no answer.
func (c *Clue) underWay(process uint64) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a := c.mu.askers[process]; a != nil {
		return a.underWay
	}
	return 0
}

func TestOneChildHasABoundOfWhatIsUnderWay(t *testing.T) {
	o := &oracle{}
	h := newCourt(t, o, engine.Config{})
	k, other := h.child(2), h.child(3)
	ss := make([]wire.Submission, underWayMax+3)
	for i := range ss {
		ss[i] = said(uint32(i), "hello")
		ss[i].Left = time.Minute // a machine that is busy may take seconds over them
	}
	k.submit(ss...)
	ds, _ := k.told(3)
	for i, d := range ds {
		if d.Outcome != wire.Busy || d.Ticket != uint32(underWayMax+i) {
			t.Fatalf("%+v", d)
		}
	}
	k.admit(wire.Admission{Ticket: 1, Left: time.Second, User: ann, Rooms: []string{"room"}})
	if _, vs := k.told(1); !vs[0].Verdicts[0].Refused {
		t.Fatalf("%+v", vs)
	}
	other.submit(said(1, "hello"))
	o.decide(h.service)
	other.told(1)
	k.told(underWayMax)
	k.submit(ss[0])
	if o.decide(h.service); h.service.underWay(2) != 1 {
		t.Fatalf("%d are under way", h.service.underWay(2))
	}
	k.told(1)
}

func TestLineThatComesTooLateIsNotSaid(t *testing.T) {
	o := &oracle{}
	h := newCourt(t, o, engine.Config{})
	k := h.child(2)
	late := said(1, "hello")
	late.Left = 349 * time.Millisecond
	onTime := said(2, "hello")
	onTime.Sent = time.Hour
	heldUp := said(3, "/ban bob") // sent a second before the other, and come with it
	heldUp.Sent = time.Hour - time.Second
	k.submit(late)
	k.submit(onTime, heldUp)
	ds, _ := k.told(2)
	if ds[0].Notice.Text != chat.RejectUnavailable.Text || ds[1].Notice.Text != chat.RejectUndone.Text || ds[1].Ticket != 3 {
		t.Errorf("%+v", ds)
	}
	if len(o.mu.said) != 1 || o.mu.said[0].Ticket != 2 || h.service.meters.late.Get() != 2 {
		t.Errorf("%+v", o.mu.said)
	}
}

func TestLagIsWhatTookLongerThanTheRest(t *testing.T) {
	var l lag
	for i, step := range []struct{ sent, come, want time.Duration }{
		{5000, 100, 0}, // clocks do not agree
		{5010, 130, 20},
		{5020, 115, 0}, // a shorter way, from now on the measure
		{5030, 125, 0},
		{6000, 3095, 2000 - 1}, // stopped for two seconds; clocks may have run apart by a millisecond
		{8000, 3100, 4},        // before this only
		{3608000, 3603100, 0},  // an hour later
	} {
		if got := l.of(step.sent*time.Millisecond, step.come*time.Millisecond).Round(time.Millisecond); got != step.want*time.Millisecond {
			t.Errorf("step %d: %v, want %v ms", i, got, int64(step.want))
		}
	}
}

func TestChildThatDoesNotReadLosesItsAnswersAlone(t *testing.T) {
	o := &oracle{}
	h := newCourt(t, o, engine.Config{OutboxBytesMax: 8 << 10})
	slow, quick := h.child(2), h.child(3)
	const lines = 1000
	for i := range uint32(lines) {
		slow.submit(said(i, "hello"))
		quick.submit(said(i, "hello"))
		o.decide(h.service)
		if ds, _ := quick.told(1); ds[0].Ticket != i {
			t.Fatalf("%+v", ds)
		}
	}
	if n := h.service.meters.dropped.Get(); n < lines/4 || n > lines-8 || h.service.underWay(2) != 0 {
		t.Fatalf("%d of %d are dropped, %d under way", n, lines, h.service.underWay(2))
	}
	slow.told(lines - int(h.service.meters.dropped.Get()))
	slow.submit(said(1, "hello"))
	o.decide(h.service)
	slow.told(1)
}

func TestNewestConnectionOfAProcessGetsTheAnswers(t *testing.T) {
	o := &oracle{}
	h := newCourt(t, o, engine.Config{})
	first := h.child(2)
	first.submit(said(1, "hello"))
	second := h.child(2)
	second.submit(said(2, "hello"))
	first.submit(said(3, "hello")) // was under way
	o.decide(h.service)
	if ds, _ := second.told(3); ds[0].Ticket != 1 || ds[1].Ticket != 2 || ds[2].Ticket != 3 {
		t.Fatalf("%+v", ds)
	}
	second.submit(said(4, "hello"))
	h.loop.Turn(func() { first.conn.Abort(engine.ReasonError) })
	o.decide(h.service)
	second.told(1)

	third := h.child(2)
	third.submit(said(5, "hello"))
	h.loop.Turn(func() { third.conn.Abort(engine.ReasonError) })
	o.decide(h.service)
	second.submit(said(6, "hello"))
	o.decide(h.service)
	if ds, _ := second.told(1); ds[0].Ticket != 6 {
		t.Fatalf("%+v", ds)
	}
	if n := h.service.meters.dropped.Get(); n != 1 {
		t.Fatalf("%d are dropped", n)
	}
}

func TestNothingIsKeptOfAChildThatHasGone(t *testing.T) {
	o := &oracle{}
	h := newCourt(t, o, engine.Config{})
	k := h.child(2)
	k.submit(said(1, "hello"), said(2, "hello"))
	h.loop.Turn(func() {
		o.decide(h.service) // the answers wait for the loop
		k.conn.Abort(engine.ReasonError)
	})
	k = h.child(2)
	k.submit(said(3, "hello"))
	h.loop.Turn(func() { k.conn.Abort(engine.ReasonError) })
	o.decide(h.service)
	h.service.Decided([]clue.Decision{{Origin: chat.Origin{Edge: 77}}}) // of nobody
	h.loop.Turn(func() {})
	s := h.service
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.mu.askers) != 0 || len(s.mu.lines) != 0 {
		t.Fatalf("%d askers, %d connections", len(s.mu.askers), len(s.mu.lines))
	}
	if n := s.meters.dropped.Get(); n != 4 {
		t.Fatalf("%d are dropped", n)
	}
}

func TestEndWaitsForWhatIsUnderWayAndTakesNothingMore(t *testing.T) {
	o := &oracle{}
	h := newCourt(t, o, engine.Config{})
	k := h.child(2)
	k.submit(said(1, "hello"), said(2, "hello"))
	ended := make(chan struct{})
	go func() {
		h.service.End(t.Context())
		close(ended)
	}()
	for n := uint32(3); ; n++ { // until it is ending
		k.submit(said(n, "hello"))
		h.loop.Turn(func() {})
		if h.service.meters.stopped.Get() > 0 {
			break
		}
	}
	k.admit(wire.Admission{Ticket: 1, Left: time.Second, User: ann, Rooms: []string{"room"}})
	ds, vs := k.told(2)
	if ds[0].Outcome != wire.Stopped || len(vs) != 1 || len(vs[0].Verdicts) != 0 || len(o.mu.asked) != 0 {
		t.Fatalf("%+v, %+v", ds, vs)
	}
	select {
	case <-ended:
		t.Fatal("ended while lines were under way")
	default:
	}
	n := len(o.mu.said)
	o.decide(h.service)
	k.told(n)
	<-ended
}
