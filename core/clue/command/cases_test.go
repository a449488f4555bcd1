package command

import (
	"strings"
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

// The people of the tests: in alice's room, moll moderates, vic is a VIP, and bob and eve
// are nobody in particular.
var (
	alice = &chat.User{ID: "1", Login: "alice", Display: "Alice"}
	bob   = &chat.User{ID: "2", Login: "bob", Display: "Bob"}
	eve   = &chat.User{ID: "33", Login: "eve", Display: "Eve"}
	moll  = &chat.User{ID: "4", Login: "moll", Display: "Moll"}
	moe   = &chat.User{ID: "5", Login: "moe", Display: "Moe"}
	vic   = &chat.User{ID: "6", Login: "vic", Display: "Vic"}
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

var (
	bannedMember   = &store.Member{Banned: true}
	timedOutMember = &store.Member{Banned: true, Until: now.Add(time.Minute)}
	expiredMember  = &store.Member{Banned: true, Until: now.Add(-time.Minute)}
)

// example is one call and what must follow.
type example struct {
	line string // "ban eve spam"
	by   *chat.User
	call func(*Call) // what differs from scene
	id   string      // of what the issuer is told, or of what the room is told for a mode; "" for none
	text string      // likewise; "" is not compared
}

// failed tells from the id alone whether the call must change nothing.
func (e *example) failed() bool {
	for _, prefix := range []string{"bad_", "already_", "usage_", "no_permission", "no_help", "invalid_user", "timeout_no", "untimeout_banned", "turbo_only", "raid_error", "unraid_error", "whisper_"} {
		if strings.HasPrefix(e.id, prefix) {
			return !strings.HasPrefix(e.line, "help ") || e.id == "no_help"
		}
	}
	return false
}

// scene is what an example's call looks at, before its call changes it.
func scene(e *example) (*Command, *Call) {
	name, args, _ := strings.Cut(e.line, " ")
	cmd, ok := Lookup(name)
	if !ok {
		panic("BUG: no command " + name)
	}
	c := &Call{
		Args: args, Room: "alice", Issuer: e.by, Now: now, ID: "id-1", Limits: DefaultLimits,
		Roles: chat.RolesIn("alice", e.by) | rolesOf[e.by], Viewers: 7,
	}
	if u := people[cmd.Needs(args).Login]; u != nil {
		c.Target = Target{User: u, Member: &store.Member{Roles: rolesOf[u]}}
	}
	if e.call != nil {
		e.call(c)
	}
	return cmd, c
}

var rolesOf = map[*chat.User]chat.Roles{moll: chat.Moderator, moe: chat.Moderator, vic: chat.VIP}

var people = map[string]*chat.User{"alice": alice, "bob": bob, "eve": eve, "moll": moll, "moe": moe, "vic": vic}

func member(m *store.Member) func(*Call) { return func(c *Call) { c.Target.Member = m } }
func modes(m chat.Modes) func(*Call)     { return func(c *Call) { c.Modes = m } }
func line(by *chat.User, roles chat.Roles) func(*Call) {
	return func(c *Call) {
		c.Line = &chat.Message{Place: chat.Place{Room: "alice"}, ID: "m-1", User: by, Roles: roles, Text: "hi"}
	}
}

// holds is of a line of eve's that is held, while she is what m says.
func holds(m *store.Member) func(*Call) {
	return func(c *Call) {
		c.Held = &chat.Message{Place: chat.Place{Room: "alice"}, ID: "m-1", User: eve, Text: "hi"}
		c.Target = Target{User: eve, Member: m}
	}
}

var examples = []example{
	{"ban eve spam", moll, nil, "ban_success", "Eve is now banned from this channel."},
	{"ban @EVE", alice, nil, "ban_success", ""},
	{"BAN moll", alice, nil, "ban_success", "Moll is now banned from this channel."},
	{"ban eve", moll, member(timedOutMember), "ban_success", ""},
	{"ban eve", moll, member(expiredMember), "ban_success", ""},
	{"ban eve", moll, member(bannedMember), "already_banned", "Eve is already banned in this channel."},
	{"ban moll", moll, nil, "bad_ban_self", "You cannot ban yourself."},
	{"ban alice", alice, nil, "bad_ban_self", ""},
	{"ban alice", moll, nil, "bad_ban_broadcaster", "You cannot ban the broadcaster."},
	{"ban moe", moll, nil, "bad_ban_mod", "You cannot ban moderator Moe unless you are the owner of this channel."},
	{"ban justinfan123", moll, nil, "bad_ban_anon", "You cannot ban anonymous users."},
	{"ban", moll, nil, "usage_ban", ""},
	{"ban   ", moll, nil, "usage_ban", ""},
	{"ban nobody", moll, nil, "invalid_user", "Invalid username: nobody"},
	{"ban ev-e", moll, nil, "invalid_user", "Invalid username: ev-e"},
	{"ban eve", bob, nil, "no_permission", "You don't have permission to perform that action."},
	{"ban eve", vic, nil, "no_permission", ""},

	{"timeout eve", moll, nil, "timeout_success", "Eve has been timed out for 10 minutes."},
	{"timeout eve 491 enough now", moll, nil, "timeout_success", "Eve has been timed out for 8 minutes 11 seconds."},
	{"timeout eve 1", moll, nil, "timeout_success", "Eve has been timed out for 1 second."},
	{"timeout eve 1h30m", moll, nil, "timeout_success", "Eve has been timed out for 1 hour 30 minutes."},
	{"timeout eve 2w", moll, nil, "timeout_success", "Eve has been timed out for 2 weeks."},
	{"timeout eve calm down", moll, nil, "timeout_success", "Eve has been timed out for 10 minutes."},
	{"timeout moll", alice, nil, "timeout_success", ""},
	{"timeout eve 15d", moll, nil, "bad_timeout_duration", "You cannot time a user out for more than 1209600 seconds."},
	{"timeout eve 99999999999999999999999w", moll, nil, "bad_timeout_duration", ""},
	{"timeout eve 0", moll, nil, "usage_timeout", ""},
	{"timeout eve -5", moll, nil, "usage_timeout", ""},
	{"timeout eve 5x", moll, nil, "usage_timeout", ""},
	{"timeout", moll, nil, "usage_timeout", ""},
	{"timeout eve", moll, member(bannedMember), "already_banned", ""},
	{"timeout eve 5", moll, member(timedOutMember), "timeout_success", ""},
	{"timeout moll", moll, nil, "bad_timeout_self", "You cannot timeout yourself."},
	{"timeout alice", moll, nil, "bad_timeout_broadcaster", "You cannot timeout the broadcaster."},
	{"timeout moe", moll, nil, "bad_timeout_mod", "You cannot timeout moderator Moe unless you are the owner of this channel."},
	{"timeout justinfan1", moll, nil, "bad_timeout_anon", "You cannot timeout anonymous users."},
	{"timeout nobody", moll, nil, "invalid_user", ""},
	{"timeout eve", bob, nil, "no_permission", ""},

	{"unban eve", moll, member(bannedMember), "unban_success", "Eve is no longer banned from this channel."},
	{"unban eve", moll, member(timedOutMember), "untimeout_success", "Eve is no longer timed out in this channel."},
	{"unban eve", moll, nil, "bad_unban_no_ban", "Eve is not banned from this channel."},
	{"unban eve", moll, member(expiredMember), "bad_unban_no_ban", ""},
	{"unban", moll, nil, "usage_unban", ""},
	{"unban nobody", moll, nil, "invalid_user", ""},
	{"unban eve", bob, member(bannedMember), "no_permission", ""},
	{"untimeout eve", moll, member(timedOutMember), "untimeout_success", ""},
	{"untimeout eve", moll, member(bannedMember), "untimeout_banned", `Eve is permanently banned. Use "/unban" to remove a ban.`},
	{"untimeout eve", moll, nil, "timeout_no_timeout", "Eve is not timed out from this channel."},
	{"untimeout", moll, nil, "usage_untimeout", ""},

	{"mod eve", alice, nil, "mod_success", "You have added Eve as a moderator of this channel."},
	{"mod vic", alice, nil, "mod_success", ""},
	{"mod moll", alice, nil, "bad_mod_mod", "Moll is already a moderator of this channel."},
	{"mod alice", alice, nil, "bad_mod_mod", ""},
	{"mod eve", alice, member(bannedMember), "bad_mod_banned", "Eve is banned in this channel. You must unban this user before granting mod status."},
	{"mod", alice, nil, "usage_mod", ""},
	{"mod nobody", alice, nil, "invalid_user", ""},
	{"mod eve", moll, nil, "no_permission", ""},
	{"unmod moll", alice, nil, "unmod_success", "You have removed Moll as a moderator of this channel."},
	{"unmod moll", moll, nil, "unmod_success", ""},
	{"unmod moe", moll, nil, "no_permission", ""},
	{"unmod eve", alice, nil, "bad_unmod_mod", "Eve is not a moderator of this channel."},
	{"unmod", alice, nil, "usage_unmod", ""},

	{"vip eve", alice, nil, "vip_success", "You have added Eve as a vip of this channel."},
	{"vip moll", alice, nil, "vip_success", ""},
	{"vip vic", alice, nil, "bad_vip_grantee_already_vip", "Vic is already a VIP of this channel."},
	{"vip alice", alice, nil, "bad_vip_grantee_already_vip", ""},
	{"vip eve", alice, member(bannedMember), "bad_vip_grantee_banned", "Eve is banned in this channel. You must unban this user before granting VIP status."},
	{"vip eve", alice, func(c *Call) { c.VIPs = make([]string, 100) }, "bad_vip_max_vips_reached", ""},
	{"vip eve", alice, func(c *Call) { c.VIPs, c.Limits.VIPsMax = make([]string, 100), 0 }, "vip_success", ""},
	{"vip", alice, nil, "usage_vip", ""},
	{"vip eve", moll, nil, "no_permission", ""},
	{"unvip vic", alice, nil, "unvip_success", "You have removed Vic as a VIP of this channel."},
	{"unvip vic", vic, nil, "unvip_success", ""},
	{"unvip eve", vic, nil, "no_permission", ""},
	{"unvip vic", moll, nil, "no_permission", ""},
	{"unvip eve", alice, nil, "bad_unvip_grantee_not_vip", "Eve is not a VIP of this channel."},
	{"unvip", alice, nil, "usage_unvip", ""},

	{"mods", bob, nil, "no_mods", "There are no moderators of this channel."},
	{"mods", bob, func(c *Call) { c.Mods = []string{"moll", "moe"} }, "room_mods", "The moderators of this channel are: moll, moe"},
	{"mods please", bob, nil, "usage_mods", ""},
	{"vips", bob, nil, "no_vips", "This channel does not have any VIPs."},
	{"vips", bob, func(c *Call) { c.VIPs = []string{"vera", "vic"} }, "vips_success", "The VIPs of this channel are: vera, vic."},
	{"vips please", bob, nil, "usage_vips", ""},

	{"slow", moll, nil, "slow_on", "This room is now in slow mode. You may send messages every 30 seconds."},
	{"slow 300", moll, nil, "slow_on", "This room is now in slow mode. You may send messages every 300 seconds."},
	{"slow 10", moll, modes(chat.Modes{Slow: 5 * time.Second}), "slow_on", ""},
	{"slow 10", moll, modes(chat.Modes{Slow: 10 * time.Second}), "already_slow_on", "This room is already in 10-second slow mode."},
	{"slow 1801", moll, nil, "bad_slow_duration", "You cannot set slow delay to more than 1800 seconds."},
	{"slow 0", moll, nil, "usage_slow_on", ""},
	{"slow down", moll, nil, "usage_slow_on", ""},
	{"slow", bob, nil, "no_permission", ""},
	{"slowoff", moll, modes(chat.Modes{Slow: time.Second}), "slow_off", "This room is no longer in slow mode."},
	{"slowoff", moll, nil, "already_slow_off", "This room is not in slow mode."},
	{"slowoff 5", moll, nil, "usage_slow_off", ""},

	{"followers", moll, nil, "followers_on_zero", "This room is now in followers-only mode."},
	{"followers 30", moll, nil, "followers_on", "This room is now in 30 minutes followers-only mode."},
	{"followers 1 week", moll, nil, "followers_on", "This room is now in 1 week followers-only mode."},
	{"followers 5 days 12 hours", moll, nil, "followers_on", "This room is now in 5 days 12 hours followers-only mode."},
	{"followers 10s", moll, nil, "followers_on", "This room is now in 1 minute followers-only mode."},
	{"followers 3mo", moll, nil, "followers_on", ""},
	{"followers 91d", moll, nil, "usage_followers_on", ""},
	{"followers me", moll, nil, "usage_followers_on", ""},
	{"followers", moll, modes(chat.Modes{FollowersOnly: true}), "already_followers_on", "This room is already in followers-only mode."},
	{"followers 1h", moll, modes(chat.Modes{FollowersOnly: true, FollowersFor: time.Hour}), "already_followers_on", "This room is already in 1 hour followers-only mode."},
	{"followers", bob, nil, "no_permission", ""},
	{"followersoff", moll, modes(chat.Modes{FollowersOnly: true}), "followers_off", "This room is no longer in followers-only mode."},
	{"followersoff", moll, nil, "already_followers_off", "This room is not in followers-only mode."},
	{"followersoff now", moll, nil, "usage_followers_off", ""},

	{"subscribers", moll, nil, "subs_on", "This room is now in subscribers-only mode."},
	{"subscribers", moll, modes(chat.Modes{SubscribersOnly: true}), "already_subs_on", "This room is already in subscribers-only mode."},
	{"subscribers 1", moll, nil, "usage_subs_on", ""},
	{"subscribersoff", moll, modes(chat.Modes{SubscribersOnly: true}), "subs_off", "This room is no longer in subscribers-only mode."},
	{"subscribersoff", moll, nil, "already_subs_off", "This room is not in subscribers-only mode."},
	{"subscribersoff 1", moll, nil, "usage_subs_off", ""},
	{"subscribers", vic, nil, "no_permission", ""},
	{"emoteonly", moll, nil, "emote_only_on", "This room is now in emote-only mode."},
	{"emoteonly", moll, modes(chat.Modes{EmoteOnly: true}), "already_emote_only_on", "This room is already in emote-only mode."},
	{"emoteonly 1", moll, nil, "usage_emote_only_on", ""},
	{"emoteonlyoff", moll, modes(chat.Modes{EmoteOnly: true}), "emote_only_off", "This room is no longer in emote-only mode."},
	{"emoteonlyoff", moll, nil, "already_emote_only_off", "This room is not in emote-only mode."},
	{"emoteonlyoff 1", moll, nil, "usage_emote_only_off", ""},
	{"uniquechat", moll, nil, "r9k_on", "This room is now in unique-chat mode."},
	{"r9kbeta", moll, nil, "r9k_on", ""},
	{"r9kbeta", moll, modes(chat.Modes{Unique: true}), "already_r9k_on", "This room is already in unique-chat mode."},
	{"uniquechat 1", moll, nil, "usage_r9k_on", ""},
	{"uniquechatoff", moll, modes(chat.Modes{Unique: true}), "r9k_off", "This room is no longer in unique-chat mode."},
	{"r9kbetaoff", moll, nil, "already_r9k_off", "This room is not in unique-chat mode."},
	{"r9kbetaoff 1", moll, nil, "usage_r9k_off", ""},

	{"clear", moll, nil, "", ""},
	{"clear all", moll, nil, "usage_clear", ""},
	{"clear", bob, nil, "no_permission", ""},

	{"delete m-1", moll, line(eve, 0), "delete_message_success", "The message from Eve is now deleted."},
	{"delete m-1", moll, line(moll, chat.Moderator), "delete_message_success", ""},
	{"delete m-1", alice, line(moll, chat.Moderator), "delete_message_success", ""},
	{"delete m-1", moll, line(moe, chat.Moderator), "bad_delete_message_mod", "You cannot delete messages from another moderator Moe."},
	{"delete m-1", moll, line(alice, 0), "bad_delete_message_broadcaster", "You cannot delete the broadcaster's messages."},
	{"delete m-2", moll, line(eve, 0), "bad_delete_message_error", ""},
	{"delete m-1", moll, nil, "bad_delete_message_error", ""},
	{"delete", moll, nil, "usage_delete", ""},
	{"delete m-1", bob, line(bob, 0), "no_permission", ""},

	{"approve m-1", moll, holds(nil), "approve_success", "The message from Eve is published."},
	{"approve m-1", moll, holds(timedOutMember), "bad_approve_banned", ""},
	{"approve m-1", moll, holds(bannedMember), "bad_approve_banned", "Eve is banned or timed out by now. The message is not published."},
	{"approve m-1", moll, holds(expiredMember), "approve_success", ""},
	{"approve m-1", moll, nil, "bad_held_unknown", ""},
	{"approve", moll, nil, "usage_approve", ""},
	{"approve m-1", bob, holds(nil), "no_permission", ""},
	{"deny m-1", alice, holds(bannedMember), "deny_success", "The message from Eve is refused."},
	{"deny m-1", moll, nil, "bad_held_unknown", ""},
	{"deny", moll, nil, "usage_deny", ""},
	{"deny m-1", vic, holds(nil), "no_permission", ""},

	{"color #c0ffee", bob, nil, "color_changed", "Your color has been changed."},
	{"color BlueViolet", bob, nil, "color_changed", ""},
	{"color blue_violet", bob, nil, "color_changed", ""},
	{"color #c0ffee", bob, func(c *Call) { c.Limits.HexColors = false }, "turbo_only_color",
		"Only turbo users can specify an arbitrary hex color. Use one of the following instead: Blue, BlueViolet, CadetBlue, Chocolate, Coral, DodgerBlue, Firebrick, GoldenRod, Green, HotPink, OrangeRed, Red, SeaGreen, SpringGreen, YellowGreen."},
	{"color #c0ffeg", bob, nil, "usage_color", ""},
	{"color beige", bob, nil, "usage_color", ""},
	{"color", bob, nil, "usage_color", ""},

	{"announce hear ye", moll, nil, "", ""},
	{"announcegreen hear ye", alice, nil, "", ""},
	{"announce", moll, nil, "usage_announce", ""},
	{"announceblue", moll, nil, "usage_announceblue", ""},
	{"announce hear ye", bob, nil, "no_permission", ""},

	{"raid bob", alice, nil, "raid_success", "You started to raid Bob."},
	{"raid alice", alice, nil, "raid_error_self", "A channel cannot raid itself."},
	{"raid bob", alice, func(c *Call) { c.Raiding = "eve" }, "raid_error_already_raiding", "You already have a raid in progress."},
	{"raid bob", alice, func(c *Call) { c.RaidOff = true }, "raid_error_unexpected", "There was a problem raiding bob. Please try again in a minute."},
	{"raid bob", alice, func(c *Call) { c.Goal.Room = &store.Room{Suspended: true} }, "raid_error_forbidden", "You cannot raid this channel."},
	{"raid bob", alice, func(c *Call) { c.Goal.Member = bannedMember }, "raid_error_forbidden", ""},
	{"raid bob", alice, func(c *Call) { c.Limits.RaidViewersMax = 6 }, "raid_error_too_many_viewers", ""},
	{"raid nobody", alice, nil, "raid_error_unexpected", "There was a problem raiding nobody. Please try again in a minute."},
	{"raid", alice, nil, "usage_raid", ""},
	{"raid bob", moll, nil, "no_permission", ""},
	{"unraid", alice, func(c *Call) { c.Raiding = "bob" }, "unraid_success", "The raid has been cancelled."},
	{"unraid", alice, nil, "unraid_error_no_active_raid", "You do not have an active raid."},
	{"unraid now", alice, nil, "usage_unraid", ""},

	{"w eve psst", bob, nil, "", ""},
	{"whisper eve psst", bob, nil, "", ""},
	{"w eve", bob, nil, "usage_whisper", `Usage: "/w <username> <message>"`},
	{"w", bob, nil, "usage_whisper", ""},
	{"w bob psst", bob, nil, "whisper_invalid_self", "You cannot whisper to yourself."},
	{"w nobody psst", bob, nil, "whisper_invalid_login", "No user matching that username."},
	{"w justinfan5 psst", bob, nil, "whisper_invalid_login", ""},
	{"w eve psst", bob, func(c *Call) { c.Banned = true }, "whisper_banned", "You have been banned from sending whispers."},
	{"w eve psst", bob, func(c *Call) { c.Target.Banned = true }, "whisper_banned_recipient", "That user has been banned from receiving whispers."},
	{"w eve psst", bob, func(c *Call) { c.Spent = SpentSecond }, "whisper_limit_per_sec", "You are sending whispers too fast. Try again in a second."},
	{"w eve psst", bob, func(c *Call) { c.Spent = SpentMinute }, "whisper_limit_per_min", "You are sending whispers too fast. Try again in a minute."},

	{"help", bob, nil, "cmds_available", "Commands available to you in this room (use /help <command> for details): /help /me /w /color /mods /vips"},
	{"help ban", bob, nil, "usage_ban", ""},
	{"help /me", bob, nil, "usage_me", ""},
	{"help help", bob, nil, "usage_help", ""},
	{"help hosting", bob, nil, "no_help", "No help available."},
}
