package load

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// enter has a publisher's connection be one that takes lines, and something read what
// comes back on it.
func (p *Publisher) enter(ctx context.Context, conn net.Conn, nick string) error {
	in := bufio.NewReader(conn)
	switch c := &p.config; {
	case c.Upgrade != "":
		if err := upgrade(ctx, conn, in, c.Addr, Hello{Path: c.Upgrade}); err != nil {
			return err
		}
		go p.listenFrames(conn, in) // ends with the connection
	case c.Raw: // nothing comes back
	default:
		login := twitchLogin(nick)
		if c.Wire == IRC {
			login = ircLogin(nick)
		}
		if err := register(ctx, conn, in, login); err != nil {
			return err
		}
		go p.listen(conn, in) // ends with the connection
	}
	return nil
}

// twitchLogin are the first lines of one who may speak.
func twitchLogin(nick string) string {
	return fmt.Sprintf("CAP REQ :twitch.tv/commands\r\nPASS oauth:%s\r\nNICK %s\r\n", nick, nick)
}

// ircLogin is that of a publisher by RFC 2812 section 3.1. Servers cut long user names, so
// that all have the same, PublisherUser.
func ircLogin(nick string) string {
	return fmt.Sprintf("NICK %s\r\nUSER %s 0 * :%s\r\n", nick, PublisherUser, nick)
}

// PublisherUser is the user name, between ! and @, of every publisher on the wire IRC.
const PublisherUser = "bench"

// register sends login and waits until the server has told all that it tells newcomers.
func register(ctx context.Context, conn net.Conn, lines *bufio.Reader, login string) error {
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })
	defer stop()
	if _, err := io.WriteString(conn, login); err != nil {
		return err
	}
	var last string
	for {
		text, err := lines.ReadString('\n')
		if err != nil {
			return fmt.Errorf("%w after %q", err, last)
		}
		last = text
		l := cutLine([]byte(strings.TrimSpace(text)))
		switch command := string(l.command); {
		case welcomed(command):
			return nil
		case command == "PING": // a cookie, that shows that we read
			if _, err := fmt.Fprintf(conn, "PONG %s\r\n", l.rest); err != nil {
				return err
			}
		case refused(command):
			return fmt.Errorf("the server refuses: %q", last)
		}
	}
}

// welcomed says whether a command is the last that newcomers are told: the end of the
// message of the day, or that there is none.
func welcomed(command string) bool { return command == "376" || command == "422" }

// refused says whether a command is an error of RFC 2812 section 5.2, or the one before
// the server closes the connection.
func refused(command string) bool {
	return command == "ERROR" || len(command) == 3 && (command[0] == '4' || command[0] == '5') && !welcomed(command)
}

// listen answers PING and counts what the server says about our lines.
func (p *Publisher) listen(conn net.Conn, lines *bufio.Reader) {
	for {
		text, err := lines.ReadSlice('\n')
		if err != nil {
			return
		}
		l := cutLine(text)
		switch command := string(l.command); {
		case command == "PING":
			fmt.Fprintf(conn, "PONG %s", l.rest)
		case command == "NOTICE", refused(command):
			p.complaint(string(text))
		}
	}
}

// complaint keeps what a server says that does not take a line.
func (p *Publisher) complaint(text string) {
	p.notices.Add(1)
	p.firstNotice.CompareAndSwap(nil, &text)
}

// upgrade has conn be a WebSocket.
func upgrade(ctx context.Context, conn net.Conn, in *bufio.Reader, host string, h Hello) error {
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })
	defer stop()
	if _, err := conn.Write(upgradeRequest(host, h, false)); err != nil {
		return err
	}
	var head []byte
	for !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
		text, err := in.ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("%w after %.80q", err, head)
		}
		head = append(head, text...)
	}
	if !upgraded(head, h.Protocol) {
		return fmt.Errorf("not upgraded: %.80q", head)
	}
	return nil
}

// listenFrames is listen for a WebSocket. A server may answer each line by a text, which
// says nothing new; one that takes no more says so by a close frame.
func (p *Publisher) listenFrames(conn net.Conn, in *bufio.Reader) {
	buf, held := make([]byte, frameBytesMax+16), 0
	for {
		n, err := in.Read(buf[held:])
		if err != nil {
			return
		}
		held += n
		used := 0
		for {
			op, payload, size, err := nextFrame(buf[used:held], false)
			if err != nil {
				p.complaint(err.Error())
				return
			}
			if size == 0 {
				break
			}
			used += size
			switch op {
			case opPing:
				conn.Write(appendFrame(nil, opPong, payload)) // whoever sends next finds out
			case opClose:
				p.complaint(fmt.Sprintf("close %q", payload))
			}
		}
		held = copy(buf, buf[used:held])
	}
}
