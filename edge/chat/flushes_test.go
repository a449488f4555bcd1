package chat

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"uproar/core/chat"
	"uproar/edge/engine"
)

func TestAllPartsOfALargeRoomReadEveryLine(t *testing.T) {
	h := newHall(t, engine.Config{})
	h.hub.partMembersMax = 2
	var members []*guest
	for i := range 5 {
		members = append(members, h.member(Wire(i%4), "", fmt.Sprintf("reader%d", i)))
	}
	l := loopOf(h.loop.Loop)
	if n := len(l.partsOf("room")); n != 3 {
		t.Fatalf("5 members sit in %d parts", n)
	}
	if n := h.hub.Viewers("room"); n != 5 {
		t.Errorf("the room has %d viewers", n)
	}
	h.accept(message(nil, "one"), message(members[0], "two"))
	h.accept(message(nil, "three"))
	for i, g := range members {
		got := string(g.read())
		if i == 0 && strings.Contains(got, ":two") || i > 0 && strings.Count(got, ":two") != 1 {
			t.Errorf("member %d read %q", i, got)
		}
		if one, three := strings.Index(got, ":one"), strings.Index(got, ":three"); one < 0 || three < one || strings.Count(got, "PRIVMSG") != 3-min(1, max(0, 1-i)) {
			t.Errorf("member %d read %q", i, got)
		}
	}
}

func TestWhoComesSitsDownWhereSomebodyLeft(t *testing.T) {
	h := newHall(t, engine.Config{})
	h.hub.partMembersMax = 2
	first := h.member(WireTCP, "", "first")
	for i := range 3 {
		h.member(WireTCP, "", fmt.Sprintf("reader%d", i))
	}
	first.do("PART #room\r\n")
	h.member(WireTCP, "", "last")
	l := loopOf(h.loop.Loop)
	if n := len(l.partsOf("room")); n != 2 {
		t.Errorf("4 members sit in %d parts", n)
	}
	if err := l.check(); err != nil {
		t.Error(err)
	}
}

func TestLongTurnLeavesFlushesToLaterOnes(t *testing.T) {
	h := newHall(t, engine.Config{})
	h.hub.partMembersMax = 1
	l := loopOf(h.loop.Loop)
	members := []*guest{h.member(WireTCP, "", "ann"), h.member(WireTCP, "", "bob"), h.member(WireTCP, "", "cid")}
	l.flushes.turnMax = 0 // every turn is long
	read := map[int]string{}
	take := func() (n int) {
		for i, g := range members {
			if got := string(g.read()); got != "" {
				read[i] += got
				n++
			}
		}
		return n
	}
	h.accept(message(nil, "first"))
	if n := take(); n != 0 {
		t.Fatalf("%d parts were flushed in the turn that was over", n)
	}
	h.hub.Deliver("room", []chat.Event{message(nil, "second")})
	for deadline := time.Now().Add(10 * time.Second); len(read) < len(members) && time.Now().Before(deadline); {
		h.loop.Turn(func() {})
		if n := take(); n > 1 {
			t.Fatalf("%d parts were flushed in one turn", n)
		}
	}
	for i := range members {
		if got := read[i]; strings.Count(got, ":first") != 1 || strings.Count(got, ":second") != 1 {
			t.Errorf("member %d read %q, want what came meanwhile in the same flush", i, got)
		}
	}
}
