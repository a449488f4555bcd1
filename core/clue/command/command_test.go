package command

import (
	"slices"
	"strings"
	"testing"

	"uproar/core/chat"
	"uproar/core/store"
)

func TestEveryOutcomeHasTwitchsIDAndWords(t *testing.T) {
	for _, e := range examples {
		t.Run(e.by.Login+"/"+e.line+"/"+e.id, func(t *testing.T) {
			cmd, call := scene(&e)
			v := cmd.Judge(call)
			got := answer(v)
			if got.MsgID != e.id {
				t.Fatalf("answer %+v, want id %q", got, e.id)
			}
			if e.text != "" && got.Text != e.text {
				t.Errorf("text %q, want %q", got.Text, e.text)
			}
			if v.Failed != e.failed() {
				t.Errorf("failed %v, want %v", v.Failed, e.failed())
			}
			if strings.HasPrefix(e.id, "usage_") && !strings.HasPrefix(got.Text, "Usage: ") {
				t.Errorf("usage text %q", got.Text)
			}
			whole(t, v)
		})
	}
}

// answer is what the issuer learns: the notice, or what the room is told of a mode.
func answer(v Verdict) chat.Notice {
	for _, e := range v.Events {
		if m, ok := e.(*chat.ModeChange); ok {
			return m.Notice
		}
	}
	return v.Notice
}

// whole checks what holds for every verdict.
func whole(t *testing.T, v Verdict) {
	t.Helper()
	if v.Failed && (v.Changes != nil || v.Events != nil || v.Whisper != nil) {
		t.Errorf("refused, and yet %+v", v)
	}
	if v.Failed && v.Notice.MsgID == "" {
		t.Error("refused without a word")
	}
	if v.Notice.MsgID == "" && v.Events == nil && v.Whisper == nil {
		t.Error("nothing follows, not even an answer")
	}
	for _, e := range v.Events {
		if e.Where().Room == "" || e.Where().Seq != 0 {
			t.Errorf("event with place %+v", e.Where())
		}
	}
	for _, c := range v.Changes {
		if c.Key.Kind == 0 || c.Key.Room == "" && c.Key.Login == "" {
			t.Errorf("change of key %+v", c.Key)
		}
	}
}

// TestEveryKnownIDArises holds the ids that Twitch's page gives for these commands,
// except those that need what Uproar does not have, as the package says.
func TestEveryKnownIDArises(t *testing.T) {
	ids := strings.Fields(`
		ban_success already_banned bad_ban_anon bad_ban_broadcaster bad_ban_mod bad_ban_self usage_ban no_permission invalid_user
		timeout_success bad_timeout_anon bad_timeout_broadcaster bad_timeout_duration bad_timeout_mod bad_timeout_self usage_timeout
		unban_success untimeout_success bad_unban_no_ban timeout_no_timeout untimeout_banned usage_unban usage_untimeout
		mod_success unmod_success bad_mod_banned bad_mod_mod usage_mod bad_unmod_mod usage_unmod
		vip_success unvip_success bad_vip_grantee_banned bad_vip_grantee_already_vip bad_vip_max_vips_reached usage_vip
		bad_unvip_grantee_not_vip usage_unvip room_mods no_mods vips_success no_vips usage_mods usage_vips
		slow_on slow_off usage_slow_on usage_slow_off bad_slow_duration already_slow_on already_slow_off
		followers_on followers_on_zero followers_off usage_followers_on usage_followers_off already_followers_on already_followers_off
		subs_on subs_off already_subs_on already_subs_off usage_subs_on usage_subs_off
		emote_only_on emote_only_off already_emote_only_on already_emote_only_off usage_emote_only_on usage_emote_only_off
		r9k_on r9k_off already_r9k_on already_r9k_off usage_r9k_on usage_r9k_off
		usage_clear delete_message_success bad_delete_message_broadcaster bad_delete_message_mod bad_delete_message_error usage_delete
		color_changed turbo_only_color usage_color
		unraid_success raid_error_already_raiding raid_error_forbidden raid_error_self raid_error_too_many_viewers raid_error_unexpected
		unraid_error_no_active_raid usage_raid usage_unraid
		approve_success deny_success bad_held_unknown bad_approve_banned usage_approve usage_deny
		cmds_available no_help usage_help usage_me
		whisper_banned whisper_banned_recipient whisper_invalid_login whisper_invalid_self whisper_limit_per_min whisper_limit_per_sec usage_whisper`)
	for _, id := range ids {
		arises := slices.ContainsFunc(examples, func(e example) bool {
			cmd, call := scene(&e)
			return answer(cmd.Judge(call)).MsgID == id
		})
		if !arises {
			t.Errorf("no call is answered with %s", id)
		}
	}
}

func TestLookupTakesAnyCaseAndAliases(t *testing.T) {
	for typed, want := range map[string]string{
		"ban": "ban", "Ban": "ban", "r9kbeta": "uniquechat", "R9KBETAOFF": "uniquechatoff", "whisper": "w", "SlowOff": "slowoff",
	} {
		if c, ok := Lookup(typed); !ok || c.Name != want {
			t.Errorf("Lookup(%q) = %v, %v", typed, c, ok)
		}
	}
	for _, typed := range []string{"", "me", "host", "ban ", "/ban", strings.Repeat("b", 1<<20)} {
		if _, ok := Lookup(typed); ok {
			t.Errorf("Lookup(%.40q) found something", typed)
		}
	}
}

func TestHelpListsWhatOneMayUse(t *testing.T) {
	help, _ := Lookup("help")
	for _, tc := range []struct {
		roles     chat.Roles
		has, lack string
	}{
		{0, "/color", "/ban"}, {chat.VIP, "/unvip", "/ban"}, {chat.Moderator, "/ban", "/raid"}, {chat.Broadcaster, "/raid", "/r9kbeta"},
	} {
		got := strings.Fields(help.Judge(&Call{Room: "alice", Issuer: bob, Roles: tc.roles}).Notice.Text)
		if !slices.Contains(got, tc.has) || slices.Contains(got, tc.lack) {
			t.Errorf("roles %b: %v", tc.roles, got)
		}
	}
}

func TestPersonalCommandsWorkInAnyRoom(t *testing.T) {
	var personal []string
	for _, c := range all.list {
		if c.Personal {
			personal = append(personal, c.Name)
		}
	}
	if want := []string{"w", "color", "help"}; !slices.Equal(personal, want) {
		t.Errorf("personal are %v, want %v", personal, want)
	}
}

func TestNeedsNameWhatJudgeLooksAt(t *testing.T) {
	for line, want := range map[string]Needs{
		"ban  @EVE spam":          {Login: "eve"},
		"ban":                     {},
		"ban n@body":              {},
		"vip eve":                 {Login: "eve", VIPs: true},
		"vips":                    {VIPs: true},
		"mods":                    {Mods: true},
		"delete m-1 x":            {Line: "m-1"},
		"approve 0123abcd":        {Held: "0123abcd"},
		"deny " + huge("x"):       {},
		"raid bob":                {Login: "bob", Goal: true, Raiding: true},
		"unraid":                  {Raiding: true},
		"w eve psst":              {Login: "eve", Whispers: true},
		"slow 5":                  {},
		"delete " + huge("x"):     {},
		"ban " + huge("eve") + "": {},
	} {
		name, args, _ := strings.Cut(line, " ")
		c, _ := Lookup(name)
		if got := c.Needs(args); got != want {
			t.Errorf("%.30q needs %+v, want %+v", line, got, want)
		}
	}
}

func huge(s string) string { return strings.Repeat(s, 1000) }

// Under open authentication every valid name is somebody, also a reader's.
func TestJustinfanIsNobodyEvenWithAnAccount(t *testing.T) {
	reader := &chat.User{ID: "9", Login: "justinfan5", Display: "justinfan5"}
	for line, want := range map[string]string{
		"ban justinfan5":    "bad_ban_anon",
		"mod justinfan5":    "invalid_user",
		"vip justinfan5":    "invalid_user",
		"w justinfan5 psst": "whisper_invalid_login",
	} {
		cmd, call := scene(&example{line: line, by: alice, call: func(c *Call) {
			c.Target = Target{User: reader, Member: &store.Member{}}
		}})
		if v := cmd.Judge(call); v.Notice.MsgID != want || !v.Failed {
			t.Errorf("%q: failed is %v with %q, want %q", line, v.Failed, v.Notice.MsgID, want)
		}
	}
}
