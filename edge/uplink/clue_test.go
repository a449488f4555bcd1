package uplink

import (
	"context"
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

func TestNoLineIsLostWhenAProcessEnds(t *testing.T) {
	s := memory(t)
	first, second := sit(t, easy(s)), sit(t, easy(s))
	a := askerOf(t, nil, first.addr, second.addr).linked()
	room := a.roomOf(0)
	first.pub.hold(true)
	const n = 1000
	for i := range uint32(n) {
		switch i {
		case n / 2: // as a process ends
			eventually(t, "lines are under way", func() bool { return first.pub.said() > 0 })
			ended := background(t, func(context.Context) error {
				first.service.End(t.Context())
				first.stop()
				return nil
			})
			defer ended()
		case 3 * n / 4:
			first.pub.hold(false)
		}
		a.mustSay(i, room, fmt.Sprint(i))
		if i%10 == 9 {
			a.Admit(clue.Admission{User: annOf, Rooms: []string{room}, Ticket: i})
		}
	}
	if got := a.once(n); got[clue.Accepted] != n || first.pub.said()+second.pub.said() != n {
		t.Fatalf("%v: %d and %d are said, %d rerouted", got, first.pub.said(), second.pub.said(), a.meters.rerouted.Get())
	}
	eventually(t, "all are let in", func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return len(a.mu.answers) == n/10
	})
	for ticket, as := range a.mu.answers {
		if as[0].Rejection != nil || as[0].NoModes {
			t.Errorf("admission %d: %+v", ticket, as)
		}
	}
	if a.pick(room) != a.processes[1] {
		t.Error("the process that ends is still asked")
	}
}

func TestWhatNoProcessTakesIsRefused(t *testing.T) {
	s := memory(t)
	first, second := sit(t, easy(s)), sit(t, easy(s))
	a := askerOf(t, nil, first.addr, second.addr).linked()
	first.stop()
	second.stop()
	a.mustSay(0, "room", "to nobody")
	if d := a.told(0); d.Outcome != clue.Rejected || d.Rejection != chat.RejectUnavailable || a.meters.rerouted.Get() != 1 {
		t.Errorf("%+v, %d rerouted", d, a.meters.rerouted.Get())
	}
	if a.says(1, "room", "nor this") != clue.ErrBusy {
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
