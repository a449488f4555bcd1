package load

import (
	"bytes"
	"testing"
)

func TestTextRoundTrip(t *testing.T) {
	for _, size := range []int{TextBytesMin, 100, 500} {
		text := appendText(nil, 4294967295, 1234567890123456789, size)
		seq, due, ok := parseText(text, size)
		if !ok || seq != 4294967295 || due != 1234567890123456789 || len(text) != size {
			t.Errorf("size %d: got %d, %d, %v from %q", size, seq, due, ok, text)
		}
	}
}

func TestTextWithAnyByteChangedIsWrong(t *testing.T) {
	text := appendText(nil, 7, 99, 60)
	for i := range text {
		bad := bytes.Clone(text)
		bad[i] = '\t'
		if _, _, ok := parseText(bad, 60); ok {
			t.Errorf("byte %d changed, and nobody saw it", i)
		}
	}
	if _, _, ok := parseText(text[:59], 60); ok {
		t.Error("a cut text passed")
	}
}

func TestNextFrameWaitsForTheWholeFrame(t *testing.T) {
	long := append([]byte{0x81, 126, 0, 200}, bytes.Repeat([]byte{'a'}, 200)...)
	for n := range long {
		if _, _, size, err := nextFrame(long[:n], false); size != 0 || err != nil {
			t.Fatalf("%d of %d bytes: size %d, %v", n, len(long), size, err)
		}
	}
	op, payload, size, err := nextFrame(append(long, 0x89, 0), false)
	if op != opText || len(payload) != 200 || size != 204 || err != nil {
		t.Errorf("got op %d, %d bytes, size %d, %v", op, len(payload), size, err)
	}
}

func TestNextFrameRefusesWhatWasNotNegotiated(t *testing.T) {
	for name, b := range map[string][]byte{
		"masked": {0x81, 0x80, 1, 2, 3, 4}, "compressed": {0xc1, 1, 'a'}, "fragment": {0x01, 1, 'a'}, "binary": {0x82, 1, 'a'},
	} {
		if _, _, _, err := nextFrame(b, false); err == nil {
			t.Errorf("%s frame was taken", name)
		}
	}
}

func TestClientFrameIsMasked(t *testing.T) {
	for _, n := range []int{0, 5, 125, 126, 300} {
		payload := bytes.Repeat([]byte{'q'}, n)
		f := appendFrame(nil, opText, payload)
		head := 6
		if n > 125 {
			head = 8
		}
		if f[1]&0x80 == 0 || len(f) != head+n {
			t.Fatalf("payload of %d: frame of %d bytes starts % x", n, len(f), f[:2])
		}
		for i, c := range f[head:] {
			if c^f[head-4+i%4] != 'q' {
				t.Fatalf("payload of %d: byte %d is not masked with the key", n, i)
			}
		}
	}
}

func TestUpgradeNeedsAcceptAndProtocol(t *testing.T) {
	good := "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nsec-websocket-accept: " + upgradeAccept + "\r\nSec-WebSocket-Protocol: irc\r\n\r\n"
	if !upgraded([]byte(good), "irc") {
		t.Error("a good answer was refused")
	}
	for _, bad := range []string{"HTTP/1.1 200 OK", "xxx", "Protocol: mqtt"} {
		old := map[string]string{"HTTP/1.1 200 OK": "HTTP/1.1 101 Switching Protocols", "xxx": upgradeAccept, "Protocol: mqtt": "Protocol: irc"}[bad]
		if upgraded(bytes.Replace([]byte(good), []byte(old), []byte(bad), 1), "irc") {
			t.Errorf("an answer with %q was taken", bad)
		}
	}
}

func TestCutLine(t *testing.T) {
	l := cutLine([]byte("@a=b;c=d :nick!u@h PRIVMSG #room :hello there"))
	if string(l.tags) != "a=b;c=d" || string(l.prefix) != "nick!u@h" || string(l.command) != "PRIVMSG" || string(l.rest) != "#room :hello there" {
		t.Errorf("got %q %q %q %q", l.tags, l.prefix, l.command, l.rest)
	}
	if l := cutLine([]byte("PING")); string(l.command) != "PING" || l.prefix != nil || l.rest != nil {
		t.Errorf("bare command: %+v", l)
	}
	if l := cutLine(nil); len(l.command) != 0 {
		t.Errorf("empty line: %+v", l)
	}
}

// BenchmarkDelivery is a member that nobody has gone before, and one that follows.
func BenchmarkDelivery(b *testing.B) {
	for name, members := range map[string]int{"first": 1, "following": 2} {
		b.Run(name, func(b *testing.B) {
			s, err := NewSwarm(SwarmConfig{Addr: "127.0.0.1:1", TextBytes: 100})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			s.members = []member{{fd: -1, state: ready, room: s.rooms[0]}, {fd: -1, state: ready, room: s.rooms[0]}}
			s.since = 1 << 62
			head := []byte{0x81, 126, 0, 0}
			data := append(head, ":bench1!bench1@bench1.tmi.twitch.tv PRIVMSG #bench :"...)
			at := len(data)
			for i := 0; b.Loop(); i++ {
				data = append(appendText(data[:at], uint32(i/members+1), 5, 100), '\r', '\n')
				data[2], data[3] = byte((len(data)-4)>>8), byte(len(data)-4)
				if s.consume(i%members, data) != len(data) {
					b.Fatal("not consumed")
				}
			}
			if s.tally.Deliveries != int64(b.N) || s.tally.Reordered+s.tally.Duplicated != 0 {
				b.Fatalf("%d deliveries of %d", s.tally.Deliveries, b.N)
			}
		})
	}
}
