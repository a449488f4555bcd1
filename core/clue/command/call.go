package command

import (
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

// Call is one command as somebody gave it, with all that its judge may look at. The
// caller fills the first block always, and of the second what Needs asked for.
type Call struct {
	Args   string     // what was typed behind the name: valid UTF-8 without control bytes
	Room   string     // where it was typed
	Issuer *chat.User // never anonymous
	Roles  chat.Roles // of the issuer in the room, Broadcaster included
	Banned bool       // the issuer is banned from the whole site
	Modes  chat.Modes // of the room
	Now    time.Time
	ID     string // a new id, for what follows that carries one
	Limits Limits

	Target  Target        // of commands that name a user
	Line    *chat.Message // of delete; nil when the room no longer knows the line
	Held    *chat.Message // of approve and deny, whose Target is its sender; nil when it is not held
	Mods    []string      // of mods: logins, sorted
	VIPs    []string      // of vip and vips: logins, sorted
	Goal    Goal          // of raid
	Viewers int           // of raid: members of the room
	Raiding string        // of raid and unraid: the room that is being raided, see RaidFor; or empty
	RaidOff bool          // of raid: one that began less than RaidFor ago is called off
	Spent   Spent         // of w
}

// Limits are the site's. 0 turns a limit off.
type Limits struct {
	VIPsMax        int  // of a room
	RaidViewersMax int  // that one raid may bring along
	HexColors      bool // everybody may choose any colour, on Twitch a privilege of Turbo
}

// DefaultLimits are Twitch's where Twitch has them: 100 VIPs is the most that a channel
// could unlock.
var DefaultLimits = Limits{VIPsMax: 100, HexColors: true}

// RaidFor is how long a raid can be called off, and no other be started: the 90 s that
// Twitch counts down.
const RaidFor = 90 * time.Second

// Target is the user whom a command names.
type Target struct {
	User   *chat.User    // nil: nobody has that login
	Banned bool          // from the whole site
	Member *store.Member // in the room; nil is the zero Member
}

// Goal is the room that a raid goes to, which is the Target's.
type Goal struct {
	Room   *store.Room   // nil is the zero Room
	Member *store.Member // what the issuer is there; nil is the zero Member
}

// Spent says which limit of whispers the issuer has used up.
type Spent uint8

// Limits of whispers, see WhispersPerSecond.
const (
	Within Spent = iota
	SpentSecond
	SpentMinute
)

// Whispers that an account may send. Source: Twitch's legacy IRC guide.
const (
	WhispersPerSecond = 3
	WhispersPerMinute = 100
)

// Needs is what a command wants looked up before it is judged. The zero Needs is
// nothing beyond what every Call holds.
type Needs struct {
	Login    string // Target
	Line     string // Line, by its id
	Held     string // Held, by its id
	Mods     bool   // roster
	VIPs     bool   // roster
	Goal     bool   // Goal and Viewers
	Raiding  bool   // Raiding and RaidOff
	Whispers bool   // Spent: draw one from both limits
}

// Needs says what the command wants looked up, given what was typed behind its name.
func (c *Command) Needs(args string) Needs {
	var n Needs
	rest := args
	if c.takes == user {
		var name string
		name, rest = word(args)
		n.Login = loginOf(name)
		if n.Login == "" {
			return n // it will be refused
		}
	}
	if c.needs != nil {
		c.needs(&n, rest)
	}
	return n
}

// roles of the target in the room, Broadcaster included.
func (c *Call) targetRoles() chat.Roles {
	r := chat.RolesIn(c.Room, c.Target.User)
	if m := c.Target.Member; m != nil {
		r |= m.Roles
	}
	return r
}

// standing says whether a member may talk.
type standing uint8

const (
	free standing = iota
	timedOut
	banned
)

// standingOf returns what m is at the time now.
func standingOf(m *store.Member, now time.Time) standing {
	switch {
	case m == nil || !m.Banned:
		return free
	case m.Until.IsZero():
		return banned
	case now.Before(m.Until):
		return timedOut
	}
	return free
}
