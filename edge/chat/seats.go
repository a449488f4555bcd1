package chat

import (
	"bytes"

	"uproar/core/chat"
	"uproar/core/clue"
)

// seat is a session's place in a room: where in which group it stands, so that it
// leaves without a search.
type seat struct {
	room   *room
	group  *group
	at     int32  // index in group.members
	missed uint32 // lines lost since the outbox was last empty
	epoch  uint32 // of the room's list of names that counts this seat; see index.go
	skip   *skip  // what it is not sent twice, or nil; see resume.go
}

func (s *Session) seatIn(name []byte) int {
	for i := range s.seats {
		if s.seats[i].room.name == string(name) {
			return i
		}
	}
	return -1
}

func (s *Session) seatOf(r *room) *seat {
	for i := range s.seats {
		if s.seats[i].room == r {
			return &s.seats[i]
		}
	}
	return nil
}

// loginBuffer is where a name is lower-cased, on the stack of who reads a list.
type loginBuffer [chat.LoginBytesMax]byte

// nextName cuts the first room name off "#a,#b" and lower-cases it into buf. name is
// empty at the end of the list. Names that no room can have are left out in silence,
// as on Twitch.
func nextName(list []byte, buf *loginBuffer) (name, rest []byte) {
	for len(list) > 0 {
		name, list, _ = bytes.Cut(list, []byte{','})
		if len(name) < 2 || name[0] != '#' || len(name)-1 > len(buf) {
			continue
		}
		if name = appendLower(buf[:0], name[1:]); chat.ValidName(name) {
			return name, list
		}
	}
	return nil, nil
}

// join asks clue to let the session into a room, where it reads on behind a line if after
// names one. Answers come in the order asked.
func (s *Session) join(name []byte, after string) {
	hub := s.loop.hub
	if i := s.seatIn(name); i >= 0 {
		s.roomState(s.seats[i].room)
		return
	}
	if hub.cfg.RoomsMax > 0 && len(s.seats)+s.arriving() >= hub.cfg.RoomsMax {
		hub.meters.refuse(refusedRooms)
		s.notice(string(name), rejectRooms)
		return
	}
	if !s.user.Anonymous && !hub.cfg.Clue.MayJoin(s.user.Login) {
		hub.meters.refuse(refusedJoinRate)
		s.notice(string(name), rejectJoinRate)
		return
	}
	if after != "" {
		s.wishes(string(name), after)
	}
	s.ask(string(name), waitEntry)
}

// ask has clue decide about a seat, or about one that is taken once more.
func (s *Session) ask(room string, kind waitKind) {
	waits := &s.loop.waits
	again := kind == waitAgain
	ticket, ok := waits.add(s, kind, room)
	if !ok {
		s.enter([]clue.Admitted{{Room: room, User: s.user, Rejection: clue.RejectEntry, Again: again}})
		return
	}
	as, known := s.loop.hub.cfg.Clue.Admit(clue.Admission{
		User: s.user, Rooms: []string{room}, Origin: s.origin(), Ticket: ticket, Behind: s.joining+s.again > 0, Again: again,
	})
	switch {
	case known:
		waits.answered(ticket)
		s.enter(as)
	case again:
		s.again++
	default:
		s.joining++
	}
}

// admitted takes an answer that came later.
func (s *Session) admitted(as []clue.Admitted) {
	for i := range as {
		if as[i].Again {
			s.again--
		} else {
			s.joining--
		}
	}
	s.enter(as)
	s.forgetArrivals()
}

// enter follows clue's answers, and collects what the client waits for, room by room.
func (s *Session) enter(as []clue.Admitted) {
	for i := range as {
		if as[i].Again {
			s.reconsider(&as[i])
		} else {
			s.arrive(&as[i])
		}
		s.flushIfLong()
	}
}

// askAgain asks about a seat once more if the answer that gave it has been overtaken: by
// a ban, say, of which the room was told when the seat was not yet taken.
func (s *Session) askAgain(a *clue.Admitted) {
	if s.loop.hub.cfg.Clue.Holds(a) || s.seatIn([]byte(a.Room)) < 0 {
		return
	}
	s.ask(a.Room, waitAgain)
}

// reconsider takes the answer to askAgain.
func (s *Session) reconsider(a *clue.Admitted) {
	i := s.seatIn([]byte(a.Room))
	if i < 0 {
		return // has left meanwhile
	}
	if a.Missing || a.Rejection != nil {
		s.part([]byte(a.Room))
		if a.Rejection != nil {
			s.notice(a.Room, a.Rejection)
		}
		return
	}
	if r := s.seats[i].room; !a.NoModes && r.modes != a.Modes {
		r.modes = a.Modes
		s.roomState(r)
	}
	s.askAgain(a)
}

// sitDown takes a seat and collects, in this order: its own JOIN, 353, 366, USERSTATE
// and ROOMSTATE. Who comes back is sent what it has missed.
func (s *Session) sitDown(from *arrival) {
	a := &from.answer
	r := s.loop.vacant(a.Room)
	if !a.NoModes {
		r.modes = a.Modes
	}
	s.user = a.User
	s.seats = append(s.seats, seat{room: r})
	s.sit(&s.seats[len(s.seats)-1])
	names := s.loop.hub.index.join(s, r)
	t := &s.loop.hub.text
	s.loop.out = appendJoin(s.loop.out, t, s.user.Login, r.name)
	s.loop.out = appendNames(s.loop.out, t, s.user.Login, r.name, names)
	if s.caps&capCommands != 0 && !s.user.Anonymous {
		s.loop.out = appendUserState(s.loop.out, t, r.name, s.user, a.Roles, s.caps, nil)
	}
	s.roomState(r)
	if from.after != "" {
		s.resume(from)
	}
}

func (s *Session) roomState(r *room) {
	if s.caps&capCommands != 0 {
		s.loop.out = appendRoomState(s.loop.out, &s.loop.hub.text, r, s.caps)
	}
}

// part gives a seat up. Where there is none, nothing is said.
func (s *Session) part(name []byte) {
	i := s.seatIn(name)
	if i < 0 {
		if len(s.leaving) < s.arriving() {
			s.leaving = append(s.leaving, string(name))
		}
		return
	}
	r := s.seats[i].room
	s.loop.out = appendPart(s.loop.out, &s.loop.hub.text, s.user.Login, r.name)
	s.leave(i)
}

func (s *Session) leave(i int) {
	st := &s.seats[i]
	s.rise(st)
	st.room.leaveOutNoMore(st)
	s.loop.hub.index.leave(s, st)
	s.loop.dropIfEmpty(st.room)
	last := len(s.seats) - 1
	s.seats[i] = s.seats[last]
	s.seats[last] = seat{}
	s.seats = s.seats[:last]
}

func (s *Session) leaveAll() {
	for len(s.seats) > 0 {
		s.leave(len(s.seats) - 1)
	}
	s.seats = nil
}

// change gives the session other capabilities: it stands in other groups from now on.
func (s *Session) change(caps capabilities) {
	watched := s.caps&capMembership != 0
	watches := caps&capMembership != 0
	for i := range s.seats {
		s.Hear() // each is as much work as a line
		s.rise(&s.seats[i])
	}
	s.caps = caps
	for i := range s.seats {
		s.sit(&s.seats[i])
		if watches != watched {
			s.loop.hub.index.watch(s.seats[i].room, watches)
		}
	}
}

// sit enters the session into the group of its variant.
func (s *Session) sit(st *seat) {
	st.group = st.room.groupOf(variant{s.wire, s.caps &^ capResume})
	st.at = int32(len(st.group.members))
	st.group.members = append(st.group.members, s.conn)
}

// rise takes the session out of its group; the last member takes its place.
func (s *Session) rise(st *seat) {
	g := st.group
	last := len(g.members) - 1
	if int(st.at) != last {
		moved := g.members[last]
		g.members[st.at] = moved
		sessionOf(moved).seatOf(st.room).at = st.at
	}
	g.members[last] = nil
	g.members = g.members[:last]
	st.group = nil
}
