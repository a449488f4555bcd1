package chat

import (
	"bytes"
	"math/rand/v2"
	"time"

	"uproar/core/account"
	"uproar/core/chat"
	"uproar/edge/engine"
	"uproar/proto/irc"
)

// Registration completes on NICK. It waits neither for CAP END nor for USER: most
// client libraries send neither.

// passBytesMax bounds what is kept of PASS until NICK comes.
const passBytesMax = 512

func (s *Session) takePass(pass []byte) {
	if s.user != nil || len(pass) > passBytesMax {
		return
	}
	s.pass = bytes.Clone(pass)
}

func (s *Session) takeNick(nick []byte) {
	if s.user != nil {
		s.refuseLogin("NICK already set")
		return
	}
	pass := s.pass
	s.pass = nil
	token, isToken := bytes.CutPrefix(pass, []byte("oauth:"))
	var lower [chat.LoginBytesMax]byte
	switch {
	case len(nick) > len(lower) || !chat.ValidName(appendLower(lower[:0], nick)):
		s.refuseLogin("Invalid NICK")
	case isAnonymous(nick):
		s.register(account.Anonymous(string(nick)))
	case !isToken:
		s.refuseLogin("Improperly formatted auth")
	default:
		user, err := s.loop.hub.cfg.Auth.Authenticate(string(token), string(nick))
		if err != nil {
			s.refuseLogin("Login authentication failed")
			return
		}
		// Asked once the token has told who it is: under another's name nobody can use up
		// that account's logins.
		if !s.loop.hub.cfg.Clue.MayLogin(user.Login) {
			s.loop.hub.meters.refuse(refusedLoginRate)
			s.refuseLogin("Login unsuccessful")
			return
		}
		s.register(user)
	}
}

// isAnonymous reports whether nick is justinfan<digits>, which reads without an
// account.
func isAnonymous(nick []byte) bool {
	digits, ok := bytes.CutPrefix(nick, []byte("justinfan"))
	if !ok || len(digits) == 0 {
		return false
	}
	for _, b := range digits {
		if b < '0' || b > '9' {
			return false
		}
	}
	return true
}

// refuseLogin answers in the words that libraries compare, without tags, and closes.
func (s *Session) refuseLogin(text string) {
	s.loop.out = append(append(s.loop.out, s.loop.hub.text.prefix...), "NOTICE * :"...)
	s.loop.out = append(append(s.loop.out, text...), '\r', '\n')
	s.Bye(engine.ReasonAuth)
}

// register welcomes the user, in one write.
func (s *Session) register(u *chat.User) {
	s.user = u
	if !u.Anonymous {
		s.loop.logins[u.Login] = append(s.loop.logins[u.Login], s)
	}
	s.loop.hub.meters.registered.Inc()
	s.numeric("001", ":Welcome, GLHF!")
	s.numeric("002", ":Your host is "+s.loop.hub.text.host)
	s.numeric("003", ":This server is rather new")
	s.numeric("004", ":-")
	s.numeric("375", ":-")
	s.numeric("372", ":You are in a maze of twisty passages, all alike.")
	s.numeric("376", ":>")
	if s.caps&capCommands != 0 && !u.Anonymous {
		s.loop.out = appendGlobalUserState(s.loop.out, &s.loop.hub.text, u, s.caps)
	}
	// Spread over the interval, or everyone who came together is asked together.
	interval := s.loop.hub.cfg.PingInterval
	s.conn.SetTimer(interval - time.Duration(rand.Int64N(int64(interval/8)+1)))
}

// capability answers CAP. The target is always "*", and the list of a REQ comes back
// as it was sent: twurple hangs on anything else.
func (s *Session) capability(l *parsedLine) {
	list := l.Param(1)
	switch sub := l.Param(0); {
	case equalFold(sub, "LS"):
		s.capReply("LS", []byte(allCapabilities))
	case equalFold(sub, "LIST"):
		s.capReply("LIST", s.appendCaps(nil))
	case equalFold(sub, "REQ"):
		if l.NumParams() > 2 { // several without a colon
			list = joinParams(l)
		}
		if s.request(list) {
			s.capReply("ACK", list)
		} else {
			s.capReply("NAK", list)
		}
	case equalFold(sub, "END"):
	default:
		out := append(append(s.loop.out, s.loop.hub.text.prefix...), "410 * "...)
		out = irc.AppendCleanText(out, sub)
		s.loop.out = append(out, " :Invalid CAP command\r\n"...)
	}
}

func (s *Session) capReply(sub string, list []byte) {
	out := append(append(s.loop.out, s.loop.hub.text.prefix...), "CAP * "...)
	out = append(out, sub...)
	out = append(out, " :"...)
	out = irc.AppendCleanText(out, list)
	s.loop.out = append(out, '\r', '\n')
}

// request turns capabilities on, or off where "-" stands before one: all of them, or
// none when one is unknown.
func (s *Session) request(list []byte) bool {
	caps := s.caps
	for name := range bytes.FieldsSeq(list) {
		name, off := bytes.CutPrefix(name, []byte("-"))
		c := capabilityOf(name)
		if c == 0 {
			return false
		}
		if off {
			caps &^= c
		} else {
			caps |= c
		}
	}
	if caps != s.caps {
		s.change(caps)
	}
	return true
}

func (s *Session) appendCaps(dst []byte) []byte {
	for name := range bytes.FieldsSeq([]byte(allCapabilities)) {
		if s.caps&capabilityOf(name) != 0 {
			if len(dst) > 0 {
				dst = append(dst, ' ')
			}
			dst = append(dst, name...)
		}
	}
	return dst
}

// joinParams puts the parameters from the second on together again.
func joinParams(l *parsedLine) []byte {
	var list []byte
	for i := 1; i < l.NumParams(); i++ {
		if i > 1 {
			list = append(list, ' ')
		}
		list = append(list, l.Param(i)...)
	}
	return list
}

func equalFold(b []byte, s string) bool { return bytes.EqualFold(b, []byte(s)) }

func appendLower(dst, name []byte) []byte {
	for _, b := range name {
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		dst = append(dst, b)
	}
	return dst
}
