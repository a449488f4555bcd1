package load

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"testing"
)

// deflated is a compressed text frame.
func deflated(t testing.TB, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(text)
	w.Flush()
	payload := out.Bytes()[:out.Len()-4] // RFC 7692 section 7.2.1
	if len(payload) < 126 {
		return append([]byte{0xc1, byte(len(payload))}, payload...)
	}
	return append(binary.BigEndian.AppendUint16([]byte{0xc1, 126}, uint16(len(payload))), payload...)
}

func TestCompressedMessagesAreCheckedLikeOthers(t *testing.T) {
	var stream []byte
	seq := 0
	for i, lines := range []int{1, 30, 300, 2} {
		var text []byte
		for range lines {
			seq++
			text = append(text, ":bench1!bench1@bench1.tmi.twitch.tv PRIVMSG #bench :"...)
			text = append(appendText(text, uint32(seq), 5, 100), '\r', '\n')
		}
		if i == 3 { // a message that holds more than lines of chat
			text = append(text, ":x NOTICE #bench :7 lines of this room did not reach you\r\n"...)
		}
		stream = append(stream, deflated(t, text)...)
	}
	all := uint32(seq)
	for _, piece := range []int{1, 100, 3001, len(stream)} {
		s, err := NewSwarm(SwarmConfig{Addr: "127.0.0.1:1", TextBytes: 100, Deflate: true})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			s.members = append(s.members, member{fd: -1, state: ready, room: s.rooms[0]})
		}
		feed(s, 0, stream, len(stream))
		feed(s, 1, stream, piece)
		missed := len(deflated(t, fmt.Appendf(nil, ":bench1!bench1@bench1.tmi.twitch.tv PRIVMSG #bench :%s\r\n", appendText(nil, 1, 5, 100))))
		feed(s, 2, stream[missed:], piece) // does not get the first
		if got := s.tally; got.Deliveries != int64(3*all-1) || got.Told != 21 || got.Packed != 11 || got.Wrong+got.Reordered+got.Duplicated+got.Broken != 0 {
			t.Errorf("pieces of %d: %+v", piece, got)
		}
		if a, b := s.lost(1, []uint32{all}), s.lost(2, []uint32{all}); a != 0 || b != 1 {
			t.Errorf("pieces of %d: lost %d and %d, want 0 and 1", piece, a, b)
		}
		s.Close()
	}
}

func TestMessageThatDoesNotInflateEndsTheMember(t *testing.T) {
	for name, payload := range map[string][]byte{"no deflate": {0xff, 0xff, 0xff}, "a bomb": deflated(t, make([]byte, inflatedBytesMax+1))[4:]} {
		s, err := NewSwarm(SwarmConfig{Addr: "127.0.0.1:1", TextBytes: 100, Deflate: true})
		if err != nil {
			t.Fatal(err)
		}
		s.members = []member{{fd: -1, state: ready, room: s.rooms[0]}}
		s.unpack(0, payload)
		if s.tally.Broken != 1 {
			t.Errorf("%s was taken: %+v", name, s.tally)
		}
		s.Close()
	}
}
