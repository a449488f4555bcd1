package fleet

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// What an entry of a log is.
type kind uint8

const (
	heard  kind = iota // a line
	gap                // a NOTICE that lines did not come
	cut                // the connection has ended
	asked              // a JOIN is sent
	seated             // and answered
	wrong              // a line that is not what its text says
)

// entry is one thing that a member has seen, in its order.
type entry struct {
	at     uint32 // µs of the book's clock
	number int32  // of the line; of a gap the lines missed, 0 when that is not known; of asked 1 with an id to resume from
	id     uint32 // idHash of a line's id
	kind   kind
}

// when is the entry's time by the book's clock.
func (e entry) when() time.Duration { return time.Duration(e.at) * time.Microsecond }

// member is one client that stays in one room, and comes back when its connection ends.
// Its goroutine reads, and owns the log until it has ended.
type member struct {
	place // what it shares
	index int
	nick  string
	log   []entry

	lastID  []byte // of the last line heard, of any connection
	lastOne atomic.Int32
	refused int // JOINs

	mu struct {
		sync.Mutex
		conn    net.Conn // nil: not connected
		seated  bool
		waiting int // the line without an answer; none: -1
	}
}

// place is where a member is.
type place struct {
	addr   string
	book   *book
	room   int
	name   string // of the room
	resume bool   // whether the server knows how
}

func newMember(p place, index int) *member {
	m := &member{place: p, index: index, nick: fmt.Sprintf("m%d", index)}
	m.mu.waiting = -1
	m.lastOne.Store(-1)
	return m
}

// live stays in the room until stop is closed, and until then comes back within half a
// second.
func (m *member) live(stop <-chan struct{}) {
	for {
		if conn, err := net.DialTimeout("tcp", m.addr, patience); err == nil {
			m.session(conn, stop)
			conn.Close()
		}
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(50+rand.IntN(450)) * time.Millisecond):
		}
	}
}

// session reads until the connection ends, or stop is closed and somebody closes it.
func (m *member) session(conn net.Conn, stop <-chan struct{}) {
	capabilities := "twitch.tv/tags twitch.tv/commands"
	if m.resume {
		capabilities += " uproar/resume"
	}
	m.mu.Lock()
	m.mu.conn = conn
	m.mu.Unlock()
	defer m.lose()
	select {
	case <-stop: // nobody looks for the connection any more
		return
	default:
	}
	_, err := fmt.Fprintf(conn, "CAP REQ :%s\r\nPASS oauth:%s\r\nNICK %s\r\n", capabilities, m.nick, m.nick)
	if err != nil {
		return
	}
	m.join()
	for in := bufio.NewReaderSize(conn, 4<<10); ; {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		m.take(bytes.TrimRight(line, "\r\n"))
	}
}

// lose notes the end of a connection: what became of the line on its way is not known.
func (m *member) lose() {
	m.mu.Lock()
	number := m.mu.waiting
	m.mu.conn, m.mu.seated, m.mu.waiting = nil, false, -1
	m.mu.Unlock()
	m.note(cut, 0, 0)
	if number >= 0 {
		m.book.decide(number, unknown, "")
	}
}

func (m *member) note(k kind, number int, id uint32) {
	m.log = append(m.log, entry{at: uint32(m.book.now() / time.Microsecond), number: int32(number), id: id, kind: k})
}

// join asks for the room, from the last line on that was heard there.
func (m *member) join() {
	tag, resumes := "", 0
	if m.resume && len(m.lastID) > 0 {
		tag, resumes = "@uproar/resume="+string(m.lastID)+" ", 1
	}
	m.note(asked, resumes, 0)
	m.write(tag + "JOIN #" + m.name)
}

func (m *member) write(line string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writeLocked(line)
}

// writeLocked may fail: then the reader soon hears of the end.
func (m *member) writeLocked(line string) {
	if m.mu.conn != nil {
		_ = m.mu.conn.SetWriteDeadline(time.Now().Add(patience))
		_, _ = m.mu.conn.Write([]byte(line + "\r\n"))
	}
}

// say says a line, unless the member is not there or waits for an answer.
func (m *member) say() (number int, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.mu.seated || m.mu.waiting >= 0 {
		return 0, false
	}
	number = m.book.open(m.index, m.room)
	m.mu.waiting = number
	m.writeLocked(fmt.Sprintf("@client-nonce=%d PRIVMSG #%s :%d %s %s", number, m.name, number, m.nick, m.name))
	return number, true
}

// answered notes that a line has its answer, if the member waits for it.
func (m *member) answered(number int, f fate, word []byte) {
	m.mu.Lock()
	fits := m.mu.waiting >= 0 && (number < 0 || number == m.mu.waiting)
	if fits {
		number, m.mu.waiting = m.mu.waiting, -1
	}
	m.mu.Unlock()
	if fits {
		m.book.decide(number, f, string(word))
	}
}

// take handles one line of the server.
func (m *member) take(line []byte) {
	in := parse(line)
	switch string(in.command) {
	case "PRIVMSG":
		m.hear(&in)
	case "USERSTATE":
		if nonce := in.tag("client-nonce="); len(nonce) > 0 {
			m.answered(number(nonce), accepted, in.tag("id="))
		}
	case "ROOMSTATE":
		m.sit()
	case "NOTICE":
		m.told(&in)
	case "PING":
		m.write("PONG :x")
	}
}

// hear notes a line, if it is what it says that it is.
func (m *member) hear(in *message) {
	n, rest, _ := bytes.Cut(in.text, []byte(" "))
	nick, name, _ := bytes.Cut(rest, []byte(" "))
	id := in.tag("id=")
	numbered, err := strconv.Atoi(string(n))
	if err != nil || !bytes.Equal(nick, in.nick) || !bytes.Equal(name, in.room) || string(in.room) != m.name || len(id) == 0 {
		m.note(wrong, 0, 0)
		return
	}
	m.lastID = append(m.lastID[:0], id...)
	m.note(heard, numbered, idHash(id))
	m.lastOne.Store(int32(numbered))
}

// sit notes that the JOIN is answered.
func (m *member) sit() {
	m.mu.Lock()
	before := m.mu.seated
	m.mu.seated = true
	m.mu.Unlock()
	if !before {
		m.note(seated, 0, 0)
	}
}

// told handles a NOTICE: of a gap, of a line refused, or of a JOIN refused, which is
// tried again.
func (m *member) told(in *message) {
	id := in.tag("msg-id=")
	if string(id) == "uproar_gap" {
		m.note(gap, max(0, number(in.text)), 0)
		return
	}
	if len(in.room) == 0 || len(id) == 0 {
		return
	}
	m.mu.Lock()
	here := m.mu.seated
	m.mu.Unlock()
	if here {
		m.answered(-1, refused, id)
		return
	}
	m.refused++
	time.Sleep(time.Duration(100+rand.IntN(200)) * time.Millisecond) // nothing else comes before a JOIN
	m.join()
}
