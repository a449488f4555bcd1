// Package command is what people type behind a slash: /ban, /slow, /mods and the rest
// of Twitch's chat commands as they were until February 2023, each a pure function from
// a Call to a Verdict. Nothing here reads a clock or a store, and nothing is changed
// but by the caller, who carries a Verdict out: so a rule is read and tested in one
// place. All functions are safe from any goroutine, and what they return is bounded
// whatever was typed.
//
// The ids and wordings are those of Twitch's msg-id page, because clients wait for the
// ids and parse some of the texts. Ids of what Uproar does not have cannot arise: there
// are no admins, staff, achievements nor private whisper settings, hence no
// bad_ban_staff, bad_vip_achievement_incomplete or whisper_restricted.
package command

import (
	"strings"

	"uproar/core/chat"
)

// Command is one chat command. Those of the package are shared: never modify one.
type Command struct {
	Name string // without slash, lower case; not an alias

	// Personal means that it concerns only its issuer: it is to work in any room, also
	// where the room is unknown or the issuer banned. tmi.js sends /color and /w to
	// "#tmijs", dank to the issuer's own room.
	Personal bool

	aliases []string
	may     chat.Roles // one of them is needed; 0: everybody may
	takes   takes
	usage   chat.Notice // for wrong arguments, and of /help
	needs   func(n *Needs, rest string)
	judge   func(c *Call, rest string) Verdict

	unknown   func(name string) chat.Notice // nobody has that login; nil: invalid_user
	anonymous *chat.Notice                  // of a justinfan; nil: as unknown
}

// takes says what a command wants behind its name.
type takes uint8

const (
	nothing takes = iota // anything is wrong usage
	text                 // anything, or nothing
	user                 // a login, and anything
)

// who may give a command.
const (
	moderators = chat.Moderator | chat.Broadcaster
	owner      = chat.Broadcaster
)

// Lookup finds a command by its name or an alias, in any case, without slash.
func Lookup(name string) (*Command, bool) {
	if len(name) > nameBytesMax {
		return nil, false
	}
	c, ok := all.byName[strings.ToLower(name)]
	return c, ok
}

// nameBytesMax is more than any name is long.
const nameBytesMax = 32

// Judge says what follows from a call. It looks at nothing but the call, which must
// hold what Needs asked for.
func (c *Command) Judge(call *Call) Verdict {
	if c.may != 0 && call.Roles&c.may == 0 {
		return refuse(noPermission)
	}
	rest := strings.Trim(call.Args, " ")
	switch c.takes {
	case nothing:
		if rest != "" {
			return refuse(c.usage)
		}
	case user:
		var name string
		if name, rest = word(rest); name == "" {
			return refuse(c.usage)
		}
		if n := c.addressed(&call.Target, name); n != nil {
			return refuse(*n)
		}
	}
	return c.judge(call, rest)
}

// addressed returns what the issuer is told when name is nobody that the command could
// be about.
func (c *Command) addressed(t *Target, name string) *chat.Notice {
	login := loginOf(name)
	nobody := anonymous(login) || t.User != nil && t.User.Anonymous // even if somebody has that login
	if nobody && c.anonymous != nil {
		return c.anonymous
	}
	if !nobody && login != "" && t.User != nil && t.User.Login == login {
		return nil
	}
	unknown := c.unknown
	if unknown == nil {
		unknown = invalidUser
	}
	n := unknown(excerpt(name))
	return &n
}
