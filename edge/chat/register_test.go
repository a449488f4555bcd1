package chat

import (
	"testing"

	"uproar/edge/engine"
)

func TestTooManyLoginsAreRefused(t *testing.T) {
	h := newHall(t, engine.Config{})
	g := h.guest(WireTCP, "PASS oauth:x\r\nNICK hasty\r\n")
	if got := string(g.read()); got != ":tmi.twitch.tv NOTICE * :Login unsuccessful\r\n" || g.user != nil || g.conn.Open() {
		t.Fatalf("read %q", got)
	}
}
