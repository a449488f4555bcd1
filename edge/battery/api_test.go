package battery

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// set changes a record through the operators' API, which may ask to try again.
func (w world) set(t testing.TB, path, patch string) {
	t.Helper()
	var status int
	var answer string
	if !eventually(patience, func() bool {
		status, answer = w.patch(t, path, patch)
		return status != http.StatusServiceUnavailable
	}) || status != http.StatusOK {
		t.Fatalf("PATCH %s %s: %d %s", path, patch, status, answer)
	}
}

func (w world) patch(t testing.TB, path, patch string) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, "http://"+w.srv.Admin+path, strings.NewReader(patch))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("cannot reach the API: %v", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("cannot read the API's answer: %v", err)
	}
	return resp.StatusCode, string(text)
}

// ofRoom, ofMember and ofAccount are paths of the API, of a room given with its '#'.
func ofRoom(room string) string          { return "/api/rooms/" + room[1:] }
func ofMember(room, login string) string { return ofRoom(room) + "/members/" + login }
func ofAccount(login string) string      { return "/api/accounts/" + login }

// joinCreated wants a room to open when it is created, and to fall silent when it is no
// longer.
func joinCreated(t *testing.T, w world) {
	room, known := "#"+fresh("room"), "#"+fresh("known")
	w = w.own(t, unlimited("--rooms=created")...)
	w.set(t, ofRoom(known), `{"created":true}`)
	if w.opens(t, room, known) {
		t.Error("a room that nobody has created is open")
	}
	w.set(t, ofRoom(room), `{"created":true}`)
	if !eventually(patience, func() bool { return w.opens(t, room, known) }) {
		t.Fatalf("a room is closed %v after it was created", patience)
	}
	c := w.bot(t, room)
	c.say(room, "first")
	w.set(t, ofRoom(room), `{"created":null}`)
	c.until(room, "msg_channel_suspended")
	if w.opens(t, room, known) {
		t.Error("a room that is created no longer is open")
	}
}

// opens reports whether somebody new who joins a room, and then one that is known to be
// open, gets into both.
func (w world) opens(t testing.TB, room, known string) (opens bool) {
	t.Helper()
	c := w.bot(t)
	c.send("JOIN " + room + "," + known)
	for {
		switch m := parse(c.next()); {
		case m.command == "ROOMSTATE" && m.params[0] == known:
			return opens
		case m.command == "ROOMSTATE" && m.params[0] == room:
			opens = true
		}
	}
}

// until says new texts until one is answered with this msg-id, or accepted if it is
// empty, and returns how long that took.
func (c *client) until(room, msgID string) time.Duration {
	c.t.Helper()
	for began := time.Now(); ; {
		c.send("PRIVMSG " + room + " :" + fresh("now"))
		m := parse(c.next())
		took := time.Since(began)
		switch {
		case m.command == "NOTICE" && m.tags["msg-id"] == msgID, m.command == "USERSTATE" && msgID == "":
			return took
		case took > patience:
			c.fatalf("still %q after %v, want msg-id %q", m.raw, took, msgID)
		}
	}
}

const (
	// biteMax is how long a change that the API has acknowledged may take to bite.
	biteMax = 100 * time.Millisecond
	// biteAttempts: the machine may be busy with something else in one.
	biteAttempts = 10
)

// apiBites wants a change to bite on every edge that shares the state: on another than
// the one that was asked, where there can be two.
func apiBites(t *testing.T, w world) {
	room := "#" + fresh("room")
	asked := w.own(t, unlimited()...)
	other := asked
	if len(w.keeps.redis) > 0 {
		other = w.own(t, unlimited()...)
	}
	c := other.bot(t)
	for attempt := 1; ; attempt++ {
		c.until(room, "") // the edge knows the room well
		asked.set(t, ofRoom(room), `{"suspended":true}`)
		bite := c.until(room, "msg_channel_suspended")
		asked.set(t, ofRoom(room), `{"suspended":false}`)
		lift := c.until(room, "")
		if max(bite, lift) <= biteMax {
			return
		}
		if attempt == biteAttempts {
			t.Fatalf("a suspension bites after %v and is lifted after %v, want at most %v", bite, lift, biteMax)
		}
	}
}

// hotRooms wants the room with the most lines named first.
func hotRooms(t *testing.T, w world) {
	w = w.own(t)
	busy, quiet := "#"+fresh("busy"), "#"+fresh("quiet")
	c := w.bot(t)
	c.say(quiet, "one line")
	for _, text := range []string{"one", "two", "three"} {
		c.say(busy, text)
	}
	resp, err := http.Get("http://" + w.srv.Admin + "/api/hot")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var top struct {
		Rooms []struct {
			Room           string
			LinesPerSecond float64 `json:"lines_per_second"`
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&top); err != nil {
		t.Fatal(err)
	}
	if r := top.Rooms; len(r) != 2 || "#"+r[0].Room != busy || "#"+r[1].Room != quiet || r[0].LinesPerSecond <= r[1].LinesPerSecond {
		t.Errorf("the hottest rooms are %v, want %s before %s", r, busy, quiet)
	}
}

// siteBanned wants an account that is banned from the site to log in, join and read, and
// to speak nowhere.
func siteBanned(t *testing.T, w world) {
	room, nick := "#"+fresh("room"), fresh("eve")
	w.set(t, ofAccount(nick), `{"banned":true}`)
	c, b := w.login(t, nick, capBot), w.bot(t, room)
	const reads = "You don't have permission to perform that action."
	c.refused(room, "outside", "msg_suspended", reads)
	c.join(room)
	c.refused(room, "inside", "msg_suspended", reads)
	c.refused("#"+nick, "at home", "msg_suspended", reads)
	c.refused("#"+nick, "/slow 10", "msg_suspended", reads)
	b.say(room, "can you hear me")
	c.wantLine(room, b.nick, "can you hear me")
	b.wantNothing()
	w.set(t, ofAccount(nick), `{"banned":null}`)
	c.awaitSay(room, "msg_suspended", time.Now())
}

// msgLinks wants links of strangers refused where the room asks for that.
func msgLinks(t *testing.T, w world) {
	room, friend := "#"+fresh("room"), fresh("friend")
	w.set(t, ofRoom(room), `{"no_links":true}`)
	w.set(t, ofMember(room, friend), `{"subscriber":true}`)
	c, sub := w.bot(t), w.login(t, friend, capBot)
	for _, link := range []string{"see example.com/x", "https://example.com"} {
		c.refused(room, link, "msg_rejected_mandatory", "Your message wasn't posted due to conflicts with the channel's moderation settings.")
	}
	c.say(room, "no link. really")
	sub.say(room, "see example.com/x")
}

// msgVerified wants the limits of a known bot, in place of everybody's. Until the server
// has looked it up, a line may draw from everybody's: two of them here.
func msgVerified(t *testing.T, w world) {
	w = w.own(t, "--line-gap=10m", "--rate-limit=2/10m", "--rate-limit-verified=5/10m", "--join-limit=1/10m", "--join-limit-verified=3/10m")
	room, nick := "#"+fresh("room"), fresh("robot")
	w.set(t, ofAccount(nick), `{"verified":true}`)
	robot, viewer := w.login(t, nick, capBot), w.bot(t)
	if n := robot.speaksUntilLimited(room); n < 5 || n > 7 {
		t.Errorf("a verified account may say %d lines, want 5", n)
	}
	if n := viewer.speaksUntilLimited(room); n != 1 {
		t.Errorf("a viewer may say %d lines in one --line-gap", n)
	}
	for n := range 3 {
		if !eventually(patience, robot.enters) {
			t.Errorf("a verified account may join %d rooms, want 3", n)
		}
	}
	if robot.enters() {
		t.Error("a verified account may join a fourth room, want 3")
	}
	if !viewer.enters() || viewer.enters() {
		t.Error("a viewer may not join 1 room, or may join 2")
	}
}

// speaksUntilLimited says lines until one is refused, and returns how many were not.
func (c *client) speaksUntilLimited(room string) int {
	c.t.Helper()
	for n := 0; ; n++ {
		c.send("PRIVMSG " + room + " :" + fresh("line"))
		if m := parse(c.next()); m.command == "NOTICE" && m.tags["msg-id"] == "msg_ratelimit" {
			return n
		} else if m.command != "USERSTATE" {
			c.fatalf("got %q, want USERSTATE or msg-id=msg_ratelimit", m.raw)
		}
	}
}

// enters joins another room and reports whether it may; else it joins too many.
func (c *client) enters() bool {
	c.t.Helper()
	room := "#" + fresh("room")
	c.send("JOIN " + room)
	for {
		switch m := parse(c.next()); {
		case m.command == "ROOMSTATE":
			return true
		case m.command == "NOTICE" && m.tags["msg-id"] == "msg_ratelimit":
			return false
		case m.command == "NOTICE":
			c.fatalf("got %q, want msg-id=msg_ratelimit", m.raw)
		}
	}
}
