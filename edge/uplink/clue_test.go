package uplink

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"uproar/core/chat"
	"uproar/core/clue"
	"uproar/core/store"
	wire "uproar/proto/link"
)

func TestAnswersComeWholeOverTheLink(t *testing.T) {
	c := sit(t, easy(memory(t)))
	a := askerOf(t, nil, c.addr).linked()
	a.mustSay(1, "room", "hello")
	d := a.told(1)
	m := d.Message
	if d.Outcome != clue.Accepted || d.Room != "room" || d.User != annOf || d.Nonce != "nonce" || d.Origin.Conn != 1<<50 || d.Ticket != 1 {
		t.Errorf("%+v", d)
	}
	if m == nil || m.ID == "" || *m.User != *annOf || m.Text != "hello" || m.Nonce != "nonce" || m.Room != "room" ||
		m.Origin != d.Origin || time.Since(m.Time) > time.Minute || m.Epoch != 0 || m.Seq != 0 {
		t.Errorf("%+v", m)
	}
	a.mustSay(2, "room", "/nosuch")
	if d := a.told(2); d.Outcome != clue.Rejected || d.Rejection.MsgID != "unrecognized_cmd" || d.Message != nil {
		t.Errorf("%+v", d)
	}
	a.mustSay(3, "ann", "/slow 10")
	d = a.told(3)
	if d.Outcome != clue.Told || d.Roles&chat.Broadcaster == 0 || len(d.Events) != 1 {
		t.Fatalf("%+v", d)
	}
	if change, ok := d.Events[0].(*chat.ModeChange); !ok || change.Modes.Slow != 10*time.Second || change.Room != "ann" {
		t.Errorf("%+v", d.Events[0])
	}
	a.mustSay(4, "room", " ")
	if d := a.told(4); d.Outcome != clue.Ignored {
		t.Errorf("%+v", d)
	}
}

func TestHeldLineIsToldOverTheLink(t *testing.T) {
	s := memory(t)
	yes, terms := true, []string{"spam"}
	if err := s.Change(t.Context(), store.Key{Kind: store.KindRoom, Room: "room"}, store.Change{HoldTerms: &yes, Terms: &terms}); err != nil {
		t.Fatal(err)
	}
	a := askerOf(t, nil, sit(t, easy(s)).addr).linked()
	a.mustSay(1, "room", "buy spam")
	if d := a.told(1); d.Outcome != clue.Rejected || d.Rejection.MsgID != "msg_rejected" {
		t.Errorf("%+v", d)
	}
}

func TestLongAnswersTravel(t *testing.T) {
	f := listen(t)
	a := askerOf(t, nil, f.addr())
	c := f.trusted()
	a.linked()
	a.mustSay(1, "room", "/mods")
	w := c.submissions(t)[0]
	c.decide(t, wire.Decision{Ticket: w.Ticket, Origin: w.Origin, Outcome: wire.Told, Notice: wire.Notice{MsgID: "room_mods", Text: strings.Repeat("mod, ", 1600)}})
	if d := a.told(1); len(d.Notice.Text) != 8000 {
		t.Errorf("%d bytes", len(d.Notice.Text))
	}
}

func TestRoomsAreEnteredOverTheLink(t *testing.T) {
	s := memory(t)
	c := sit(t, easy(s))
	a := askerOf(t, nil, c.addr).linked()
	a.mustSay(1, "ann", "/emoteonly")
	a.told(1)
	for i := range uint32(40) {
		q := clue.Admission{User: annOf, Rooms: []string{"ann"}, Origin: chat.Origin{Edge: a.cfg.Self.ID, Conn: 5}, Ticket: i, Behind: i > 0, Again: i == 39}
		if as, known := a.Admit(q); known {
			t.Fatalf("answered at once: %+v", as)
		}
	}
	eventually(t, "all are answered", func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return len(a.mu.tickets) == 40
	})
	if !slices.IsSorted(a.mu.tickets) {
		t.Errorf("answered in the order %v", a.mu.tickets)
	}
	first, last := a.mu.answers[0][0], a.mu.answers[39][0]
	if first.Room != "ann" || !first.Modes.EmoteOnly || first.NoModes || first.Rejection != nil || first.Roles&chat.Broadcaster == 0 || first.User != annOf {
		t.Errorf("%+v", first)
	}
	if a.Holds(&first) || !a.Holds(&last) {
		t.Error("an answer holds if it is the second")
	}
}

func TestWhatIsUnderWayIsAnsweredOnceWhenTheLinkDies(t *testing.T) {
	c := sit(t, easy(memory(t)))
	c.pub.hold(true)
	g := gateTo(t, c.addr)
	a := askerOf(t, nil, g.addr).linked()
	const n = 1000
	for i := range uint32(n) {
		a.mustSay(i, "room", fmt.Sprint(i))
	}
	eventually(t, "lines are under way at clue", func() bool { return c.pub.said() == n })
	g.cut()
	if got := a.once(n); got[clue.Rejected] != n {
		t.Fatalf("%v", got)
	}
	a.linked()
	c.pub.hold(false) // decisions of before come now, if at all
	a.mustSay(n, "room", "/nosuch")
	a.mustSay(n+1, "room", "again")
	a.once(n + 2)
	if d := a.told(n + 1); d.Outcome != clue.Accepted || a.meters.lost.Get() != n || a.underWay() != 0 {
		t.Errorf("%+v, %d lost, %d under way", d, a.meters.lost.Get(), a.underWay())
	}
}

func TestAnswersToWhatNobodyWaitsForAreDropped(t *testing.T) {
	f := listen(t)
	a := askerOf(t, nil, f.addr())
	c := f.trusted()
	a.linked()
	a.mustSay(0, "room", "hello")
	w := c.submissions(t)[0]
	answer := wire.Decision{Ticket: w.Ticket, Origin: w.Origin, Outcome: wire.Ignored}
	other := answer
	other.Origin++
	c.decide(t, other, wire.Decision{Ticket: 1 << 31, Outcome: wire.Ignored}, answer, answer)
	a.mustSay(1, "room", "hello")
	w = c.submissions(t)[0]
	c.decide(t, wire.Decision{Ticket: w.Ticket, Origin: w.Origin, Outcome: wire.Busy})
	if got := a.once(2); got[clue.Ignored] != 1 || got[clue.Rejected] != 1 {
		t.Errorf("%v", got)
	}
	if a.meters.stray.Get() != 3 || a.meters.shed.Get() != 1 {
		t.Errorf("%d strays, %d shed", a.meters.stray.Get(), a.meters.shed.Get())
	}
}

func TestLinesOfAProcessThatEndsAreSaidElsewhere(t *testing.T) {
	s := memory(t)
	first, second := sit(t, easy(s)), sit(t, easy(s))
	a := askerOf(t, nil, first.addr, second.addr).linked()
	room := a.roomOf(0)
	const n = 1000
	for i := range uint32(n) {
		if i == n/2 {
			first.stop() // clue alone: it answers what it has, and takes nothing more
		}
		a.mustSay(i, room, fmt.Sprint(i))
	}
	if got := a.once(n); got[clue.Accepted]+got[clue.Rejected] != n || got[clue.Accepted] < n/2 {
		t.Fatalf("%v", got)
	}
	if first.pub.said()+second.pub.said() != a.once(n)[clue.Accepted] || a.meters.rerouted.Get() == 0 {
		t.Errorf("%d and %d are said, %d rerouted", first.pub.said(), second.pub.said(), a.meters.rerouted.Get())
	}
	if a.pick(room) != a.processes[1] {
		t.Error("the process that ends is still asked")
	}
	second.stop()
	a.mustSay(n, room, "to nobody")
	if d := a.told(n); d.Outcome != clue.Rejected || d.Rejection != chat.RejectUnavailable {
		t.Errorf("%+v", d)
	}
	if a.says(n+1, room, "nor this") != clue.ErrBusy {
		t.Error("taken, and no process takes lines")
	}
}

// roomOf is a room of a process.
func (a *asker) roomOf(process int) string {
	for i := 0; ; i++ {
		if room := fmt.Sprint("room", i); a.pick(room) == a.processes[process] {
			return room
		}
	}
}

func TestRoomMovesOnlyWithItsProcess(t *testing.T) {
	s := memory(t)
	var gates []*gate
	var addrs []string
	for range 3 {
		gates = append(gates, gateTo(t, sit(t, easy(s)).addr))
		addrs = append(addrs, gates[len(gates)-1].addr)
	}
	a := askerOf(t, nil, addrs...).linked()
	slices.Reverse(addrs)
	b := askerOf(t, nil, addrs...).linked()
	of := func(a *asker) (at []string) {
		for i := range 300 {
			at = append(at, a.pick(fmt.Sprint("room", i)).peer.Addr())
		}
		return at
	}
	before := of(a)
	if !slices.Equal(before, of(b)) {
		t.Fatal("edges do not agree")
	}
	for _, g := range gates {
		n := 0
		for _, at := range before {
			if at == g.addr {
				n++
			}
		}
		if n < 60 || n > 140 {
			t.Errorf("one of three has %d of 300 rooms", n)
		}
	}
	gates[0].shut()
	eventually(t, "its link is down", func() bool { return !a.processes[0].open.Load() })
	for i, at := range of(a) {
		if at == gates[0].addr || before[i] != gates[0].addr && at != before[i] {
			t.Fatalf("room %d went from %s to %s", i, before[i], at)
		}
	}
	gates[0].open()
	if a.linked(); !slices.Equal(of(a), before) {
		t.Error("rooms have not come back")
	}
}

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
	if _, err := NewClue(ClueConfig{Gate: clue.NewGate(clue.Config{}), Replier: &asker{}, Admitter: &asker{}, AnswerTimeout: 1}); err == nil {
		t.Error("made without an address")
	}
}
