package load

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// answering is a chat server that welcomes everybody and says what answer has for each
// line that comes afterwards; "" is nothing.
func answering(t *testing.T, answer func(line string) string) string {
	t.Helper()
	l := listen(t)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			go func() {
				for lines := bufio.NewScanner(c); lines.Scan(); {
					if strings.HasPrefix(lines.Text(), "NICK ") {
						fmt.Fprint(c, ":x 376 you :>\r\n:x GLOBALUSERSTATE\r\n")
					} else if text := answer(lines.Text()); text != "" {
						fmt.Fprint(c, text)
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

func talker(t *testing.T, c TalkerConfig) *Talker {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	tk, err := Connect(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tk.Close)
	return tk
}

func TestTalkerKnowsWhatBecameOfEachLine(t *testing.T) {
	addr := answering(t, func(line string) string {
		switch {
		case line == "JOIN #den":
			return ":x USERSTATE #den\r\n" // no answer to a line: it has no id
		case strings.HasSuffix(line, ":good"):
			return "@msg-id=uproar_gap :x NOTICE #den :3 lines of this room did not reach you\r\n@color=;id=a-b;mod=0 :x USERSTATE #den\r\n"
		case strings.HasSuffix(line, ":bad"):
			return "@msg-id=msg_banned :x NOTICE #den :You are banned.\r\n"
		}
		return ""
	})
	tk := talker(t, TalkerConfig{Addr: addr, Nick: "ann", Join: []string{"#den"}})
	if a := tk.Say("#den", "good", 10*time.Second); a.Told != "" || a.Took() <= 0 {
		t.Errorf("an accepted line: %+v", a)
	}
	if a := tk.Say("#den", "bad", 10*time.Second); a.Told != "msg_banned" || a.Text != "You are banned." {
		t.Errorf("a refused line: %+v", a)
	}
	if a := tk.Say("#den", "mute", 20*time.Millisecond); a.Told != Silence || a.Took() < 20*time.Millisecond {
		t.Errorf("a line without an answer: %+v", a)
	}
	if _, _, ok := tk.Ping(time.Millisecond); ok {
		t.Error("a PING without an answer had one")
	}
}

func TestTalkerHearsItsRooms(t *testing.T) {
	heard := make(chan Spoken, 1)
	addr := answering(t, func(line string) string {
		switch {
		case strings.HasPrefix(line, "JOIN "):
			return "@badges=;id=7f;mod=0 :bob!bob@bob.x PRIVMSG #den :good morning\r\n"
		case strings.HasPrefix(line, "PING"):
			return ":x PONG x :bench\r\n"
		}
		return ""
	})
	tk := talker(t, TalkerConfig{Addr: addr, Nick: "ann", Join: []string{"#den"}, Heard: func(l Spoken) { heard <- l }})
	if got, want := <-heard, (Spoken{"bob", "#den", "7f", "good morning"}); got != want {
		t.Errorf("heard %+v, want %+v", got, want)
	}
	if sent, at, ok := tk.Ping(10 * time.Second); !ok || at < sent {
		t.Errorf("PING sent at %d, answered at %d, %v", sent, at, ok)
	}
}

func TestTalkerWhoseConnectionEndsHasNoAnswer(t *testing.T) {
	server, client := listen(t), make(chan net.Conn, 1)
	defer server.Close()
	go func() {
		c, err := server.Accept()
		if err != nil {
			return
		}
		fmt.Fprint(c, ":x 376 you :>\r\n")
		client <- c
	}()
	tk := talker(t, TalkerConfig{Addr: server.Addr().String(), Nick: "ann"})
	(<-client).Close()
	if a := tk.Say("#den", "hello", time.Minute); a.Told != Silence {
		t.Errorf("got %+v", a)
	}
}

func TestAnswerIsAsOldAsTheKernelKnows(t *testing.T) {
	l := listen(t)
	defer l.Close()
	out, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in, err := stamp(conn)
	if err != nil {
		t.Fatal(err)
	}
	// The kernel begins to take times a moment after it was asked to.
	until(t, "what is read late is known to be old", func() bool {
		if _, err := out.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		written := Now()
		time.Sleep(5 * time.Millisecond) // this is how late
		if n, err := in.Read(make([]byte, 8)); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		return in.at < written+int64(time.Millisecond)
	})
}
