package chat

import (
	"cmp"
	"slices"
	"time"

	"uproar/core/chat"
	"uproar/edge/engine"
	"uproar/proto/irc"
)

// Wire is how lines are framed for a client.
type Wire uint8

const (
	WireTCP     Wire = iota // lines end in CRLF
	WireIRC                 // WebSocket text frames; every line ends in CRLF, a frame may hold several
	WireText                // text.ircv3.net: one line per text frame, without CRLF
	WireBinary              // binary.ircv3.net: the same in binary frames
	WireDeflate             // WireIRC for who reads compressed frames: what many read is compressed, if long
)

// Session is one client of chat, whatever its transport, which embeds it. It belongs
// to its connection's loop. An idle session holds nothing but this struct, its seats
// and its user.
type Session struct {
	conn  *engine.Conn
	loop  *loop
	user  *chat.User // nil until registered
	pass  []byte     // what PASS said, until registered
	seats []seat     // the rooms it is in

	arrivals *arrivals // those that it is about to sit down in, or nil

	wire    Wire
	caps    capabilities
	asked   bool     // a PING of ours is unanswered
	joining uint16   // rooms that clue has not yet said it may enter
	again   uint16   // seats about which clue has not yet answered once more
	leaving []string // of those, and of arrivals: rooms that it has already left again
	heard   int64    // ms of the loop's clock: the last input
}

// Start begins the session on a connection that has just opened or upgraded.
func (s *Session) Start(c *engine.Conn, wire Wire) {
	s.conn = c
	s.loop = loopOf(c.Loop())
	s.wire = wire
	s.heard = s.loop.Millis()
	c.SetTimer(s.loop.hub.cfg.RegisterTimeout)
}

// chatSession lets sessionOf find the session in whatever embeds it.
func (s *Session) chatSession() *Session { return s }

// sessionOf is the session on a connection that has one.
func sessionOf(c *engine.Conn) *Session {
	return c.Handler().(interface{ chatSession() *Session }).chatSession()
}

// Feed handles the whole lines at the start of in, and returns how many bytes they
// are. Where a message ends a line (a WebSocket's), whole is true. Replies are
// written by Flush.
func (s *Session) Feed(in []byte, whole bool) int {
	used := 0
	next := irc.NextLine
	if whole {
		next = irc.NextMessageLine
	}
	for s.conn.Open() {
		line, n, err := next(in[used:])
		if err != nil {
			s.Bye(engine.ReasonInputTooLong)
			break
		}
		if n == 0 {
			return used
		}
		used += n
		s.take(line)
		s.flushIfLong()
	}
	return len(in) // closed: nothing more is read
}

// Hear notes that the client lives, and counts one event of its input. It reports
// false when that was one too many: the session is over.
func (s *Session) Hear() bool {
	s.heard = s.loop.Millis()
	s.asked = false
	if s.conn.Count() {
		return true
	}
	s.Bye(engine.ReasonFlood)
	return false
}

// take handles one line.
func (s *Session) take(line []byte) {
	s.loop.hub.meters.linesIn.Inc()
	if !s.Hear() {
		return
	}
	l := &s.loop.line
	switch err := l.Parse(line); err {
	case nil:
		s.command(l)
	case irc.ErrTagsTooLong:
		s.loop.hub.meters.refuse(refusedTags)
		s.numeric("417", ":Input line was too long")
	case irc.ErrEmpty:
	default:
		s.loop.hub.meters.refuse(refusedBytes)
	}
}

// command runs one parsed line.
func (s *Session) command(l *parsedLine) {
	switch verb := l.Verb(); verb {
	case irc.VerbPing:
		s.pong(l)
	case irc.VerbPong, irc.VerbUser, irc.VerbMode:
	case irc.VerbCap:
		s.capability(l)
	case irc.VerbPass:
		s.takePass(l.Param(0))
	case irc.VerbNick:
		s.takeNick(l.Param(0))
	case irc.VerbQuit:
		s.Bye(engine.ReasonQuit)
	case irc.VerbJoin, irc.VerbPart, irc.VerbPrivmsg:
		if s.user != nil {
			s.inRooms(verb, l)
		}
	default:
		s.unknown(l.Command)
	}
}

func (s *Session) inRooms(verb irc.Verb, l *parsedLine) {
	if verb == irc.VerbPrivmsg {
		s.say(l)
		return
	}
	after := ""
	if verb == irc.VerbJoin {
		after = s.lastSeen(l)
	}
	var buf loginBuffer
	for name, rest := nextName(l.Param(0), &buf); name != nil; name, rest = nextName(rest, &buf) {
		if !s.Hear() || !s.conn.Open() { // each name is as much work as a line
			return
		}
		if verb == irc.VerbJoin {
			s.join(name, after)
			after = "" // it is a line of the first room
		} else {
			s.part(name)
		}
		s.flushIfLong()
	}
}

// lastSeen is the id that a JOIN asks to resume behind, or empty. A client without ids
// on its lines can know none.
func (s *Session) lastSeen(l *parsedLine) string {
	if len(l.Tags) == 0 || s.caps&capResume == 0 || s.caps&capTags == 0 {
		return ""
	}
	if raw, ok := l.Tags.Get(resumeTag); !ok || len(raw) == 0 {
		return ""
	}
	return cmp.Or(tagValue(l.Tags, resumeTag, replyIDBytesMax), noID)
}

// noID stands for what cannot be an id: whoever names it has missed nobody knows what.
const noID = "?"

// Timer implements engine.Handler: registration, then heartbeats.
func (s *Session) Timer(c *engine.Conn) {
	cfg := &s.loop.hub.cfg
	if s.user == nil {
		s.Bye(engine.ReasonRegisterTimeout)
		return
	}
	silent := time.Duration(s.loop.Millis()-s.heard) * time.Millisecond
	switch {
	case s.asked:
		s.Bye(engine.ReasonPingTimeout)
	case silent < cfg.PingInterval:
		c.SetTimer(cfg.PingInterval - silent)
	default:
		s.asked = true
		c.SetTimer(cfg.PingTimeout)
		s.loop.out = append(s.loop.out, s.loop.hub.text.ping...)
		s.Flush()
	}
}

// Drained implements engine.Handler: the client reads again, and learns what it has
// missed.
func (s *Session) Drained(*engine.Conn) {
	for i := range s.seats {
		if missed := s.seats[i].missed; missed > 0 {
			s.seats[i].missed = 0
			s.gap(s.seats[i].room.name, missed, "because you read too slowly")
		}
	}
	s.Flush()
}

// Drain implements engine.Handler.
func (s *Session) Drain(*engine.Conn) {
	if s.user != nil {
		s.loop.out = append(append(s.loop.out, s.loop.hub.text.prefix...), "RECONNECT\r\n"...)
	}
	s.Bye(engine.ReasonDrain)
}

// Closed implements engine.Handler.
func (s *Session) Closed(*engine.Conn, engine.Reason) {
	s.leaveArrivals()
	s.leaveAll()
	if s.user == nil || s.user.Anonymous {
		return
	}
	login := s.user.Login
	others := slices.DeleteFunc(s.loop.logins[login], func(o *Session) bool { return o == s })
	if len(others) > 0 {
		s.loop.logins[login] = others
	} else {
		delete(s.loop.logins, login)
	}
}
