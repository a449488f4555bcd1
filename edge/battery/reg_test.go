package battery

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

var regCases = []battery{
	{name: "01-reg-auth", over: both, run: regAuth},
	{name: "02-reg-anon-nopass", over: both, run: regAnonNoPass},
	{name: "03-reg-anon-anypass", over: both, run: regAnonAnyPass},
	{name: "04-reg-globaluserstate", over: both, run: regGlobalUserState},
	{name: "05-reg-nick-first", over: both, run: regNickFirst},
	{name: "06-reg-pass-noprefix", over: both, run: regPassNoPrefix},
	{name: "07-reg-badtoken", over: both, run: regBadToken},
	{name: "07-reg-too-often", over: both, run: regTooOften},
	{name: "08-reg-badnick", over: both, run: regBadNick},
	{name: "09-reg-nick-twice", over: both, run: regNickTwice},
	{name: "10-reg-user-ignored", over: both, run: regUserIgnored},
	{name: "11-reg-no-early-bytes", over: both, run: regNoEarlyBytes},
	{name: "12-reg-idle", over: both, run: regIdle},
	{name: "13-reg-case", over: both, run: regCase},
}

func regAuth(t *testing.T, w world) {
	nick := fresh("bob")
	c := w.dial(t)
	c.send("PASS oauth:anything", "NICK "+nick)
	c.want(welcome(nick)...)
	c.wantNothing()
}

func regAnonNoPass(t *testing.T, w world) {
	c := w.dial(t)
	c.req(capBot)
	c.send("NICK justinfan123")
	c.want(welcome("justinfan123")...)
	c.wantNothing()
}

func regAnonAnyPass(t *testing.T, w world) {
	for _, pass := range []string{"blah", "SCHMOOPIIE", "oauth:59301"} {
		c := w.dial(t)
		c.send("PASS "+pass, "NICK justinfan1")
		c.want(welcome("justinfan1")...)
		c.wantNothing()
	}
}

func regGlobalUserState(t *testing.T, w world) {
	nick := fresh("bob")
	before := w.dial(t)
	before.req(capBot)
	before.send("PASS oauth:x", "NICK "+nick)
	before.want(welcome(nick)...)
	m := before.wantMsg("GLOBALUSERSTATE")
	before.wantKeys(m, "badge-info", "badges", "color", "display-name", "emote-sets", "turbo", "user-id", "user-type")
	if m.prefix != "tmi.twitch.tv" || m.tags["user-id"] == "" || m.tags["display-name"] == "" {
		t.Errorf("GLOBALUSERSTATE %q lacks its prefix, user-id or display-name", m.raw)
	}
	before.wantNothing()

	after := w.login(t, fresh("bob"), "")
	after.req(capBot)
	after.wantNothing()
}

const badAuth = ":tmi.twitch.tv NOTICE * :Improperly formatted auth"

func regNickFirst(t *testing.T, w world) {
	c := w.dial(t)
	c.send("NICK "+fresh("bob"), "PASS oauth:late")
	c.want(badAuth)
	c.wantEnd(patience)
}

func regPassNoPrefix(t *testing.T, w world) {
	c := w.dial(t)
	c.send("PASS abc", "NICK "+fresh("bob"))
	c.want(badAuth)
	c.wantEnd(patience)
}

// withTokens is a server that knows one token, of bob.
func withTokens(t *testing.T, w world, more ...string) world {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(file, []byte("bobs_token bob BoB\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return w.own(t, append(more, "--auth=tokens", "--tokens="+file)...)
}

func regBadToken(t *testing.T, w world) {
	w = withTokens(t, w)
	c := w.dial(t)
	c.req(capBot)
	c.send("PASS oauth:wrong", "NICK bob")
	c.want(":tmi.twitch.tv NOTICE * :Login authentication failed")
	c.wantEnd(patience)
	w.wantClosed(t, 1, "auth")
}

// regTooOften logs in once too often. What another says under its name does not count.
func regTooOften(t *testing.T, w world) {
	w = withTokens(t, w, "--auth-limit=2/1m")
	for range 5 {
		c := w.dial(t)
		c.send("PASS oauth:wrong", "NICK bob")
		c.want(":tmi.twitch.tv NOTICE * :Login authentication failed")
	}
	for range 2 {
		c := w.dial(t)
		c.send("PASS oauth:bobs_token", "NICK bob")
		c.want(":tmi.twitch.tv 001 bob :Welcome, GLHF!")
	}
	c := w.dial(t)
	c.send("PASS oauth:bobs_token", "NICK bob")
	c.want(":tmi.twitch.tv NOTICE * :Login unsuccessful")
	c.wantEnd(patience)
}

func regBadNick(t *testing.T, w world) {
	for _, nick := range []string{"b@d", "_bob", "bob-", "abcdefghijklmnopqrstuvwxyz"} {
		c := w.dial(t)
		c.send("PASS oauth:x", "NICK "+nick)
		c.want(":tmi.twitch.tv NOTICE * :Invalid NICK")
		c.wantEnd(patience)
	}
}

func regNickTwice(t *testing.T, w world) {
	c := w.login(t, fresh("bob"), "")
	c.send("NICK " + fresh("other"))
	c.want(":tmi.twitch.tv NOTICE * :NICK already set")
	c.wantEnd(patience)
}

func regUserIgnored(t *testing.T, w world) {
	nick := fresh("bob")
	c := w.dial(t)
	c.send("USER "+nick+" 8 * :"+nick, "PASS oauth:x", "NICK "+nick, "USER "+nick+" 8 * :"+nick)
	c.want(welcome(nick)...)
	c.send("USER again 8 * :again")
	c.wantNothing()
	c.send("PASS oauth:again") // ignored after registration as well
	c.wantNothing()
}

func regNoEarlyBytes(t *testing.T, w world) {
	c := w.dial(t)
	if line, err := c.read(2 * time.Second); !isTimeout(err) {
		t.Fatalf("before any input the server sent %q (%v), want silence", line, err)
	}
}

func regIdle(t *testing.T, w world) {
	w = w.own(t, "--register-timeout=1s")
	start := time.Now()
	silent := w.dial(t)
	half := w.dial(t)
	half.send("CAP LS 302", "PASS oauth:x")
	half.wantMsg("CAP", "*", "LS")
	stays := w.login(t, fresh("bob"), "")

	silent.wantEnd(2 * patience)
	if idle := time.Since(start); idle < 900*time.Millisecond {
		t.Errorf("closed after %v, before the register timeout of 1 s", idle)
	}
	half.wantEnd(2 * patience)
	w.wantClosed(t, 2, "register_timeout")
	stays.wantNothing()
}

func regCase(t *testing.T, w world) {
	w = withTokens(t, w)
	for _, nick := range []string{"BoB", "bob", "somebody"} { // the token decides
		c := w.dial(t)
		c.send("PASS oauth:bobs_token", "NICK "+nick)
		c.want(welcome("bob")...)
	}
	c := w.dial(t)
	c.req(capBot)
	c.send("PASS oauth:bobs_token", "NICK bob")
	c.want(welcome("bob")...)
	if m := c.wantMsg("GLOBALUSERSTATE"); m.tags["display-name"] != "BoB" {
		t.Errorf("display-name is %q, want the token file's %q", m.tags["display-name"], "BoB")
	}
}
