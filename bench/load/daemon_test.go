package load

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// strict turns f's TCP side into a daemon of RFC 2812: who gives no USER, or no cookie
// back, gets not in, nor does a nick that is taken.
func strict(t *testing.T, f *fake) {
	t.Helper()
	front := listen(t)
	back := f.tcp.Addr().String()
	f.tcp = front
	go func() {
		for {
			c, err := front.Accept()
			if err != nil {
				return
			}
			go admit(c, back)
		}
	}()
	t.Cleanup(func() { front.Close() })
}

// admit registers a client by the rules, then hands it over to the fake at back.
func admit(c net.Conn, back string) {
	defer c.Close()
	in := bufio.NewReader(c)
	var nick, user string
	fmt.Fprintf(c, ":d NOTICE * :*** Looking you up\r\n")
	for pong := false; nick == "" || user == "" || !pong; {
		text, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch l := cutLine([]byte(strings.TrimSpace(text))); string(l.command) {
		case "NICK":
			nick = string(l.rest)
			fmt.Fprintf(c, "PING :cookie of %s\r\n", nick)
		case "USER":
			user = string(l.rest)
		case "PONG":
			pong = string(l.rest) == ":cookie of "+nick
		}
	}
	if strings.HasSuffix(nick, "7777") {
		fmt.Fprintf(c, ":d 433 * %s :Nickname is already in use.\r\n", nick)
		in.ReadByte() // until it goes
		return
	}
	fmt.Fprintf(c, ":d 001 %s :Welcome\r\n:d 422 %s :MOTD File is missing\r\n", nick, nick)
	hand(c, in, nick, back)
}

// hand copies between a registered client and the fake, which shall not welcome it again.
func hand(c net.Conn, in *bufio.Reader, nick, back string) {
	b, err := net.Dial("tcp4", back)
	if err != nil {
		return
	}
	defer b.Close()
	fmt.Fprintf(b, "NICK %s\r\n", nick)
	go func() {
		defer b.Close()
		for {
			text, err := in.ReadString('\n')
			if err != nil {
				return
			}
			if !strings.HasPrefix(text, "PONG") {
				b.Write([]byte(text))
			}
		}
	}()
	out := bufio.NewReader(b)
	for {
		text, err := out.ReadString('\n')
		if err != nil {
			return
		}
		if command := string(cutLine([]byte(text)).command); command != "001" && command != "376" {
			c.Write([]byte(strings.ReplaceAll(text, "@bench1.tmi.twitch.tv", "@192.0.2.7")))
		}
	}
}

func TestDaemonThatWantsUserAndCookieIsServed(t *testing.T) {
	f := startFake(t)
	strict(t, f)
	s := swarmOf(t, SwarmConfig{Wire: IRC, Addr: f.tcp.Addr().String(), TextBytes: testText, Prefix: "NICK!NICK@192.0.2.7"}, 20)
	p := connect(t, PublisherConfig{Wire: IRC, Addr: f.tcp.Addr().String(), Rate: 1000, TextBytes: testText})
	if err := p.Run(t.Context(), Now(), 50); err != nil {
		t.Fatal(err)
	}
	got := waitFor(t, s, "1000 deliveries", func(t Tally) bool { return t.Deliveries == 1000 })
	if got.Wrong+got.Reordered+got.Duplicated+got.Broken != 0 || s.Lost(p.Sent()) != 0 {
		t.Errorf("lost %d, %+v", s.Lost(p.Sent()), got)
	}
	if n, first := p.Notices(); n != 0 {
		t.Errorf("%d complaints, the first %q", n, first)
	}
}

func TestLineOfAnotherMaskIsWrong(t *testing.T) {
	f := startFake(t)
	strict(t, f)
	s := swarmOf(t, SwarmConfig{Wire: IRC, Addr: f.tcp.Addr().String(), TextBytes: testText, Prefix: "NICK!NICK@192.0.2.8"}, 3)
	p := connect(t, PublisherConfig{Wire: IRC, Addr: f.tcp.Addr().String(), Rate: 1000, TextBytes: testText})
	if err := p.Run(t.Context(), Now(), 5); err != nil {
		t.Fatal(err)
	}
	if got := waitFor(t, s, "15 lines", func(t Tally) bool { return t.Wrong == 15 }); got.Deliveries != 0 {
		t.Errorf("%d deliveries, of whom?", got.Deliveries)
	}
}

func TestRefusedPublisherTellsWhy(t *testing.T) {
	f := startFake(t)
	strict(t, f)
	p, err := NewPublisher(PublisherConfig{Wire: IRC, Addr: f.tcp.Addr().String(), Nicks: []string{"bench7777"}, Rate: 1, TextBytes: testText})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := p.Connect(ctx); err == nil || !strings.Contains(err.Error(), "already in use") {
		t.Errorf("want the server's words, got %v", err)
	}
}

func TestGrowTellsWhyADaemonRefusesAMember(t *testing.T) {
	f := startFake(t)
	strict(t, f)
	s := swarmOf(t, SwarmConfig{Wire: IRC, Addr: f.tcp.Addr().String(), TextBytes: testText, First: 7776}, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.Grow(ctx, 2); err == nil || !strings.Contains(err.Error(), "already in use") {
		t.Errorf("want the server's words, got %v", err)
	}
}

func TestPublisherOverWebSocketSendsOneLinePerFrame(t *testing.T) {
	l := listen(t)
	defer l.Close()
	got := make(chan string, 100)
	go func() {
		defer close(got)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		in := bufio.NewReader(c)
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		got <- r.URL.Path
		fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: %s\r\n\r\n", upgradeAccept)
		m := &fakeMember{conn: c, framed: true}
		m.frame(opText, "welcome")
		for range 3 {
			text, err := m.receive(in)
			if err != nil {
				return
			}
			got <- text
		}
		m.frame(opClose, "\x03\xf0enough")
	}()
	p := connect(t, PublisherConfig{Addr: l.Addr().String(), Upgrade: "/pub", Rate: 1000, TextBytes: 40})
	if err := p.Run(t.Context(), Now(), 3); err != nil {
		t.Fatal(err)
	}
	if path := <-got; path != "/pub" {
		t.Errorf("upgraded at %q", path)
	}
	for n := 1; n <= 3; n++ {
		text, start := <-got, fmt.Sprintf(":bench1!bench1@bench1.tmi.twitch.tv PRIVMSG #bench :%d ", n)
		if !strings.HasPrefix(text, start) || !strings.HasSuffix(text, "\r\n") || strings.Count(text, "\n") != 1 {
			t.Errorf("line %d is %q", n, text)
		}
	}
	for range got { // until it has hung up
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if n, first := p.Notices(); n == 1 && strings.Contains(first, "enough") {
			break
		}
		if time.Now().After(end) {
			t.Fatal("nobody heard the close frame")
		}
	}
}
