package load

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// Hello is how a member gets in, on the wires Lines and Centrifuge.
type Hello struct {
	Path     string // of the upgrade request; "" is "/"
	Protocol string // subprotocol that is offered and must be agreed on; "" for none
	First    string // text message that a member sends once it is upgraded; "" for none
	Silent   bool   // the answer to the upgrade says that the member is in; else a 366 line does
	Channel  string // Centrifuge: what a member subscribes to
}

// The key and the answer are the example of RFC 6455 section 1.3.
const (
	upgradeKey    = "dGhlIHNhbXBsZSBub25jZQ=="
	upgradeAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

func upgradeRequest(host string, h Hello, deflate bool) []byte {
	b := []byte("GET /" + strings.TrimPrefix(h.Path, "/") + " HTTP/1.1\r\nHost: " + host + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: " + upgradeKey + "\r\nSec-WebSocket-Version: 13\r\n")
	if h.Protocol != "" {
		b = append(b, "Sec-WebSocket-Protocol: "+h.Protocol+"\r\n"...)
	}
	if deflate {
		b = append(b, offerDeflate...)
	}
	return append(b, "\r\n"...)
}

// upgraded reports whether head, up to and with the empty line, accepts
// upgradeRequest and its subprotocol.
func upgraded(head []byte, wanted string) bool {
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) {
		return false
	}
	accept, protocol := false, ""
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Sec-WebSocket-Accept")):
			accept = string(value) == upgradeAccept
		case bytes.EqualFold(name, []byte("Sec-WebSocket-Protocol")):
			protocol = string(value)
		}
	}
	return accept && protocol == wanted
}

// register sends what a member sends first.
func (s *Swarm) register(i int) {
	m := &s.members[i]
	m.state = registering
	nick := "justinfan" + strconv.Itoa(100000+s.config.First+i)
	switch s.config.Wire {
	case Lines:
		m.state = joining
		if s.config.Hello.First != "" {
			s.send(i, s.config.Hello.First)
		}
		if s.config.Hello.Silent {
			s.enter(i)
		}
	case Centrifuge:
		m.state = joining
		s.send(i, centrifugeHello(s.config.Hello.Channel))
	case IRC:
		s.send(i, "NICK "+nick, "USER "+nick+" 0 * :"+nick)
	default:
		if s.config.Caps == "" {
			s.send(i, "NICK "+nick)
			return
		}
		s.send(i, "CAP REQ :"+s.config.Caps, "NICK "+nick)
	}
}

// enter has member i be in the room.
func (s *Swarm) enter(i int) {
	if m := &s.members[i]; m.state == joining {
		m.state = ready
		s.inFlight--
		s.arrived(i)
	}
}

// publisherPrefix is what the lines of a publisher begin with.
func (c *SwarmConfig) publisherPrefix(nick string) string {
	if c.Prefix != "" {
		return strings.ReplaceAll(c.Prefix, "NICK", nick)
	}
	return fmt.Sprintf("%[1]s!%[1]s@%[1]s.%[2]s", nick, c.Host)
}
