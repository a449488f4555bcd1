package battery

import (
	"testing"

	"uproar/core/store/redistest"
)

// TestLineOfAnotherProcessIsDeletedAndRepliedTo has a moderator and a viewer on one process,
// and the speaker on another, with all roles each.
func TestLineOfAnotherProcessIsDeletedAndRepliedTo(t *testing.T) {
	args := append(unlimited(), "--redis="+redistest.Start(t).Addr)
	here, there := world{over: overTCP}.own(t, args...), world{over: overTCP}.own(t, args...)
	room := "#" + fresh("room")
	owner := here.login(t, room[1:], capBot)
	owner.join(room)
	ann := there.login(t, fresh("ann"), capBot)
	ann.join(room)
	id := ann.say(room, "rude").tags["id"]
	owner.wantLine(room, ann.nick, "rude")

	owner.send("@reply-parent-msg-id=" + id + " PRIVMSG " + room + " :why?")
	owner.wantMsg("USERSTATE", room)
	if m := ann.wantLine(room, owner.nick, "@"+ann.nick+" why?"); m.tags["reply-parent-msg-id"] != id {
		t.Errorf("a reply to %s is %q", id, m.raw)
	}
	owner.send("PRIVMSG " + room + " :/delete " + id)
	if m := ann.wantMsg("CLEARMSG", room, "rude"); m.tags["target-msg-id"] != id {
		t.Errorf("deleted %q, not %s", m.raw, id)
	}
}
