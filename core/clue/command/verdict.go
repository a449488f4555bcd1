package command

import (
	"fmt"

	"uproar/core/chat"
	"uproar/core/store"
)

// Verdict is what follows from a command, to be carried out in the order of its
// fields, and nothing after a change that failed.
type Verdict struct {
	Failed  bool // refused: only Notice is set
	Changes []KeyedChange
	// Events are what rooms see. Place.Room is set, and is the raided one for a raid; the
	// caller fills the rest of Place. None has a Seq.
	Events []chat.Event
	// Whisper goes to one user on every edge; nil but for w.
	Whisper *Whisper
	// Fate is what becomes of Call.Held, unless it is decided otherwise meanwhile.
	Fate Fate
	// Notice is for the issuer. Its MsgID is empty where Events tell the whole room, the
	// issuer included, and after a whisper.
	Notice chat.Notice
}

// KeyedChange is a change of one record of the store.
type KeyedChange struct {
	Key    store.Key
	Change store.Change
}

// Whisper is a line to one user, outside every room.
type Whisper struct {
	To   *chat.User
	Line *chat.Whisper // without Emotes
}

// refuse is the verdict that changes nothing.
func refuse(n chat.Notice) Verdict { return Verdict{Failed: true, Notice: n} }

// told is a verdict that tells the issuer of success.
func told(id, format string, args ...any) Verdict {
	return Verdict{Notice: notice(id, format, args...)}
}

// notice formats what a person is told.
func notice(id, format string, args ...any) chat.Notice {
	return chat.Notice{MsgID: id, Text: fmt.Sprintf(format, args...)}
}

// changing adds a change of the target's membership.
func (v Verdict) changing(c *Call, change store.Change) Verdict {
	key := store.Key{Kind: store.KindMember, Room: c.Room, Login: c.Target.User.Login}
	v.Changes = append(v.Changes, KeyedChange{Key: key, Change: change})
	return v
}

// showing adds an event.
func (v Verdict) showing(e chat.Event) Verdict {
	v.Events = append(v.Events, e)
	return v
}

var noPermission = chat.Notice{MsgID: "no_permission", Text: "You don't have permission to perform that action."}

func invalidUser(name string) chat.Notice {
	return notice("invalid_user", "Invalid username: %s", name)
}

// usage is the notice that explains a command.
func usage(id, text string) chat.Notice { return chat.Notice{MsgID: id, Text: "Usage: " + text} }
