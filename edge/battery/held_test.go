package battery

import (
	"strings"
	"testing"
)

// msgHeld wants a held line to reach those who moderate the room, and nobody else until
// one of them has approved it.
func msgHeld(t *testing.T, w world) {
	room := "#" + fresh("room")
	w.set(t, ofRoom(room), `{"terms":["spam*"],"hold_terms":true}`)
	owner, mod, sender, viewer := w.owner(t, room), w.bot(t), w.bot(t, room), w.bot(t, room)
	owner.command(room, "/mod "+mod.nick, "mod_success")
	for _, c := range []*client{owner, mod} {
		c.join(room)
	}
	hold := func(text string) (id string) {
		sender.refused(room, text, "msg_rejected", "Hey! Your message is being checked by mods and has not been sent.")
		for _, c := range []*client{owner, mod} {
			told := c.wantNotice(room, "msg_held").params[1]
			words := strings.Fields(told)
			if id = words[1]; words[3] != sender.nick || !strings.HasSuffix(told, " It reads: "+text) {
				t.Fatalf("the moderators read %q", told)
			}
		}
		viewer.wantNothing()
		return id
	}
	approved, denied := hold("spam of the first"), hold("spam of the second")
	viewer.command(room, "/approve "+approved, "no_permission")

	mod.send("PRIVMSG " + room + " :/approve " + approved)
	for _, c := range []*client{owner, sender, viewer} {
		c.wantLine(room, sender.nick, "spam of the first")
	}
	// The answer and the line come by different ways, and so in any order.
	if both := mod.next() + mod.next(); !strings.Contains(both, "@msg-id=approve_success ") || !strings.Contains(both, " PRIVMSG "+room+" :spam of the first") {
		t.Fatalf("who approved read %q", both)
	}
	owner.command(room, "/deny "+approved, "bad_held_unknown") // it has been decided

	owner.command(room, "/deny "+denied, "deny_success")
	sender.wantNotice(room, "held_denied")
	mod.command(room, "/approve "+denied, "bad_held_unknown")
	for _, c := range []*client{owner, mod, sender, viewer} {
		c.wantNothing()
	}
}
