package chat

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"golang.org/x/sys/unix"

	"uproar/core/account"
	"uproar/core/chat"
	"uproar/core/clue"
	"uproar/edge/engine"
	"uproar/proto/ws"
)

// hall is a hub on one detached loop, with members on socket pairs.
type hall struct {
	t    testing.TB
	hub  *Hub
	loop *engine.Detached
	said []clue.Submission
	err  error // what Submit answers

	ask   bool // Admit answers later
	asked []clue.Admission
	next  []clue.Admitted // of Admit; while there are some, no answer but the last holds
	buf   []byte
}

func (h *hall) Submit(s clue.Submission) error {
	h.said = append(h.said, s)
	return h.err
}

func (h *hall) MayLogin(login string) bool { return login != "hasty" }

func (h *hall) MayJoin(string) bool { return true }

func (h *hall) Admit(a clue.Admission) (as []clue.Admitted, known bool) {
	if h.ask {
		h.asked = append(h.asked, a)
		return nil, false
	}
	as = admitAll(a)
	if len(h.next) > 0 {
		as[0] = h.next[0]
		as[0].User, as[0].Again = a.User, a.Again
		h.next = h.next[1:]
	}
	return as, true
}

func (h *hall) Holds(*clue.Admitted) bool { return len(h.next) == 0 }

func admitAll(a clue.Admission) (as []clue.Admitted) {
	for _, room := range a.Rooms {
		as = append(as, clue.Admitted{Room: room, User: a.User, Roles: chat.RolesIn(room, a.User), Again: a.Again})
	}
	return as
}

func newHall(t testing.TB, cfg engine.Config) *hall {
	t.Helper()
	return newHallWith(t, cfg, func(*Config) {})
}

func newHallWith(t testing.TB, cfg engine.Config, change func(*Config)) *hall {
	t.Helper()
	h := &hall{t: t, buf: make([]byte, 1<<20)}
	config := Config{
		ServerName: "tmi.twitch.tv", RegisterTimeout: time.Hour, PingInterval: time.Hour, PingTimeout: time.Hour,
		MembershipWindow: time.Hour, AnswerTimeout: time.Hour, Auth: account.Open{}, Clue: h, Metrics: metrics.NewSet(),
	}
	change(&config)
	h.hub = New(config)
	cfg.NewLoop = h.hub.NewLoop
	d, err := engine.NewDetached(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Stop)
	h.loop = d
	h.hub.Attach(d)
	loopOf(d.Loop).flushes.turnMax = time.Hour // a machine with other work must not decide what a turn does
	return h
}

// plainSession is a session whose transport is left out.
type plainSession struct{ Session }

func (p *plainSession) Data(_ *engine.Conn, in []byte) int {
	used := p.Feed(in, false)
	p.Flush()
	return used
}

// guest is a member and the other end of its socket.
type guest struct {
	*plainSession
	hall *hall
	peer int
}

func (h *hall) guest(wire Wire, lines string) *guest {
	h.t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = unix.Close(fds[1]) })
	s := &plainSession{}
	c := h.loop.Accept(fds[0], func(c *engine.Conn) engine.Handler {
		s.Start(c, wire)
		return s
	})
	h.loop.Turn(func() { s.Data(c, []byte(lines)) })
	return &guest{s, h, fds[1]}
}

// read returns what has come to the member since the last read. It allocates nothing.
func (g *guest) read() []byte {
	n, err := unix.Read(g.peer, g.hall.buf)
	if err != nil && err != unix.EAGAIN {
		g.hall.t.Fatal(err)
	}
	return g.hall.buf[:max(n, 0)]
}

func (g *guest) do(lines string) string {
	g.hall.loop.Turn(func() { g.Data(g.conn, []byte(lines)) })
	return string(g.read())
}

// accept delivers lines as clue and the exchange would.
func (h *hall) accept(lines ...chat.Event) {
	h.hub.Deliver("room", lines)
	h.loop.Turn(func() {})
}

func message(from *guest, text string) *chat.Message {
	m := &chat.Message{
		Place: chat.Place{Room: "room", RoomID: "1", Seq: 1, Time: time.UnixMilli(1700000000000)},
		ID:    "00000000-0000-4000-8000-000000000000", Text: text,
		User: &chat.User{ID: "7", Login: "ann", Display: "Ann", Color: "#112233"},
	}
	if from != nil {
		m.User = from.user
		m.Origin = from.origin()
	}
	return m
}

const withTags = "CAP REQ :twitch.tv/tags twitch.tv/commands\r\n"

func (h *hall) member(wire Wire, caps, nick string) *guest {
	g := h.guest(wire, caps+"PASS oauth:x\r\nNICK "+nick+"\r\nJOIN #room\r\n")
	g.read()
	return g
}

func TestEveryVariantReadsTheSameLine(t *testing.T) {
	h := newHall(t, engine.Config{})
	const plain = ":ann!ann@ann.tmi.twitch.tv PRIVMSG #room :hello\r\n"
	const tags = "@badge-info=;badges=;color=#112233;display-name=Ann;emotes=;first-msg=0;flags=;" +
		"id=00000000-0000-4000-8000-000000000000;mod=0;returning-chatter=0;room-id=1;subscriber=0;" +
		"tmi-sent-ts=1700000000000;turbo=0;user-id=7;user-type= "
	bare := strings.TrimSuffix(plain, "\r\n")
	for _, tc := range []struct {
		wire Wire
		caps string
		want string
	}{
		{WireTCP, "", plain},
		{WireTCP, withTags, tags + plain},
		{WireIRC, "", string(ws.AppendFrame(nil, ws.OpText, plain))},
		{WireIRC, withTags, string(ws.AppendFrame(nil, ws.OpText, tags+plain))},
		{WireText, "", string(ws.AppendFrame(nil, ws.OpText, bare))},
		{WireBinary, withTags, string(ws.AppendFrame(nil, ws.OpBinary, tags+bare))},
	} {
		g := h.member(tc.wire, tc.caps, "bob")
		h.accept(message(nil, "hello"))
		if got := string(g.read()); got != tc.want {
			t.Errorf("wire %d caps %q:\ngot  %q\nwant %q", tc.wire, tc.caps, got, tc.want)
		}
	}
}

func TestSenderIsSkippedWhereItSpokeAndNowhereElse(t *testing.T) {
	h := newHall(t, engine.Config{})
	speaker := h.member(WireIRC, "", "ann")
	reader := h.member(WireTCP, "", "ann") // another connection of the same account
	h.accept(message(nil, "one"), message(speaker, "two"), message(nil, "three"), message(speaker, "four"))
	count := func(g *guest) (texts []string) {
		got := string(g.read())
		for _, text := range []string{"one", "two", "three", "four"} {
			if strings.Contains(got, ":"+text+"\r\n") {
				texts = append(texts, text)
			}
		}
		return texts
	}
	if got := fmt.Sprint(count(speaker)); got != "[one three]" {
		t.Errorf("speaker read %v", got)
	}
	if got := fmt.Sprint(count(reader)); got != "[one two three four]" {
		t.Errorf("its other connection read %v", got)
	}
}

// crowd delivers so many lines at once that the room is paced from now on.
func (h *hall) crowd(g *guest) {
	h.t.Helper()
	many := make([]chat.Event, 1000)
	for i := range many {
		many[i] = message(nil, "crowd")
	}
	r := loopOf(h.loop.Loop).rooms["room"]
	for deadline := time.Now().Add(5 * time.Second); time.Until(r.notBefore) <= relaxedDelayMax; {
		h.accept(many...)
		for g.conn.Blocked() {
			g.read()
			h.loop.Turn(func() {})
		}
		g.read()
		if time.Now().After(deadline) {
			h.t.Fatal("a room that gets 1,000 lines at a time is not paced")
		}
	}
}

func TestRoomIsPromptWhileItsLoopHasTime(t *testing.T) {
	h := newHall(t, engine.Config{})
	h.hub.cfg.FanoutDuty, h.hub.cfg.FanoutDelayMax = 1e9, time.Hour
	g := h.member(WireTCP, "", "bob")
	r := loopOf(h.loop.Loop).rooms["room"]
	for i := range 5 {
		time.Sleep(5 * relaxedDelayMax) // of which a line takes microseconds
		h.accept(message(nil, "line"))
		if got := string(g.read()); strings.Count(got, "PRIVMSG") != 1 {
			t.Fatalf("line %d: read %q", i, got)
		}
		if wait := time.Until(r.notBefore); wait > relaxedDelayMax {
			t.Fatalf("the next line waits %v", wait)
		}
	}
}

func TestBusyRoomWaits(t *testing.T) {
	h := newHall(t, engine.Config{})
	g := h.member(WireTCP, "", "bob")
	h.hub.cfg.FanoutDuty, h.hub.cfg.FanoutDelayMax = 1e9, 400*time.Millisecond
	h.crowd(g)
	h.accept(message(nil, "second"))
	h.accept(message(nil, "third"))
	if got := string(g.read()); got != "" {
		t.Fatalf("read %q before its time", got)
	}
	var got string
	for deadline := time.Now().Add(5 * time.Second); got == "" && time.Now().Before(deadline); {
		h.loop.Turn(func() {}) // the wheel moves with the clock
		got = string(g.read())
	}
	if strings.Count(got, "PRIVMSG") != 2 {
		t.Fatalf("read %q, want both lines in one flush", got)
	}
}

func TestSlowMemberIsToldOfGap(t *testing.T) {
	h := newHall(t, engine.Config{OutboxBytesMax: 4096})
	slow := h.member(WireTCP, withTags, "slow")
	other := h.member(WireTCP, "", "other")
	text := strings.Repeat("x", 400)
	sent := 0
	for slow.seats[0].missed == 0 {
		h.accept(message(nil, text))
		sent++
		if got := other.read(); bytes.Count(got, []byte("PRIVMSG")) != 1 {
			t.Fatalf("the other member read %q of line %d", got, sent)
		}
	}
	h.accept(message(nil, text))
	sent++
	missed := int(slow.seats[0].missed)
	var got strings.Builder
	for deadline := time.Now().Add(5 * time.Second); !strings.Contains(got.String(), gapMsgID); {
		got.Write(slow.read())
		h.loop.Turn(func() {}) // the watcher's word comes by the mailbox
		if time.Now().After(deadline) {
			t.Fatalf("never told; read %d bytes", got.Len())
		}
	}
	if read := strings.Count(got.String(), "PRIVMSG"); read+missed != sent {
		t.Errorf("read %d and missed %d of %d lines", read, missed, sent)
	}
	want := fmt.Sprintf("@msg-id=uproar_gap :tmi.twitch.tv NOTICE #room :%d lines of this room did not reach you", missed)
	if !strings.Contains(got.String(), want) {
		t.Errorf("not told as %q", want)
	}
	h.accept(message(nil, "back"))
	if !strings.Contains(string(slow.read()), ":back\r\n") {
		t.Error("did not come back")
	}
}

func TestMembersLearnOfLinesThatTheirLoopCouldNotTake(t *testing.T) {
	h := newHall(t, engine.Config{MailboxMax: 2})
	g := h.member(WireTCP, withTags, "bob")
	one := []chat.Event{message(nil, "kept")}
	for range 5 {
		h.hub.Deliver("room", one)
	}
	h.loop.Turn(func() {})
	got := string(g.read())
	if strings.Count(got, "PRIVMSG") != 2 || !strings.Contains(got, "NOTICE #room :3 lines") {
		t.Fatalf("read %q", got)
	}
	h.hub.Deliver("room", one)
	h.loop.Turn(func() {})
	if got := string(g.read()); strings.Count(got, "PRIVMSG") != 1 || strings.Contains(got, "NOTICE") {
		t.Fatalf("afterwards read %q", got)
	}
}

func TestWaitingLinesAreBounded(t *testing.T) {
	h := newHall(t, engine.Config{})
	h.hub.cfg.FanoutDuty, h.hub.cfg.FanoutDelayMax = 1e9, time.Hour
	g := h.member(WireTCP, withTags, "bob")
	h.crowd(g)
	many := make([]chat.Event, 1000)
	for i := range many {
		many[i] = message(nil, "x")
	}
	for range 5 {
		h.accept(many...)
	}
	r := loopOf(h.loop.Loop).rooms["room"]
	if len(r.pending) != pendingMax || r.untold != 5000-pendingMax {
		t.Fatalf("%d events wait, %d are untold", len(r.pending), r.untold)
	}
	r.pending = r.pending[:1]
	h.loop.Turn(r.flush)
	got := string(g.read())
	if !strings.Contains(got, "NOTICE #room :904 lines") || strings.Index(got, "PRIVMSG") > strings.Index(got, "NOTICE") {
		t.Fatalf("read %q", got)
	}
}

func TestLastMemberTakesTheRoomAway(t *testing.T) {
	h := newHall(t, engine.Config{})
	a, b, c := h.member(WireTCP, "", "a"), h.member(WireTCP, "", "b"), h.member(WireIRC, "", "c")
	a.do("PART #room\r\n")
	h.accept(message(nil, "still"))
	if !strings.Contains(string(b.read()), "still") || !strings.Contains(string(c.read()), "still") {
		t.Fatal("a member that stayed missed a line")
	}
	if got := string(a.read()); got != "" {
		t.Fatalf("who left read %q", got)
	}
	h.loop.Turn(func() { b.conn.Abort(engine.ReasonQuit); c.conn.Abort(engine.ReasonQuit) })
	if n := len(loopOf(h.loop.Loop).rooms); n != 0 {
		t.Fatalf("%d rooms stay", n)
	}
	if rooms := h.hub.index.stripe("room").mu.rooms; len(rooms) != 0 {
		t.Fatalf("the index keeps %v", rooms)
	}
}

func BenchmarkFanout(b *testing.B) {
	for _, members := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("members=%d", members), func(b *testing.B) {
			h := newHall(b, engine.Config{})
			var guests []*guest
			for range members {
				guests = append(guests, h.member(WireIRC, "", "bob"))
			}
			lines := []chat.Event{message(nil, strings.Repeat("x", 60))}
			r := loopOf(h.loop.Loop).rooms["room"]
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				h.loop.Turn(func() { r.add(lines) })
				if i%64 == 0 { // the sockets must not fill
					b.StopTimer()
					for _, g := range guests {
						g.read()
					}
					b.StartTimer()
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*members), "ns/delivery")
		})
	}
}
