package load

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// fake is a chat server of a few lines, that can be told to misbehave: IRC over
// TCP for publishers and members, WebSocket for members.
type fake struct {
	ws, tcp net.Listener

	mu struct {
		sync.Mutex
		members  []*fakeMember
		conns    []net.Conn
		refusals int                           // of JOINs to come
		resumes  []string                      // ids that JOINs named
		mangle   func(lines []string) []string // what to do with the lines of one publish
	}
}

// refuses reports whether the next JOIN is refused.
func (f *fake) refuses() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.refusals--
	return f.mu.refusals >= 0
}

type fakeMember struct {
	conn   net.Conn
	framed bool
}

func (m *fakeMember) send(lines ...string) {
	text := strings.Join(lines, "\r\n") + "\r\n"
	if !m.framed {
		io.WriteString(m.conn, text)
		return
	}
	m.frame(opText, text)
}

func (m *fakeMember) frame(op byte, text string) {
	head := []byte{0x80 | op, byte(len(text))}
	if len(text) > 125 {
		head = binary.BigEndian.AppendUint16([]byte{0x80 | op, 126}, uint16(len(text)))
	}
	m.conn.Write(append(head, text...))
}

func startFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{}
	f.ws, f.tcp = listen(t), listen(t)
	go f.accept(f.ws, true)
	go f.accept(f.tcp, false)
	t.Cleanup(func() {
		f.ws.Close()
		f.tcp.Close()
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, c := range f.mu.conns {
			c.Close()
		}
	})
	return f
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (f *fake) accept(l net.Listener, framed bool) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		f.mu.Lock()
		f.mu.conns = append(f.mu.conns, c)
		f.mu.Unlock()
		go f.serve(c, framed)
	}
}

func (f *fake) serve(c net.Conn, framed bool) {
	in := bufio.NewReader(c)
	m := &fakeMember{conn: c, framed: framed}
	if framed {
		if _, err := http.ReadRequest(in); err != nil {
			return
		}
		fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: irc\r\n\r\n", upgradeAccept)
	}
	nick := ""
	for {
		text, err := m.receive(in)
		if err != nil {
			return
		}
		l := cutLine([]byte(text))
		switch string(l.command) {
		case "NICK":
			nick = string(l.rest)
			m.send(":tmi.twitch.tv 001 "+nick+" :Welcome, GLHF!", ":tmi.twitch.tv 376 "+nick+" :>")
		case "JOIN":
			if f.refuses() {
				m.send(":tmi.twitch.tv NOTICE " + string(l.rest) + " :busy")
				continue
			}
			m.send(":"+nick+"!x@x JOIN "+string(l.rest), ":x 366 "+nick+" "+string(l.rest)+" :End of /NAMES list")
			f.mu.Lock()
			f.mu.members = append(f.mu.members, m)
			if id := tagOf(l.tags, "uproar/resume"); id != "" {
				f.mu.resumes = append(f.mu.resumes, id)
			}
			f.mu.Unlock()
		case "PART":
			f.mu.Lock()
			f.mu.members = slices.DeleteFunc(f.mu.members, func(o *fakeMember) bool { return o == m })
			f.mu.Unlock()
			m.send(":" + nick + "!x@x PART " + string(l.rest))
		case "PRIVMSG":
			f.publish(nick, text)
		}
	}
}

func (m *fakeMember) receive(in *bufio.Reader) (string, error) {
	if !m.framed {
		text, err := in.ReadString('\n')
		return strings.TrimRight(text, "\r\n"), err
	}
	head := make([]byte, 6)
	if _, err := io.ReadFull(in, head); err != nil {
		return "", err
	}
	payload := make([]byte, head[1]&0x7f)
	if _, err := io.ReadFull(in, payload); err != nil {
		return "", err
	}
	for i := range payload {
		payload[i] ^= head[2+i%4]
	}
	return string(payload), nil
}

func (f *fake) publish(nick, text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	lines := []string{":" + nick + "!" + nick + "@" + nick + ".tmi.twitch.tv " + text}
	if f.mu.mangle != nil {
		lines = f.mu.mangle(lines)
	}
	for _, m := range f.mu.members {
		if len(lines) > 0 {
			m.send(lines...)
		}
	}
}

// each runs do for every member that is in.
func (f *fake) each(do func(m *fakeMember)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.mu.members {
		do(m)
	}
}

func (f *fake) mangle(how func([]string) []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.mangle = how
}
