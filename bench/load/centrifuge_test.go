package load

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// subscribers returns a swarm with n members in the channel "bench" of a server that is
// nobody: frames are handed to replies. Whatever they send comes out of the peer's end.
func subscribers(t *testing.T, n int) (s *Swarm, peers []int) {
	t.Helper()
	s, err := NewSwarm(SwarmConfig{Wire: Centrifuge, Hello: Hello{Channel: "bench"}, Addr: "127.0.0.1:1", TextBytes: testText})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	s.finish() // nobody runs it: it may be asked from here
	for range n {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(pair[1]) })
		s.members = append(s.members, member{fd: int32(pair[0]), state: upgrading, room: s.rooms[0]})
		peers = append(peers, pair[1])
	}
	s.inFlight = n
	for i := range n {
		s.register(i)
		s.replies(i, []byte(`{"id":1,"connect":{"client":"x","version":"0.0.0","ping":25,"pong":true}}`+"\n"+`{"id":2,"subscribe":{}}`))
	}
	if s.tally.Ready != int64(n) || s.inFlight != 0 {
		t.Fatalf("%d of %d members are in: %+v", s.tally.Ready, n, s.tally)
	}
	return s, peers
}

// pushes are lines as one frame of the server.
func pushes(seqs ...uint32) string {
	var all []string
	for _, seq := range seqs {
		line := ":bench1!bench1@bench1.tmi.twitch.tv PRIVMSG #bench :" + string(appendText(nil, seq, 5, testText))
		all = append(all, fmt.Sprintf(`{"push":{"channel":"bench","pub":{"data":%q}}}`, line))
	}
	return strings.Join(all, "\n")
}

func TestPushesAreCheckedOneByOneAndComparedTogether(t *testing.T) {
	s, _ := subscribers(t, 3)
	for i := range 2 {
		s.replies(i, []byte(pushes(1, 2)))
		s.replies(i, []byte(pushes(3)))
	}
	s.replies(2, []byte(pushes(1))) // other batches of the same lines
	s.replies(2, []byte(pushes(2, 3)))
	if got := s.tally; got.Deliveries != 9 || got.Reordered+got.Duplicated+got.Wrong != 0 || s.Lost([]uint32{3}) != 0 {
		t.Fatalf("want 9 deliveries and no fault: %+v", got)
	}
	s.replies(0, []byte(pushes(4, 5)))
	s.replies(1, []byte(pushes(5, 4)))
	s.replies(2, []byte(pushes(5, 5)))
	if got := s.tally; got.Deliveries != 15 || got.Reordered != 1 || got.Duplicated != 1 || s.Lost([]uint32{5}) != 1 {
		t.Errorf("want one line late, one twice, one lost: %+v, %d lost", got, s.Lost([]uint32{5}))
	}
	s.replies(0, []byte(strings.Replace(pushes(6), "xxx", "xyx", 1)))
	if s.tally.Wrong != 1 {
		t.Errorf("a garbled line passed: %+v", s.tally)
	}
}

func TestPushThatIsWrittenOtherwiseIsTheSameLine(t *testing.T) {
	s, _ := subscribers(t, 1)
	s.replies(0, []byte(strings.Replace(pushes(1), `"pub":{`, `"pub":{"offset":7,`, 1)))
	s.replies(0, []byte(strings.Replace(pushes(2), `PRIVMSG`, `PRIV\u004dSG`, 1)))
	if got := s.tally; got.Deliveries != 2 || got.Broken+got.Wrong != 0 {
		t.Errorf("%+v", got)
	}
}

func TestPingOfCentrifugeIsAnswered(t *testing.T) {
	s, peers := subscribers(t, 1)
	var buf [512]byte
	n, err := unix.Read(peers[0], buf[:])
	if err != nil {
		t.Fatal(err)
	}
	if _, first, size, err := nextMasked(buf[:n]); err != nil || size != n || !strings.Contains(first, `"subscribe":{"channel":"bench"}`) {
		t.Errorf("first message %q, %v", first, err)
	}
	s.replies(0, []byte(`{}`))
	if n, err = unix.Read(peers[0], buf[:]); err != nil {
		t.Fatal(err)
	}
	if _, answer, _, _ := nextMasked(buf[:n]); answer != "{}" || s.tally.Pings != 1 {
		t.Errorf("answered %q, %d pings", answer, s.tally.Pings)
	}
}

func TestRefusalOfCentrifugeEndsAMember(t *testing.T) {
	s, _ := subscribers(t, 1)
	s.replies(0, []byte(`{"id":2,"error":{"code":103,"message":"permission denied"}}`))
	if s.tally.Broken != 1 || !strings.Contains(fmt.Sprint(s.tally.Oddities), "permission denied") {
		t.Errorf("%+v", s.tally)
	}
}

// nextMasked takes a client's frame of up to 64 KiB apart.
func nextMasked(b []byte) (op byte, text string, size int, err error) {
	head, n := 2, int(b[1]&0x7f)
	if n == 126 {
		head, n = 4, int(b[2])<<8|int(b[3])
	}
	if b[1]&0x80 == 0 || len(b) < head+4+n {
		return 0, "", 0, errFrame
	}
	payload := append([]byte(nil), b[head+4:head+4+n]...)
	for i := range payload {
		payload[i] ^= b[head+i%4]
	}
	return b[0] & 0x0f, string(payload), head + 4 + n, nil
}
