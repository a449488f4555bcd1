package command

import (
	"strings"

	"uproar/core/chat"
)

// me is not judged here, being a line; /help knows it all the same.
var usageMe = usage("usage_me", `"/me <message>" - Express an action in the third-person.`)

// help explains the commands of t, itself included.
func help(t *table) *Command {
	c := &Command{
		Name: "help", Personal: true, takes: text,
		usage: usage("usage_help", `"/help" - Lists the commands available to you in this room.`),
	}
	c.judge = func(call *Call, args string) Verdict {
		if args == "" {
			return told("cmds_available", "Commands available to you in this room (use /help <command> for details): %s", t.available(call.Roles))
		}
		return t.explain(args)
	}
	return c
}

// available lists what somebody with these roles may use.
func (t *table) available(roles chat.Roles) string {
	var b strings.Builder
	b.WriteString("/help /me")
	for _, c := range t.list {
		if c.Name != "help" && (c.may == 0 || c.may&roles != 0) {
			b.WriteString(" /" + c.Name)
		}
	}
	return b.String()
}

// explain gives the usage of one command, with its slash or without.
func (t *table) explain(args string) Verdict {
	first, _ := word(args)
	first = strings.TrimPrefix(first, "/")
	if strings.EqualFold(first, "me") {
		return Verdict{Notice: usageMe}
	}
	if len(first) <= nameBytesMax {
		if c := t.byName[strings.ToLower(first)]; c != nil {
			return Verdict{Notice: c.usage}
		}
	}
	return refuse(notice("no_help", "No help available."))
}
