package clue

import (
	"time"

	"uproar/core/chat"
)

// Admission asks whether somebody may enter rooms. Whoever fills it has checked that
// the rooms are valid names, and has drawn them from what the account may join.
type Admission struct {
	User   *chat.User
	Rooms  []string
	Origin chat.Origin
	Ticket uint32 // the edge's own number of this question
	// Behind says that an admission of this origin is still unanswered: this one is to be
	// answered after it, whatever is known.
	Behind bool
	// Again asks about rooms that the user has entered by an answer that has ceased to be
	// true, see Clue.Holds.
	Again bool

	queued time.Time
}

// Admitted answers for one room.
type Admitted struct {
	Room      string
	User      *chat.User // in the colour of the account, for USERSTATE
	Roles     chat.Roles // of the user in the room
	Modes     chat.Modes
	NoModes   bool         // the room is not known: Modes says nothing
	Rejection *chat.Notice // nil: may enter
	Missing   bool         // the room does not exist; clients are told nothing
	Again     bool         // of the Admission

	stamp uint64 // of the records that decided, from before they were looked at
}

// Admitter takes the answers to one Admission, in the order asked, and all of an origin
// in the order in which they were asked. It must not block, and must not keep a; the
// slice is its own.
type Admitter interface {
	Admitted(a *Admission, as []Admitted)
}

// RejectEntry is for whoever cannot be let in because nobody knows whether he may.
var RejectEntry = &chat.Notice{MsgID: chat.RejectUnavailable.MsgID, Text: "You could not join because chat is busy. Please try again."}

// admit decides about one room. A nil record is unknown: an anonymous reader is let in
// all the same, for nobody can ban him; others are not, for they might be banned.
func admit(name string, u *chat.User, room, member, who *entry, created bool, now time.Time) Admitted {
	a := Admitted{Room: name, User: u, Roles: chat.RolesIn(name, u)}
	if room != nil {
		a.Modes = room.room.Modes
	} else {
		a.NoModes = true
	}
	switch {
	case room != nil && created && !room.room.Created:
		a.Missing = true
		return a
	case room != nil && room.room.Suspended:
		a.Rejection = rejectRoom
		return a
	case room == nil && (created || !u.Anonymous), !u.Anonymous && (member == nil || who == nil):
		a.Rejection = RejectEntry
		return a
	}
	if u.Anonymous {
		return a
	}
	a.User = who.dress(u)
	a.Roles |= member.member.Roles
	f := Facts{Channel: name, Now: now, Member: member.member}
	a.Rejection = ban(&f, nil)
	return a
}
