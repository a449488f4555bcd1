package battery

import (
	"strings"
	"testing"
	"time"

	"uproar/core/store/redisstore"
	"uproar/core/store/redistest"
	"uproar/edge/edgetest"
)

// keeping is where the servers of a world keep their state. The zero keeping is the
// embedded store, in memory.
type keeping struct {
	redis []string // addresses
	mode  redisstore.Mode
}

// redisEnv is the environment in the keys of the tests.
const redisEnv = "battery"

// args are the flags that choose the keeping. On Redis the deadlines are wider than by
// default: these cases ask what is decided, on a machine that runs all of them at once,
// and the cases about deadlines live elsewhere.
func (k keeping) args() []string {
	if len(k.redis) == 0 {
		return nil
	}
	return []string{
		"--redis=" + strings.Join(k.redis, ","), "--redis-mode=" + string(k.mode), "--env=" + redisEnv,
		"--store-timeout=800ms", "--clue-timeout=950ms", "--edge-timeout=2s",
	}
}

// moderationCases are the cases that state decides, which every keeping must pass.
var moderationCases = []battery{
	{name: "33-join-missing", over: tcpOnly, run: joinMissing},
	{name: "33-join-created", over: tcpOnly, run: joinCreated},
	{name: "34-api-hot", over: tcpOnly, run: hotRooms},
	{name: "34-join-suspended", over: tcpOnly, run: joinSuspended},
	{name: "34-api-bites", over: tcpOnly, run: apiBites},
	{name: "35-join-banned", over: both, run: joinBanned},
	{name: "40-ban-parts", over: both, run: banParts},
	{name: "49-msg-dup-mod", over: both, run: duplicateOfModerator},
	{name: "50-msg-gap", over: tcpOnly, run: msgGap},
	{name: "50-msg-timeout", over: tcpOnly, run: msgTimeout},
	{name: "50-msg-siteban", over: both, run: siteBanned},
	{name: "50-msg-terms", over: tcpOnly, run: msgTerms},
	{name: "50-msg-held", over: tcpOnly, run: msgHeld},
	{name: "50-msg-links", over: tcpOnly, run: msgLinks},
	{name: "50-msg-verified", over: tcpOnly, run: msgVerified},
	{name: "51-msg-slow", over: both, run: msgSlow},
	{name: "51-msg-emoteonly", over: tcpOnly, run: msgEmoteOnly},
	{name: "51-msg-subsonly", over: tcpOnly, run: msgSubscribersOnly},
	{name: "51-msg-followers", over: tcpOnly, run: msgFollowers},
	{name: "51-msg-r9k", over: both, run: msgUnique},
	{name: "53-msg-emote-astral", over: tcpOnly, run: msgEmotes},
	{name: "54-cmd-rosters", over: tcpOnly, run: cmdRosters},
	{name: "55-roomstate-partial", over: both, run: roomStatePartial},
	{name: "55-roomstate-race", over: tcpOnly, run: joinRace},
	{name: "35-join-banned-race", over: tcpOnly, run: banRace},
	{name: "56-clearmsg-order", over: both, run: clearMsgOrder},
	{name: "56-clearchat-forms", over: tcpOnly, run: clearChatForms},
}

// TestModerationOnRedis is the moderation cases over each way to keep state on Redis.
// TestBattery runs them over the embedded store.
func TestModerationOnRedis(t *testing.T) {
	for _, topology := range []struct {
		name  string
		mode  redisstore.Mode
		start func(testing.TB) []*redistest.Server
	}{
		{"one server", redisstore.ModeSingle, func(t testing.TB) []*redistest.Server { return redistest.StartMany(t, 1) }},
		{"three servers", redisstore.ModeSharded, func(t testing.TB) []*redistest.Server { return redistest.StartMany(t, 3) }},
		{"cluster", redisstore.ModeCluster, func(t testing.TB) []*redistest.Server { return redistest.StartCluster(t, 3) }},
	} {
		t.Run(topology.name, func(t *testing.T) {
			t.Parallel()
			servers := topology.start(t)
			t.Cleanup(func() { // after the cases, before the servers end
				for _, s := range servers {
					if keys := s.Do("DBSIZE"); keys == ":0" {
						t.Errorf("the redis-server at %s was never used", s.Addr)
					}
				}
			})
			keeps := keeping{redis: redistest.Addrs(servers), mode: topology.mode}
			w := world{over: overTCP, keeps: keeps}
			w.srv = edgetest.Start(t, append(keeps.args(), sharedArgs...)...)
			for _, c := range moderationCases {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					c.run(t, w)
				})
			}
		})
	}
}

// owner is the broadcaster of a room, outside it: it hears the answers to its commands
// and nothing else.
func (w world) owner(t testing.TB, room string) *client {
	t.Helper()
	return w.login(t, room[1:], capBot)
}

// command sends a command that must be answered, next, with this msg-id.
func (c *client) command(room, text, msgID string) message {
	c.t.Helper()
	c.send("PRIVMSG " + room + " :" + text)
	return c.wantNotice(room, msgID)
}

// refused sends a line that must be refused with this msg-id and text.
func (c *client) refused(room, text, msgID, reads string) {
	c.t.Helper()
	if m := c.command(room, text, msgID); m.text() != reads {
		c.t.Errorf("NOTICE %s reads\n got %q\nwant %q", msgID, m.text(), reads)
	}
}

// awaitSay sends lines until one is accepted; those before must be refused with this
// msg-id. It returns the time until then from since.
func (c *client) awaitSay(room, msgID string, since time.Time) time.Duration {
	c.t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for ; time.Since(since) < patience; <-tick.C {
		c.send("PRIVMSG " + room + " :" + fresh("may I"))
		m := parse(c.next())
		if m.command == "USERSTATE" {
			return time.Since(since)
		}
		if m.tags["msg-id"] != msgID {
			c.fatalf("got %q, want msg-id=%s or USERSTATE", m.raw, msgID)
		}
	}
	c.fatalf("still refused with %s after %v", msgID, patience)
	return 0
}
