package clients

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"uproar/edge/edgetest"
)

// The people of the command tests: the owner broadcasts in the room, moll becomes its
// moderator, bob stays a viewer; eve and vera are only spoken of.
const (
	owner = room
	moll  = "moll"
	bob   = "bob"
)

// unsettled is what tmi.js says of a promise that it connects with no answer: it gives
// up after 600 ms.
const unsettled = "No response from Twitch."

// promise is one command of tmi.js and what becomes of it.
type promise struct {
	by     string
	name   string // method of tmi.js's client
	args   []any
	answer string // msg-id of the NOTICE; empty when the answer is no NOTICE
	ok     bool
	text   string // JSON that it resolves to, or what it is rejected with
}

// resolves is a command that succeeds.
func resolves(answer, value, by, name string, args ...any) promise {
	return promise{by, name, args, answer, true, value}
}

// rejects is a command that fails, and whose id tmi.js knows.
func rejects(id, by, name string, args ...any) promise {
	return promise{by, name, args, id, false, id}
}

// givesUp is a command that fails with an id of Twitch's that tmi.js 1.8.5 connects with
// no promise. Its promises of one method are settled in their order, given up or not:
// what comes after one that was given up hears the answers of its forerunner. So such a
// command is the last of its method that this client calls. A whisper is one, too.
func givesUp(id, by, name string, args ...any) promise {
	return promise{by, name, args, id, false, unsettled}
}

var roles = []promise{
	resolves("no_mods", `[]`, owner, "mods", room),
	resolves("no_vips", `[]`, owner, "vips", room),
	rejects("no_permission", moll, "mod", room, bob),
	resolves("mod_success", `["#hall","moll"]`, owner, "mod", room, moll),
	rejects("bad_mod_mod", owner, "mod", room, moll),
	rejects("no_permission", moll, "mod", room, bob),
	resolves("room_mods", `["moll"]`, bob, "mods", room),
	rejects("no_permission", moll, "vip", room, "vera"),
	resolves("vip_success", `["#hall","vera"]`, owner, "vip", room, "vera"),
	rejects("bad_vip_grantee_already_vip", owner, "vip", room, "vera"),
	resolves("vips_success", `["vera"]`, bob, "vips", room),
	resolves("unvip_success", `["#hall","vera"]`, owner, "unvip", room, "vera"),
	rejects("bad_unvip_grantee_not_vip", owner, "unvip", room, "vera"),
	rejects("bad_unmod_mod", owner, "unmod", room, bob),
}

var bans = []promise{
	rejects("no_permission", bob, "ban", room, "eve", ""),
	resolves("ban_success", `["#hall","eve","spam"]`, moll, "ban", room, "eve", "spam"),
	rejects("already_banned", moll, "ban", room, "eve", "again"),
	rejects("bad_ban_self", moll, "ban", room, moll),
	rejects("bad_ban_broadcaster", moll, "ban", room, owner),
	rejects("bad_ban_anon", moll, "ban", room, "justinfan123"),
	rejects("invalid_user", moll, "ban", room, "ev-e"),
	rejects("bad_mod_banned", owner, "mod", room, "eve"),
	rejects("bad_vip_grantee_banned", owner, "vip", room, "eve"),
	rejects("no_permission", bob, "unban", room, "eve"),
	resolves("unban_success", `["#hall","eve"]`, moll, "unban", room, "eve"),
	rejects("bad_unban_no_ban", moll, "unban", room, "eve"),

	rejects("no_permission", bob, "timeout", room, "eve", 60),
	resolves("timeout_success", `["#hall","eve",60,"calm down"]`, moll, "timeout", room, "eve", 60, "calm down"),
	resolves("timeout_success", `["#hall","eve",5,""]`, moll, "timeout", room, "eve", 5),
	rejects("bad_timeout_self", moll, "timeout", room, moll, 60),
	rejects("bad_timeout_broadcaster", moll, "timeout", room, owner, 60),
	rejects("bad_timeout_anon", moll, "timeout", room, "justinfan123", 60),
	rejects("bad_timeout_duration", moll, "timeout", room, "eve", 1209601),
	resolves("untimeout_success", `["#hall","eve"]`, moll, "unban", room, "eve"),
	resolves("ban_success", `["#hall","eve",""]`, moll, "ban", room, "eve"),
	givesUp("already_banned", moll, "timeout", room, "eve", 60),
	resolves("unban_success", `["#hall","eve"]`, moll, "unban", room, "eve"),
}

var modes = []promise{
	rejects("no_permission", bob, "slow", room, 30),
	resolves("slow_on", `["#hall",30]`, moll, "slow", room, 30),
	rejects("usage_slow_on", moll, "slow", room, "down"),
	givesUp("bad_slow_duration", owner, "slow", room, 1801),
	givesUp("already_slow_on", moll, "slow", room, 30),
	resolves("slow_off", `["#hall"]`, moll, "slowoff", room),
	givesUp("already_slow_off", moll, "slowoff", room),

	rejects("no_permission", bob, "followersonly", room, 30),
	resolves("followers_on", `["#hall",30]`, moll, "followersonly", room, 30),
	givesUp("already_followers_on", moll, "followersonly", room, 30),
	resolves("followers_off", `["#hall"]`, moll, "followersonlyoff", room),
	givesUp("already_followers_off", moll, "followersonlyoff", room),

	rejects("no_permission", bob, "subscribers", room),
	resolves("subs_on", `["#hall"]`, moll, "subscribers", room),
	rejects("already_subs_on", moll, "subscribers", room),
	resolves("subs_off", `["#hall"]`, moll, "subscribersoff", room),
	rejects("already_subs_off", moll, "subscribersoff", room),

	rejects("no_permission", bob, "emoteonly", room),
	resolves("emote_only_on", `["#hall"]`, moll, "emoteonly", room),
	rejects("already_emote_only_on", moll, "emoteonly", room),
	resolves("emote_only_off", `["#hall"]`, moll, "emoteonlyoff", room),
	rejects("already_emote_only_off", moll, "emoteonlyoff", room),

	rejects("no_permission", bob, "r9kbeta", room),
	resolves("r9k_on", `["#hall"]`, moll, "r9kbeta", room),
	rejects("already_r9k_on", moll, "r9kbeta", room),
	resolves("r9k_off", `["#hall"]`, moll, "r9kbetaoff", room),
	rejects("already_r9k_off", moll, "r9kbetaoff", room),
}

// others end with what takes moll's rank and bob's voice.
var others = []promise{
	rejects("no_permission", bob, "clear", room),
	resolves("", `["#hall"]`, moll, "clear", room),
	rejects("bad_delete_message_error", moll, "deletemessage", room, "00000000-0000-4000-8000-000000000000"),

	resolves("color_changed", `["BlueViolet"]`, bob, "color", "BlueViolet"),
	resolves("color_changed", `["#C0FFEE"]`, bob, "color", "#C0FFEE"),
	rejects("usage_color", bob, "color", "beige"),

	rejects("whisper_invalid_login", bob, "whisper", "justinfan123", "psst"),
	resolves("", `["hall","psst"]`, bob, "whisper", owner, "psst"), // when tmi.js gives up

	resolves("unmod_success", `["#hall","moll"]`, owner, "unmod", room, moll),
	rejects("no_permission", moll, "clear", room),
	resolves("ban_success", `["#hall","bob",""]`, owner, "ban", room, bob),
	rejects("msg_banned", bob, "mods", room),
	resolves("unban_success", `["#hall","bob"]`, owner, "unban", room, bob),
	resolves("no_mods", `[]`, bob, "mods", room),
}

const settledMax = 5 * time.Second // tmi.js itself gives up after 600 ms

func TestEveryCommandSettlesItsPromise(t *testing.T) {
	server := serve(t, "--rate-limit-mod=0", "--duplicate-window=0")
	people := map[string]*client{}
	for _, name := range []string{owner, moll, bob} {
		people[name] = joinAs(t, server, name)
	}
	call := 0
	for _, group := range []struct {
		name     string
		promises []promise
	}{{"roles", roles}, {"bans", bans}, {"modes", modes}, {"others", others}} {
		for _, p := range group.promises {
			call++
			people[p.by].keeps(call, group.name, &p)
		}
	}
	whispered := func(e event) bool { return e.Event == "whispered" && e.User == bob && e.Text == "psst" }
	if !slices.ContainsFunc(people[owner].seen, whispered) {
		people[owner].await("whisper", lineMax, whispered)
	}
}

func TestDeletedLineSettlesItsPromise(t *testing.T) {
	server := serve(t)
	boss, viewer := joinAs(t, server, owner), joinAs(t, server, bob)
	viewer.do(command{Do: "say", Room: room, Text: "oops"})
	boss.awaitLine("oops", lineMax)
	id := boss.seen[len(boss.seen)-1].ID

	boss.do(command{Do: "say", Room: room, Text: "mine"})
	viewer.awaitLine("mine", lineMax)
	mine := viewer.seen[len(viewer.seen)-1].ID
	for i, p := range []promise{
		rejects("no_permission", bob, "deletemessage", room, id),
		resolves("delete_message_success", `["#hall"]`, owner, "deletemessage", room, id),
		resolves("mod_success", `["#hall","bob"]`, owner, "mod", room, bob),
		rejects("bad_delete_message_broadcaster", bob, "deletemessage", room, mine),
	} {
		by := boss
		if p.by == bob {
			by = viewer
		}
		by.keeps(i+1, "delete", &p)
	}
}

// joinAs is tmi.js in the room under that name.
func joinAs(t *testing.T, s *edgetest.Server, name string) *client {
	t.Helper()
	l := library{name: name, start: func() (driver, error) { return startNode("tmi.mjs") }, webSocket: true}
	return joinAll(t, s, []library{l})[0]
}

// keeps calls the command, and requires its answer and what becomes of its promise.
func (c *client) keeps(call int, group string, p *promise) {
	c.t.Helper()
	what := fmt.Sprintf("%s: %s of %s%q", group, p.name, p.by, p.args)
	c.do(command{Do: "command", Call: call, Name: p.name, Args: p.args})
	settled, answered := false, p.answer == ""
	c.await(what, settledMax, func(e event) bool {
		answered = answered || e.Event == "answer" && e.ID == p.answer
		if e.Event == "settled" && e.Call == call {
			settled = true
			if e.OK != p.ok || e.Text != p.text {
				c.t.Errorf("%s: resolved is %v with %s, want %v with %s", what, e.OK, e.Text, p.ok, p.text)
				answered = true // whatever came instead
			}
		}
		return settled && answered
	})
}
