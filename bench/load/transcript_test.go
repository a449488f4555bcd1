package load

import (
	"bytes"
	"fmt"
	"testing"
)

// enterLines fills a transcript with n lines of one publisher.
func enterLines(t *transcript, n int) {
	for i := range n {
		t.enter(delivery{0, uint32(i + 1)}, int64(i), false, fmt.Appendf(nil, "line %d\r\n", i))
	}
}

func TestHolesFillFromBothEndsAndTheMiddle(t *testing.T) {
	tr := newTranscript(DefaultRoom, 1)
	enterLines(tr, 10)
	v, n, at := tr.book(4, 0, delivery{0, 8}) // misses the first seven
	if v != ahead || n != 7 || tr.lost(4, at, 10) != 9 {
		t.Fatalf("verdict %v, line %d, lost %d", v, n, tr.lost(4, at, 10))
	}
	for i, seq := range []uint32{1, 7, 4, 3, 5, 2, 6} {
		if v, _, place := tr.book(4, at, delivery{0, seq}); v != late || place != at {
			t.Errorf("line %d is %v at %d, want late", seq, v, place)
		}
		if v, _, _ := tr.book(4, at, delivery{0, seq}); v != again {
			t.Errorf("line %d came twice and is %v", seq, v)
		}
		if lost := tr.lost(4, at, 10); lost != int64(8-i) {
			t.Errorf("lost %d after %d lines that were late", lost, i+1)
		}
	}
	if tr.spans != 0 || tr.lost(5, 0, 10) != 10 || tr.lost(5, tr.end(), 10) != 0 {
		t.Errorf("%d spans remain; others lost %d, %d", tr.spans, tr.lost(5, 0, 10), tr.lost(5, tr.end(), 10))
	}
}

func TestFirstLineOutOfOrderCountsForAllWhoFollow(t *testing.T) {
	tr := newTranscript(DefaultRoom, 1)
	for _, seq := range []uint32{1, 3, 2, 4} {
		tr.enter(delivery{0, seq}, 0, false, []byte("x\r\n"))
	}
	if n := tr.disorder(0, 4); n != 1 {
		t.Errorf("%d lines in disorder, want 1", n)
	}
	if n := tr.disorder(3, 4); n != 0 {
		t.Errorf("%d of the last line, want 0", n)
	}
}

func TestMemberFollowsInAnyPieces(t *testing.T) {
	stream := []byte{}
	const all = 1 + 3 + 2 + 40 + 1 + 500
	for i, lines := range []int{1, 3, 2, 40, 1, 500} { // lines in each frame
		payload := []byte{}
		for j := range lines {
			payload = append(payload, ":bench1!bench1@bench1.tmi.twitch.tv PRIVMSG #bench :"...)
			payload = append(appendText(payload, uint32([]int{0, 1, 4, 6, 46, 47}[i]+j+1), 5, 100), '\r', '\n')
		}
		if n := len(payload); n < 126 {
			stream = append(stream, 0x81, byte(n))
		} else if n < 1<<16 {
			stream = append(stream, 0x81, 126, byte(n>>8), byte(n))
		} else {
			stream = append(stream, 0x81, 127, 0, 0, 0, 0, 0, byte(n>>16), byte(n>>8), byte(n))
		}
		stream = append(stream, payload...)
	}
	for _, piece := range []int{1, 2, 7, 151, 1000, len(stream)} {
		s, err := NewSwarm(SwarmConfig{Addr: "127.0.0.1:1", TextBytes: 100})
		if err != nil {
			t.Fatal(err)
		}
		s.members = []member{{fd: -1, state: ready, room: s.rooms[0]}, {fd: -1, state: ready, room: s.rooms[0]}, {fd: -1, state: ready, room: s.rooms[0]}}
		feed(s, 0, stream, len(stream))
		feed(s, 1, stream, piece)
		torn := append(append([]byte(nil), stream[:2000]...), stream[2000:]...)
		torn[2500] ^= 1 // one letter of one line
		feed(s, 2, torn, piece)
		if got := s.tally; got.Deliveries != all+all+all-1 || got.Wrong != 1 || got.Reordered+got.Duplicated+got.Broken != 0 {
			t.Errorf("pieces of %d: %+v", piece, got)
		}
		if a, b := s.lost(1, []uint32{all}), s.lost(2, []uint32{all}); a != 0 || b != 1 {
			t.Errorf("pieces of %d: lost %d and %d, want 0 and 1", piece, a, b)
		}
		if m := s.members[1]; m.carry != nil || m.size != 0 {
			t.Errorf("pieces of %d: what was read is kept: %+v", piece, m)
		}
		s.Close()
	}
}

// feed hands data to member i as read does, so many bytes at a time.
func feed(s *Swarm, i int, data []byte, piece int) {
	for len(data) > 0 {
		n := min(piece, len(data))
		s.take(i, append(bytes.Clone(s.members[i].carry), data[:n]...))
		data = data[n:]
	}
}
