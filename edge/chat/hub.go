// Package chat is the chat port: IRC sessions over TCP and WebSocket, the rooms that
// they are in, and the fan-out of lines to them.
//
// # Threads and ownership
//
// A Session, a room and everything that they hold belong to one event loop, as the
// connections do; a room that has members on several loops exists once on each. Four
// things are shared: the Hub's configuration, which does not change; the index, which
// knows the loops that have members of a room, and has locks that are held for map
// operations alone, the longest a comparison of 2,000 names; the last events (recent.go), under
// one lock; and messages, which nobody modifies. A loop is handed lines and
// decisions through its mailbox.
//
// # A line's path here
//
// Session.say hands a line to clue and returns. Clue answers the sender through
// Hub.Decided, and accepted lines come back by the exchange through Hub.Deliver, which
// mails them to every loop that has a member. There room.add collects them and
// room.flush writes them (fanout.go).
//
// # A member's way into a room
//
// Session.join asks clue, arrive.go waits until the room's lines come to this process and
// for what a client that comes back has missed, Session.sitDown takes the seat, and
// resume.go sends what was missed.
package chat

import (
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/account"
	"uproar/core/chat"
	"uproar/core/clue"
	"uproar/core/trace"
	"uproar/edge/engine"
	"uproar/proto/ws"
)

// Config is what a Hub needs. The limits may be zero, which turns them off.
type Config struct {
	EdgeID     uint64 // of this process: a random number, or 0 where it is alone
	ServerName string // the name that clients know the server by; libraries insist on "tmi.twitch.tv"

	RegisterTimeout  time.Duration // from the first byte to a registered session
	PingInterval     time.Duration // silence after which a client is asked whether it lives
	PingTimeout      time.Duration // silence after that PING before the session is closed
	MembershipWindow time.Duration // JOIN and PART of others are told once in this time

	RoomsMax int // rooms of one connection at a time

	AnswerTimeout time.Duration // after which the edge answers what clue has not

	// Pacing, see room.pace: how many times as long as its last flush took a room waits
	// for the next, and the most that it waits when its loop is crowded.
	FanoutDuty     float64
	FanoutDelayMax time.Duration

	Auth    account.Authenticator
	Clue    Clue
	Metrics *metrics.Set

	// Where lines come from other processes, else nil.
	Interest Interest
	History  History
	Presence Presence

	Trace *trace.Recorder // nil: off
}

// Clue decides. It never blocks.
type Clue interface {
	// Submit takes a line to be decided; the answer comes to Hub.Decided.
	Submit(clue.Submission) error
	// MayLogin reports whether an account may log in once more now. Anonymous readers are
	// not asked about, here and below.
	MayLogin(login string) bool
	// MayJoin reports whether an account may join one more room now: Twitch does not
	// limit anonymous readers either.
	MayJoin(login string) bool
	// Admit asks to let somebody into rooms. What is known is answered at once; else the
	// answer comes to Hub.Admitted.
	Admit(clue.Admission) (as []clue.Admitted, known bool)
	// Holds reports whether an answer of Admit is still true.
	Holds(*clue.Admitted) bool
}

// Hub is what all sessions of a process share. Its methods may be called from any
// goroutine.
type Hub struct {
	cfg    Config
	engine interface{ Loops() []*engine.Loop }
	text   texts
	index  index
	meters meters

	recent    *recent
	historian *historian

	partMembersMax int // the constant, but in tests
}

// New makes a Hub. Attach comes before the first connection.
func New(cfg Config) *Hub {
	h := &Hub{cfg: cfg, text: newTexts(cfg.ServerName), recent: newRecent(recentEventsMax, recentBytesMax), partMembersMax: partMembersMax}
	h.meters = newMeters(cfg.Metrics, h.recent)
	h.historian = newHistorian(cfg.History)
	h.index.init(&h.cfg, h.recent)
	return h
}

// Attach tells the Hub where its sessions live: an engine.Engine.
func (h *Hub) Attach(e interface{ Loops() []*engine.Loop }) { h.engine = e }

// NewLoop makes the state of chat on a loop, for engine.Config.NewLoop.
func (h *Hub) NewLoop(l *engine.Loop) any {
	own := &loop{Loop: l, hub: h, rooms: map[string]*room{}, logins: map[string][]*Session{}}
	own.flushes.loop, own.flushes.turnMax = own, turnMax
	own.waits.loop = own
	own.waits.timer.Owner = &own.waits
	return own
}

// loop is the state of chat on one event loop.
type loop struct {
	*engine.Loop
	hub    *Hub
	rooms  map[string]*room      // one part of each, which knows the others
	logins map[string][]*Session // registered sessions that are not anonymous
	waits  waits

	flushes flushes

	line  parsedLine // reused for every line
	out   []byte     // replies of the session whose turn it is; see reply.go
	batch batch      // reused for every flush

	compressor *ws.Compressor // nil until there is something to compress
}

func loopOf(l *engine.Loop) *loop { return l.State.(*loop) }

// Line is the line with an id among the last of a room, or nil: who may delete it, or reply
// to it, has seen it here, wherever it was decided. Any goroutine may call it.
func (h *Hub) Line(room, id string) *chat.Message { return h.index.recent.line(room, id) }

// Viewers is how many connections are in a room, on all edges.
func (h *Hub) Viewers(room string) int { return h.index.viewers(room) }

// Admitted takes clue's answers to one Admission to its session's loop. Clue bounds how
// many are under way.
func (h *Hub) Admitted(a *clue.Admission, as []clue.Admitted) {
	for _, l := range h.engine.Loops() {
		if l.Index == engine.Handle(a.Origin.Conn).Loop() {
			l.PostAlways(admittedTask{a.Origin, a.Ticket, as})
		}
	}
}

type admittedTask struct {
	origin chat.Origin
	ticket uint32
	as     []clue.Admitted
}

func (t admittedTask) Run(l *engine.Loop) {
	if !loopOf(l).waits.answered(t.ticket) {
		return
	}
	c := l.Conn(engine.Handle(t.origin.Conn))
	if c == nil || !c.Open() {
		return // has left
	}
	s := sessionOf(c)
	s.admitted(t.as)
	s.Flush()
}

// Whisper takes a line to all connections of one user.
func (h *Hub) Whisper(to string, w *chat.Whisper) {
	for _, l := range h.engine.Loops() {
		if !l.Post(whisperTask{to, w}, 1) {
			h.meters.whispersLost.Inc()
		}
	}
}

// Notify tells all connections of some users that are in a room something about it. It
// keeps the logins.
func (h *Hub) Notify(logins []string, room string, n chat.Notice) {
	for _, l := range h.engine.Loops() {
		if !l.Post(notifyTask{logins, room, n}, 1) {
			h.meters.whispersLost.Inc()
		}
	}
}

type notifyTask struct {
	to     []string
	room   string
	notice chat.Notice
}

func (t notifyTask) Run(l *engine.Loop) {
	for _, login := range t.to {
		for _, s := range loopOf(l).logins[login] {
			if s.seatIn([]byte(t.room)) >= 0 {
				s.notice(t.room, &t.notice)
				s.Flush()
			}
		}
	}
}

type whisperTask struct {
	to      string
	whisper *chat.Whisper
}

func (t whisperTask) Run(l *engine.Loop) {
	own := loopOf(l)
	for _, s := range own.logins[t.to] {
		if s.caps&capCommands != 0 {
			own.out = appendWhisper(own.out, t.whisper, t.to, s.caps, &own.hub.text)
			s.Flush()
		}
	}
}

// Decided takes clue's answers and mails them to the senders' loops. Clue bounds how
// many are under way.
func (h *Hub) Decided(ds []clue.Decision) {
	for _, l := range h.engine.Loops() {
		var mine decisions
		for i := range ds {
			if engine.Handle(ds[i].Origin.Conn).Loop() == l.Index {
				mine = append(mine, ds[i])
			}
		}
		if len(mine) > 0 {
			l.PostAlways(mine)
		}
	}
}

// decisions are answers to senders on one loop.
type decisions []clue.Decision

func (ds decisions) Run(l *engine.Loop) {
	var s *Session
	waits := &loopOf(l).waits
	for i := range ds {
		inTime := waits.answered(ds[i].Ticket)
		c := l.Conn(engine.Handle(ds[i].Origin.Conn))
		if !inTime || c == nil {
			continue // has been answered, or has left
		}
		if next := sessionOf(c); next != s {
			if s != nil {
				s.Flush()
			}
			s = next
		}
		s.answer(&ds[i])
	}
	if s != nil {
		s.Flush()
	}
}
