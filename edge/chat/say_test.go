package chat

import (
	"testing"

	"uproar/core/chat"
	"uproar/core/clue"
	"uproar/edge/engine"
)

func TestModeIsToldToWhoSetItFromOutside(t *testing.T) {
	h := newHall(t, engine.Config{})
	in := h.member(WireTCP, withTags, "ann")
	out := h.guest(WireTCP, withTags+"PASS oauth:x\r\nNICK room\r\n")
	out.read()
	change := &chat.ModeChange{Place: chat.Place{Room: "room"}, Mode: chat.ModeSlow, Notice: chat.Notice{MsgID: "slow_on", Text: "slow"}}
	for _, g := range []*guest{in, out} {
		g.do("PRIVMSG #room :/slow\r\n")
		said := h.said[len(h.said)-1]
		h.hub.Decided([]clue.Decision{{
			Outcome: clue.Told, Room: "room", Origin: said.Origin, Ticket: said.Ticket, Events: []chat.Event{change},
		}})
		h.loop.Turn(func() {})
	}
	if got := string(in.read()); got != "" {
		t.Errorf("a member was told twice: %q", got)
	}
	if got, want := string(out.read()), "@msg-id=slow_on :tmi.twitch.tv NOTICE #room :slow\r\n"; got != want {
		t.Errorf("read %q, want %q", got, want)
	}
}
