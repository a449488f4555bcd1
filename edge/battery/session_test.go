package battery

import (
	"slices"
	"strings"
	"testing"
)

// Capabilities, and the pair that most bots ask for.
const (
	capTags       = "twitch.tv/tags"
	capCommands   = "twitch.tv/commands"
	capMembership = "twitch.tv/membership"
	capResume     = "uproar/resume"
	capBot        = capTags + " " + capCommands
	capAll        = capBot + " " + capMembership
)

// welcome are the lines that greet nick.
func welcome(nick string) []string {
	return []string{
		":tmi.twitch.tv 001 " + nick + " :Welcome, GLHF!",
		":tmi.twitch.tv 002 " + nick + " :Your host is tmi.twitch.tv",
		":tmi.twitch.tv 003 " + nick + " :This server is rather new",
		":tmi.twitch.tv 004 " + nick + " :-",
		":tmi.twitch.tv 375 " + nick + " :-",
		":tmi.twitch.tv 372 " + nick + " :You are in a maze of twisty passages, all alike.",
		":tmi.twitch.tv 376 " + nick + " :>",
	}
}

// req asks for capabilities and requires the ACK.
func (c *client) req(caps string) {
	c.t.Helper()
	c.send("CAP REQ :" + caps)
	c.want(":tmi.twitch.tv CAP * ACK :" + caps)
}

// login connects and registers nick with these capabilities, "" for none.
func (w world) login(t testing.TB, nick, caps string) *client {
	t.Helper()
	c := w.dial(t)
	c.register(nick, caps)
	return c
}

func (c *client) register(nick, caps string) {
	c.t.Helper()
	c.nick = nick
	if caps != "" {
		c.req(caps)
	}
	anonymous := strings.HasPrefix(nick, "justinfan")
	if anonymous {
		c.send("NICK " + nick)
	} else {
		c.send("PASS oauth:"+nick, "NICK "+nick)
	}
	c.want(welcome(nick)...)
	if !anonymous && strings.Contains(caps, capCommands) {
		c.wantMsg("GLOBALUSERSTATE")
	}
}

// bot is a fresh user with tags and commands, in the rooms.
func (w world) bot(t testing.TB, rooms ...string) *client {
	t.Helper()
	c := w.login(t, fresh("bot"), capBot)
	for _, room := range rooms {
		c.join(room)
	}
	return c
}

// join joins a room as a client with tags and commands and returns the ROOMSTATE.
func (c *client) join(room string) message {
	c.t.Helper()
	c.send("JOIN " + room)
	return c.wantBurst(room)
}

// wantBurst requires the answer to a JOIN of a room where c sees itself alone.
func (c *client) wantBurst(room string) message {
	c.t.Helper()
	c.want(
		":"+c.nick+"!"+c.nick+"@"+c.nick+".tmi.twitch.tv JOIN "+room,
		":"+c.nick+".tmi.twitch.tv 353 "+c.nick+" = "+room+" :"+c.nick,
		":"+c.nick+".tmi.twitch.tv 366 "+c.nick+" "+room+" :End of /NAMES list",
	)
	if !strings.HasPrefix(c.nick, "justinfan") {
		c.wantMsg("USERSTATE", room)
	}
	return c.wantMsg("ROOMSTATE", room)
}

// say sends a line that must be accepted and returns the USERSTATE.
func (c *client) say(room, text string) message {
	c.t.Helper()
	c.send("PRIVMSG " + room + " :" + text)
	return c.wantMsg("USERSTATE", room)
}

// wantLine requires the next line to be text in room, from that login.
func (c *client) wantLine(room, from, text string) message {
	c.t.Helper()
	m := c.wantMsg("PRIVMSG", room, text)
	if want := from + "!" + from + "@" + from + ".tmi.twitch.tv"; m.prefix != want {
		c.fatalf("line %q has prefix %q, want %q", m.raw, m.prefix, want)
	}
	return m
}

// wantKeys requires exactly these tags, in this order.
func (c *client) wantKeys(m message, keys ...string) {
	c.t.Helper()
	if !slices.Equal(m.keys, keys) {
		c.t.Errorf("tags of %s\n got %q\nwant %q", m.command, m.keys, keys)
	}
}
