package load

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"time"
)

// TalkerConfig says who it is, and where.
type TalkerConfig struct {
	Addr  string // host:port, IRC over TCP
	Nick  string
	Join  []string          // rooms to be in, from Connect on
	Heard func(line Spoken) // lines of those rooms; called by one goroutine, must not block; nil for none
}

// Spoken is a line that a Talker was sent.
type Spoken struct{ Nick, Room, ID, Text string }

// Answer is what became of what a Talker has said.
type Answer struct {
	Sent, At int64  // when it was written, and when the kernel had the answer, in Now's nanoseconds
	Told     string // the msg-id of a NOTICE; "" when the line was accepted, Silence when nothing came
	Text     string // of that NOTICE
}

// Silence stands for the answer that did not come.
const Silence = "no answer"

// Took is how long the answer took.
func (a Answer) Took() time.Duration { return time.Duration(a.At - a.Sent) }

// Talker is an account on a connection that says one thing at a time and waits for its
// answer, so that it knows what became of each. Connect it, Close it. Its other methods
// are for one goroutine.
type Talker struct {
	config  TalkerConfig
	conn    net.Conn
	seq     uint32
	answers chan Answer
	pongs   chan int64
	ended   chan struct{} // closed when nothing will come any more
}

// Connect registers the account and joins its rooms. The answer to a JOIN may be late or a
// refusal: Connect waits for neither.
func Connect(ctx context.Context, c TalkerConfig) (*Talker, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp4", c.Addr)
	if err != nil {
		return nil, fmt.Errorf("cannot connect talker %q: %w", c.Nick, err)
	}
	in, err := stamp(conn)
	t := &Talker{config: c, conn: conn, answers: make(chan Answer, 16), pongs: make(chan int64, 16), ended: make(chan struct{})}
	lines := bufio.NewReader(in)
	if err == nil {
		err = t.register(ctx, lines)
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("cannot register talker %q: %w", c.Nick, err)
	}
	go t.listen(in, lines) // ends with the connection
	return t, nil
}

func (t *Talker) register(ctx context.Context, lines *bufio.Reader) error {
	if err := register(ctx, t.conn, lines, "CAP REQ :twitch.tv/tags\r\n"+twitchLogin(t.config.Nick)); err != nil {
		return err
	}
	for _, room := range t.config.Join {
		if _, err := t.conn.Write([]byte("JOIN " + room + "\r\n")); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the connection and waits until it is no longer read.
func (t *Talker) Close() {
	t.conn.Close()
	<-t.ended
}

// Line is the next text with a number, as a Swarm's members know it again.
func (t *Talker) Line(due int64, size int) string {
	t.seq++
	return string(appendText(nil, t.seq, due, size))
}

// Say sends a text or a command to a room and waits for the answer, for so long at most.
func (t *Talker) Say(room, text string, patience time.Duration) Answer {
	for len(t.answers) > 0 { // those that came too late for what they answer
		<-t.answers
	}
	sent := Now()
	t.write("PRIVMSG " + room + " :" + text)
	return t.await(sent, patience)
}

func (t *Talker) await(sent int64, patience time.Duration) Answer {
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case a := <-t.answers:
		a.Sent = sent
		return a
	case <-t.ended:
	case <-late.C:
	}
	return Answer{Sent: sent, At: Now(), Told: Silence}
}

// Ping asks for what a server answers without knowing anything, and returns when it was
// sent and when the answer was there. It reports false when none came in so long.
func (t *Talker) Ping(patience time.Duration) (sent, at int64, ok bool) {
	for len(t.pongs) > 0 {
		<-t.pongs
	}
	sent = Now()
	t.write("PING bench")
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case at = <-t.pongs:
		return sent, at, true
	case <-t.ended:
	case <-late.C:
	}
	return sent, Now(), false
}

// write sends a line. If it cannot, no answer will come either.
func (t *Talker) write(line string) {
	t.conn.SetWriteDeadline(time.Now().Add(time.Second))
	t.conn.Write([]byte(line + "\r\n"))
}

// listen hands on what comes, by its kind.
func (t *Talker) listen(in *stamped, lines *bufio.Reader) {
	defer close(t.ended)
	for {
		text, err := lines.ReadSlice('\n')
		if err != nil {
			return
		}
		l := cutLine(bytes.TrimRight(text, "\r\n"))
		switch string(l.command) {
		case "PING":
			t.write("PONG " + string(l.rest))
		case "PONG":
			offer(t.pongs, in.at)
		case "USERSTATE":
			if tagOf(l.tags, "id") != "" { // without, it comes with a JOIN
				offer(t.answers, Answer{At: in.at})
			}
		case "NOTICE":
			if id := tagOf(l.tags, "msg-id"); id != "uproar_gap" {
				offer(t.answers, Answer{At: in.at, Told: id, Text: string(lastParameter(l.rest))})
			}
		case "PRIVMSG":
			if t.config.Heard != nil {
				nick, _, _ := strings.Cut(string(l.prefix), "!")
				room, _, _ := strings.Cut(string(l.rest), " ")
				t.config.Heard(Spoken{nick, room, tagOf(l.tags, "id"), string(lastParameter(l.rest))})
			}
		}
	}
}

// offer drops what fits no more: who waits for it notices.
func offer[V any](to chan V, v V) {
	select {
	case to <- v:
	default:
	}
}

// tagOf is the value of a tag, "" when there is none.
func tagOf(tags []byte, name string) string {
	for tag := range bytes.SplitSeq(tags, []byte{';'}) {
		if key, value, _ := bytes.Cut(tag, []byte{'='}); string(key) == name {
			return string(value)
		}
	}
	return ""
}

// RoomOf is the room of member or line i, by its number and name, as Swarm and Publisher
// have it: rooms of that name with a number, by Zipf's law.
func RoomOf(name string, rooms int, i int64) (k int, room string) {
	k = newZipf(max(rooms, 1)).room(i)
	return k, roomName(name, rooms, k)
}

// RoomName is what room k of so many is called.
func RoomName(name string, rooms, k int) string { return roomName(name, rooms, k) }
