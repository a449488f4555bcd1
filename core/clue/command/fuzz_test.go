package command

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"uproar/core/chat"
	"uproar/core/store"
)

// FuzzCommandLine: whatever is typed, by whomever, nothing panics, what follows is
// bounded and whole, and no more is looked up than Needs had named.
func FuzzCommandLine(f *testing.F) {
	for _, e := range examples {
		f.Add(e.line, uint8(chat.Broadcaster), uint8(0))
		f.Add(e.line, uint8(rolesOf[e.by]), uint8(2))
	}
	f.Add("timeout eve 9223372036854775807w1s", uint8(chat.Moderator), uint8(1))
	f.Add("slow 1 week 1 week", uint8(chat.Moderator), uint8(3))
	f.Add("approve 0123abcd", uint8(chat.Moderator), uint8(2))
	f.Add("deny 0123abcd", uint8(chat.Broadcaster), uint8(1))
	f.Add("ban \xff\xfe\x00", uint8(chat.Moderator), uint8(3))
	f.Fuzz(func(t *testing.T, typed string, roles, state uint8) {
		name, args, _ := strings.Cut(typed, " ")
		cmd, ok := Lookup(name)
		if !ok {
			return
		}
		needs := cmd.Needs(args)
		call := &Call{
			Args: args, Room: "alice", Issuer: moll, Roles: chat.Roles(roles), Now: now, ID: "id-1",
			Limits: DefaultLimits, Spent: Spent(state % 3), Banned: state&64 != 0,
		}
		if state&8 != 0 {
			call.Modes = chat.Modes{Slow: 30 * time.Second, FollowersOnly: true, SubscribersOnly: true, EmoteOnly: true, Unique: true}
		}
		if needs.Login != "" && state&16 == 0 {
			m := []*store.Member{nil, bannedMember, timedOutMember, {Roles: chat.Roles(state >> 4)}}[state%4]
			call.Target = Target{User: &chat.User{ID: "9", Login: needs.Login}, Member: m, Banned: state&32 != 0}
		}
		if needs.Line != "" {
			call.Line = &chat.Message{Place: chat.Place{Room: "alice"}, ID: needs.Line, User: eve, Roles: chat.Roles(state), Text: "hi"}
		}
		if needs.Held != "" {
			call.Held = &chat.Message{Place: chat.Place{Room: "alice"}, ID: needs.Held, User: eve, Text: "hi"}
		}
		if needs.Raiding && state&4 != 0 {
			call.Raiding = "bob"
		}
		v := cmd.Judge(call)
		whole(t, v)
		if n := sizeOf(v); n > verdictBytesMax {
			t.Errorf("%d bytes follow", n)
		}
		if utf8.ValidString(typed) && !utf8.ValidString(answer(v).Text) {
			t.Errorf("answer %q", answer(v).Text)
		}
		if strings.ContainsAny(answer(v).Text, "\r\n") && !strings.ContainsAny(typed, "\r\n") {
			t.Errorf("answer of several lines: %q", answer(v).Text)
		}
		if again := cmd.Judge(call); again.Notice != v.Notice || len(again.Changes) != len(v.Changes) {
			t.Error("the same call was judged in two ways")
		}
	})
}
