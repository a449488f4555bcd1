package command

import (
	"slices"
	"strings"
	"testing"

	"uproar/core/chat"
)

// settledBy are the ids of a NOTICE that settle the promise of each of tmi.js's
// commands. Source: tmi.js 1.8.5, lib/client.js; it has none for /untimeout, /announce
// and /raid.
var settledBy = map[string]string{
	"ban":            "ban_success already_banned bad_ban_anon bad_ban_broadcaster bad_ban_mod bad_ban_self usage_ban",
	"timeout":        "timeout_success usage_timeout bad_timeout_anon bad_timeout_broadcaster bad_timeout_duration bad_timeout_mod bad_timeout_self",
	"unban":          "unban_success untimeout_success usage_unban bad_unban_no_ban",
	"mod":            "mod_success usage_mod bad_mod_banned bad_mod_mod",
	"unmod":          "unmod_success usage_unmod bad_unmod_mod",
	"vip":            "vip_success usage_vip bad_vip_grantee_banned bad_vip_grantee_already_vip bad_vip_max_vips_reached",
	"unvip":          "unvip_success usage_unvip bad_unvip_grantee_not_vip",
	"mods":           "room_mods no_mods usage_mods",
	"vips":           "vips_success no_vips usage_vips",
	"slow":           "usage_slow_on",
	"slowoff":        "usage_slow_off",
	"followers":      "",
	"followersoff":   "",
	"subscribers":    "subs_on already_subs_on usage_subs_on",
	"subscribersoff": "subs_off already_subs_off usage_subs_off",
	"emoteonly":      "emote_only_on already_emote_only_on usage_emote_only_on",
	"emoteonlyoff":   "emote_only_off already_emote_only_off usage_emote_only_off",
	"uniquechat":     "r9k_on already_r9k_on usage_r9k_on",
	"uniquechatoff":  "r9k_off already_r9k_off usage_r9k_off",
	"clear":          "usage_clear",
	"delete":         "delete_message_success usage_delete bad_delete_message_error bad_delete_message_broadcaster bad_delete_message_mod",
	"color":          "color_changed usage_color turbo_only_color",
	"w":              "whisper_invalid_login whisper_invalid_self whisper_limit_per_min whisper_limit_per_sec",
}

// settledByAny settle every promise but that of color.
const settledByAny = "no_permission msg_banned msg_channel_suspended tos_ban invalid_user"

// unknownToTmi are Twitch's answers that tmi.js 1.8.5 hands to its "notice" event and
// does not connect with a promise: that is settled by tmi.js's own deadline, to which
// it rejects a command and resolves a whisper.
const unknownToTmi = `bad_slow_duration already_slow_on already_slow_off
	already_followers_on already_followers_off usage_followers_on usage_followers_off
	usage_whisper whisper_banned whisper_banned_recipient`

// timedOutWhileBanned is the same, of one command alone: tmi.js knows the id of /ban.
const timedOutWhileBanned = "already_banned"

func TestEveryAnswerSettlesThePromiseOfTmi(t *testing.T) {
	for _, e := range examples {
		cmd, call := scene(&e)
		ids, known := settledBy[cmd.Name]
		if !known {
			continue
		}
		v := cmd.Judge(call)
		id := v.Notice.MsgID
		switch {
		case settlesByEvent(v), contains(ids, id):
		case contains(settledByAny, id) && cmd.Name != "color":
		case contains(unknownToTmi, id), cmd.Name == "timeout" && id == timedOutWhileBanned:
		case id == "" && v.Whisper != nil:
		default:
			t.Errorf("%q: %q leaves the promise of %s open", e.line, id, cmd.Name)
		}
	}
}

// settlesByEvent reports whether the room is told what tmi.js waits for: CLEARCHAT
// without a user, ROOMSTATE of slow or followers, or the notice of another mode.
func settlesByEvent(v Verdict) bool {
	for _, e := range v.Events {
		switch e := e.(type) {
		case *chat.Clearing:
			return e.Target == nil
		case *chat.ModeChange:
			byState := e.Mode == chat.ModeSlow || e.Mode == chat.ModeFollowers
			return byState || slices.ContainsFunc([]string{"subs_", "emote_only_", "r9k_"}, func(prefix string) bool {
				return e.Notice.MsgID == prefix+"on" || e.Notice.MsgID == prefix+"off"
			})
		}
	}
	return false
}

func contains(ids, id string) bool { return slices.Contains(strings.Fields(ids), id) }
