package battery

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"uproar/core/store/redistest"
)

var resumeCases = []battery{
	{name: "87-resume-missed", over: both, run: resumeMissed},
	{name: "87-resume-own", over: both, run: resumeOwn},
	{name: "87-resume-unknown", over: both, run: resumeUnknown},
	{name: "87-resume-events", over: tcpOnly, run: resumeEvents},
	{name: "87-resume-at-full-speed", over: both, run: resumeAtFullSpeed, alone: true},
}

const capReader = capBot + " " + capResume

// resumes is a client that comes back into room behind a line, up to its ROOMSTATE.
func (w world) resumes(t testing.TB, nick, room, id string) *client {
	t.Helper()
	c := w.login(t, nick, capReader)
	c.send("@uproar/resume=" + id + " JOIN " + room)
	c.wantBurst(room)
	return c
}

func resumeMissed(t *testing.T, w world) {
	room := "#" + fresh("room")
	ann := w.bot(t, room)
	reader := w.login(t, fresh("reader"), capReader)
	reader.join(room)
	ann.say(room, "seen")
	last := reader.wantLine(room, ann.nick, "seen").tags["id"]
	reader.conn.Close()
	for n := range 15 {
		ann.say(room, fmt.Sprint("missed ", n))
	}
	for range 2 { // behind the same line there is the same
		back := w.resumes(t, reader.nick, room, last)
		var line message
		for n := range 15 {
			line = back.wantLine(room, ann.nick, fmt.Sprint("missed ", n))
		}
		back.wantNothing()
		if line.tags["user-id"] == "" || line.tags["id"] == "" {
			t.Errorf("a line that was missed lacks its tags: %q", line.raw)
		}
		w.resumes(t, reader.nick, room, line.tags["id"]).wantNothing()
	}
	back := w.resumes(t, reader.nick, room, last)
	ann.say(room, "live")
	for n := range 15 {
		back.wantLine(room, ann.nick, fmt.Sprint("missed ", n))
	}
	back.wantLine(room, ann.nick, "live")
	back.wantNothing()
}

// resumeOwn wants the lines of who comes back too: it cannot know which were accepted.
func resumeOwn(t *testing.T, w world) {
	room := "#" + fresh("room")
	ann := w.bot(t, room)
	bob := w.login(t, fresh("bob"), capReader)
	bob.join(room)
	ann.say(room, "one")
	last := bob.wantLine(room, ann.nick, "one").tags["id"]
	bob.say(room, "two")
	ann.wantLine(room, bob.nick, "two")
	ann.say(room, "three")
	bob.conn.Close()
	back := w.resumes(t, bob.nick, room, last)
	back.wantLine(room, bob.nick, "two")
	back.wantLine(room, ann.nick, "three")
	back.wantNothing()
}

func resumeUnknown(t *testing.T, w world) {
	room := "#" + fresh("room")
	ann := w.bot(t, room)
	ann.say(room, "unseen")
	for _, id := range []string{"00000000-0000-4000-8000-000000000000", "nonsense", strings.Repeat("x", 200)} {
		c := w.resumes(t, fresh("reader"), room, id)
		if m := c.wantNotice(room, "uproar_gap"); !strings.Contains(m.text(), "may not have reached you") {
			t.Errorf("told of the gap by %q", m.raw)
		}
		c.wantNothing()
		ann.say(room, "behind "+id[:4])
		c.wantLine(room, ann.nick, "behind "+id[:4])
	}
	for _, join := range []string{"JOIN ", "@uproar/resume= JOIN "} {
		c := w.login(t, fresh("reader"), capReader)
		c.send(join + room)
		c.wantBurst(room)
		c.wantNothing()
	}
	c := w.login(t, fresh("reader"), capBot) // without the capability
	c.send("@uproar/resume=nonsense JOIN " + room)
	c.wantBurst(room)
	c.wantNothing()
}

// resumeEvents wants what is no line in its place among the lines.
func resumeEvents(t *testing.T, w world) {
	room := "#" + fresh("room")
	boss := w.login(t, room[1:], capAll)
	boss.join(room)
	ann := w.bot(t, room)
	reader := w.login(t, fresh("reader"), capReader)
	reader.join(room)
	ann.say(room, "one")
	last := reader.wantLine(room, ann.nick, "one").tags["id"]
	reader.conn.Close()
	boss.send("PRIVMSG " + room + " :/clear")
	ann.wantMsg("CLEARCHAT", room)
	ann.say(room, "two")
	boss.send("PRIVMSG " + room + " :/announce three")
	ann.wantMsg("USERNOTICE", room)
	ann.say(room, "four")
	back := w.resumes(t, reader.nick, room, last)
	back.wantMsg("CLEARCHAT", room)
	back.wantLine(room, ann.nick, "two")
	last = back.wantMsg("USERNOTICE", room).tags["id"]
	back.wantLine(room, ann.nick, "four")
	back.wantNothing()
	back = w.resumes(t, reader.nick, room, last) // an announcement has an id too
	back.wantLine(room, ann.nick, "four")
	back.wantNothing()
}

// resumeAtFullSpeed lets readers come back again and again, each time after a random
// number of lines, while lines are said as fast as the readers follow: each must read
// every line once, in order, and be told of no gap.
func resumeAtFullSpeed(t *testing.T, w world) {
	w = w.own(t, unlimited()...)
	restless(t, 6000, 4, w)
}

// TestReaderWhoRoamsReadsEachLineOnce is resumeAtFullSpeed over two processes on one
// Redis, of which the readers take any each time. The last one out leaves a process
// without members of the room, which then has to ask what was said.
func TestReaderWhoRoamsReadsEachLineOnce(t *testing.T) {
	args := append(unlimited(), "--redis="+redistest.Start(t).Addr)
	worlds := []world{world{over: overTCP}.own(t, args...), world{over: overWS}.own(t, args...)}
	for _, readers := range []int{1, 4} {
		t.Run(fmt.Sprint("readers ", readers), func(t *testing.T) { restless(t, 3000, readers, worlds...) })
	}
}

// restless has lines said in the first world, and readers follow them through all.
func restless(t *testing.T, lines, readers int, worlds ...world) {
	const ahead = 300 // fewer lines than a resume is sent
	room := "#" + fresh("room")
	speaker := world{srv: worlds[0].srv, over: overTCP}.bot(t)
	read := make([]atomic.Int64, readers)
	var all sync.WaitGroup
	for i := range readers {
		reader := worlds[i%len(worlds)].login(t, fresh("reader"), capReader)
		reader.join(room)
		all.Go(func() { follow(reader, worlds, room, lines, &read[i]) })
	}
	slowest := func() int {
		n := int64(lines)
		for i := range read {
			n = min(n, read[i].Load())
		}
		return int(n)
	}
	for said, end := 0, time.Now().Add(60*time.Second); said < lines && !t.Failed(); {
		burst := min(1+rand.IntN(50), lines-said)
		if said+burst > slowest()+ahead {
			time.Sleep(time.Millisecond)
			if time.Now().After(end) {
				t.Fatalf("the slowest reader stands at line %d of %d", slowest(), said)
			}
			continue
		}
		var batch []string
		for range burst {
			batch = append(batch, fmt.Sprintf("PRIVMSG %s :%d", room, said))
			said++
		}
		speaker.send(batch...)
		for range burst {
			speaker.wantMsg("USERSTATE", room)
		}
	}
	all.Wait()
}

// follow reads all lines of a room over one connection after another.
func follow(c *client, worlds []world, room string, lines int, read *atomic.Int64) {
	last := ""
	for next := 0; ; {
		for range min(1+rand.IntN(200), lines-next) {
			m := c.wantMsg("PRIVMSG", room, fmt.Sprint(next))
			last = m.tags["id"]
			next++
			read.Store(int64(next))
		}
		c.conn.Close()
		if next == lines {
			return
		}
		if rand.IntN(2) == 0 {
			time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
		}
		c = worlds[rand.IntN(len(worlds))].resumes(c.t, c.nick, room, last)
	}
}
