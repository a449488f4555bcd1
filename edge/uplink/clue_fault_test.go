package uplink

import (
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/chat"
	"uproar/core/clue"
	wire "uproar/proto/link"
)

func TestProcessThatHangsSaysNothingWhenItWakes(t *testing.T) {
	c := sit(t, easy(memory(t)))
	g := gateTo(t, c.addr)
	a := askerOf(t, func(cfg *ClueConfig) { cfg.AnswerTimeout = 300 * time.Millisecond }, g.addr).linked()
	a.mustSay(0, "room", "on time")
	if d := a.told(0); d.Outcome != clue.Accepted {
		t.Skipf("this machine is too slow: %+v", d)
	}
	g.freeze()
	const n = 100
	for i := range uint32(n) {
		a.mustSay(1+i, "room", "held up")
	}
	if _, known := a.Admit(clue.Admission{User: annOf, Rooms: []string{"room"}}); known {
		t.Error("answered at once")
	}
	eventually(t, "all are given up", func() bool { return a.meters.timeouts.Get() == n+1 })
	g.thaw()
	eventually(t, "clue has seen them", func() bool { return c.counter(`uproar_link_clue_refused_total{reason="late"}`) == n+1 })
	eventually(t, "their answers are dropped", func() bool { return a.meters.stray.Get() == n+1 })
	if c.pub.said() != 1 || a.underWay() != 0 {
		t.Errorf("%d lines are said, %d under way", c.pub.said(), a.underWay())
	}
	a.once(1)
}

func TestHangingProcessHasABoundOfWhatIsAskedOfIt(t *testing.T) {
	f := listen(t)
	a := askerOf(t, nil, f.addr())
	f.trusted() // and reads nothing
	a.linked()
	text := strings.Repeat("x", 400) // more than the link takes
	n := 0
	for ; n < 2*underWayMax; n++ {
		if a.says(uint32(n), "room", text) != nil {
			break
		}
	}
	if n < underWayMax && a.meters.refused.Get() == 0 || n > 2*underWayMax-1 {
		t.Fatalf("%d lines are taken", n)
	}
	if a.says(0, "room", "/slow") != clue.ErrBusy && a.underWay() > underWayMax {
		t.Errorf("%d are under way", a.underWay())
	}
	a.stop()
	if got := a.once(n); got[clue.Rejected] != n {
		t.Errorf("%v", got)
	}
}

func TestWithoutAProcessOnlyReadersAreLetIn(t *testing.T) {
	f := listen(t)
	_ = f.listen.Close()
	reader := &chat.User{ID: "1", Login: "justinfan1", Display: "justinfan1", Anonymous: true}
	for _, created := range []bool{false, true} {
		a := askerOf(t, func(c *ClueConfig) { c.RoomsCreated = created }, f.addr())
		if err := a.says(1, "room", "hello"); err != clue.ErrBusy {
			t.Errorf("said: %v", err)
		}
		for u, in := range map[*chat.User]bool{annOf: false, reader: !created} {
			as, known := a.Admit(clue.Admission{User: u, Rooms: []string{"one", "two"}, Again: true})
			if !known || len(as) != 2 || as[1].Room != "two" || !as[1].NoModes || !as[1].Again || (as[1].Rejection == nil) != in {
				t.Errorf("%s, rooms are created: %v: %+v", u.Login, created, as)
			}
		}
		if n := a.meters.refused.Get(); n != 3 {
			t.Errorf("%d are refused", n)
		}
	}
}

func TestProcessThatIsNotOfTheFleetIsNotAsked(t *testing.T) {
	c := sit(t, easy(memory(t)))
	other := listen(t)
	go func() {
		for {
			conn, err := other.listen.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("\xf5UPL\x00\x07"))
			_ = conn.Close()
		}
	}()
	for name, test := range map[string]struct {
		addr   string
		change func(*ClueConfig)
		cause  Cause
	}{
		"secret":  {c.addr, func(cfg *ClueConfig) { cfg.Secret = []byte("guess") }, CauseRejected},
		"fleet":   {c.addr, func(cfg *ClueConfig) { cfg.Self.Env = "other" }, CauseRejected},
		"version": {other.addr(), nil, CauseProtocol},
	} {
		a := askerOf(t, test.change, test.addr)
		eventually(t, name+": it is refused", func() bool { return a.processes[0].peer.meters.downs[test.cause].Get() > 0 })
		if err := a.says(1, "room", "hello"); err != clue.ErrBusy {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFramesThatMakeNoSenseEndTheLinkAndAnswerWhatWaits(t *testing.T) {
	for name, frame := range map[string][]byte{
		"too long":     {0, 255, 0, 0, byte(wire.KindDecisions)},
		"cut short":    {0, 0, 0, 6, byte(wire.KindDecisions), 0, 0, 0, 9, 1},
		"half answer":  {0, 0, 0, 6, byte(wire.KindAnswers), 0, 0, 0, 1, 1},
		"not for this": payload("x"),
	} {
		f := listen(t)
		a := askerOf(t, nil, f.addr())
		c := f.trusted()
		a.linked()
		a.mustSay(0, "room", "hello")
		c.submissions(t)
		if _, err := c.Write(frame); err != nil {
			t.Fatal(err)
		}
		if got := a.once(1); got[clue.Rejected] != 1 || a.processes[0].peer.meters.downs[CauseProtocol].Get() != 1 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestAnswersThatCannotBeReadAreAnswersAllTheSame(t *testing.T) {
	f := listen(t)
	a := askerOf(t, nil, f.addr())
	c := f.trusted()
	a.linked()
	for i := range uint32(3) {
		a.mustSay(i, "room", "hello")
	}
	var ws []wire.Submission
	for len(ws) < 3 {
		ws = append(ws, c.submissions(t)...)
	}
	c.decide(t,
		wire.Decision{Ticket: ws[0].Ticket, Origin: ws[0].Origin, Outcome: wire.Accepted, Events: "no part"},
		wire.Decision{Ticket: ws[1].Ticket, Origin: ws[1].Origin, Outcome: wire.Rejected, Notice: wire.Notice{MsgID: "x", Text: "one\r\ntwo"}},
		wire.Decision{Ticket: ws[2].Ticket, Origin: ws[2].Origin, Outcome: wire.Told, Events: "\x00\x00"},
	)
	if d := a.told(0); d.Outcome != clue.Accepted || d.Message == nil || d.Message.User != annOf || d.Message.Nonce != "nonce" {
		t.Errorf("%+v", d)
	}
	if d := a.told(1); d.Outcome != clue.Rejected || d.Rejection != chat.RejectUnavailable {
		t.Errorf("%+v", d)
	}
	if d := a.told(2); d.Outcome != clue.Told || len(d.Events) != 0 {
		t.Errorf("%+v", d)
	}
	q := clue.Admission{User: annOf, Rooms: []string{"one", "two"}, Ticket: 7, Origin: chat.Origin{Conn: 3}}
	if _, known := a.Admit(q); known {
		t.Fatal("answered at once")
	}
	answer, err := wire.AppendAnswers(nil, []wire.Answer{{Ticket: c.admissions(t)[0].Ticket, Origin: 3, Verdicts: make([]wire.Verdict, 1)}})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = c.Write(answer)
	eventually(t, "the admission is answered", func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return len(a.mu.answers[7]) == 2 && a.mu.answers[7][1].Rejection == clue.RejectEntry
	})
	if n := a.meters.damaged.Get(); n != 3 {
		t.Errorf("%d are damaged", n)
	}
}

// frame waits for a frame of a kind.
func (c *farConn) frame(t *testing.T, k wire.Kind) []byte {
	t.Helper()
	for {
		f, err := c.in.next()
		if err != nil {
			t.Fatal(err)
		}
		if f.Kind == k {
			return f.Body
		}
	}
}

func (c *farConn) submissions(t *testing.T) []wire.Submission {
	t.Helper()
	ss, err := wire.ParseSubmissions(nil, c.frame(t, wire.KindSubmissions))
	if err != nil || len(ss) == 0 {
		t.Fatal(ss, err)
	}
	return ss
}

func (c *farConn) admissions(t *testing.T) []wire.Admission {
	t.Helper()
	as, err := wire.ParseAdmissions(nil, c.frame(t, wire.KindAdmissions))
	if err != nil || len(as) == 0 {
		t.Fatal(as, err)
	}
	return as
}

func (c *farConn) decide(t *testing.T, ds ...wire.Decision) {
	t.Helper()
	frames, err := wire.AppendDecisions(nil, ds)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(frames); err != nil {
		t.Fatal(err)
	}
}

func TestClueNeedsProcesses(t *testing.T) {
	for _, addrs := range [][]string{nil, {"a:1", "a:1"}, {""}} {
		if _, err := NewClue(ClueConfig{
			Addrs: addrs, Self: self(wire.RoleEdge, 1), Gate: clue.NewGate(clue.Config{}), Replier: &asker{}, Admitter: &asker{},
			AnswerTimeout: 1, Log: quiet, Metrics: metrics.NewSet(),
		}); err == nil {
			t.Errorf("made with %q", addrs)
		}
	}
}
