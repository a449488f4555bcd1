package load

import (
	"bytes"
	"fmt"
)

// consume takes the whole frames or lines of data and returns how many bytes they
// were.
func (s *Swarm) consume(i int, data []byte) int {
	m := &s.members[i]
	used := 0
	if m.state == upgrading {
		end := bytes.Index(data, []byte("\r\n\r\n"))
		if end < 0 {
			return 0
		}
		used = end + 4
		if !upgraded(data[:used], s.config.Hello.Protocol) {
			s.broken(i, fmt.Sprintf("not upgraded: %.80q", data[:used]))
			return used
		}
		s.register(i)
	}
	if !s.config.Wire.framed() {
		used += s.followLines(i, data[used:])
		return used + s.lines(i, data[used:])
	}
	for m.state != ended {
		if s.config.Wire != Centrifuge {
			used += s.followFrames(i, data[used:])
		}
		if used == len(data) {
			break
		}
		if m.size != 0 {
			return used + s.unfollow(i, data[used:])
		}
		op, payload, size, err := nextFrame(data[used:], s.config.Deflate)
		if err != nil {
			s.broken(i, err.Error())
			break
		}
		if size == 0 {
			break
		}
		s.frame(i, op, payload)
		used += size
	}
	return used
}

func (s *Swarm) frame(i int, op byte, payload []byte) {
	switch op {
	case opText:
		if s.config.Wire == Centrifuge {
			s.replies(i, payload)
			return
		}
		// Twitch's clients need CR LF after every line, the last of a frame included.
		if n := s.lines(i, payload); n < len(payload) {
			s.broken(i, fmt.Sprintf("frame does not end with CR LF: %.80q", payload))
		}
	case opPacked:
		s.unpack(i, payload)
	case opPing:
		s.ping(&s.members[i])
		s.out = appendFrame(s.out[:0], opPong, payload)
		s.write(i, s.out)
	case opClose:
		s.members[i].closing = true
		s.tally.CloseFrame++
		if len(payload) >= 2 {
			s.say(i, fmt.Sprintf("close %d %s", int(payload[0])<<8|int(payload[1]), payload[2:]))
		}
		s.out = appendFrame(s.out[:0], opClose, payload)
		s.write(i, s.out)
	}
}

// lines takes the whole lines of b and returns how many bytes they were.
func (s *Swarm) lines(i int, b []byte) int {
	used := 0
	for s.members[i].state != ended {
		n := bytes.IndexByte(b[used:], '\n')
		if n < 0 {
			break
		}
		text := b[used : used+n]
		used += n + 1
		if n > 0 && text[n-1] == '\r' {
			text = text[:n-1]
		}
		s.line(i, text, b[used-n-1:used])
	}
	return used
}

// line takes one line b, of which raw are the bytes with CR LF.
func (s *Swarm) line(i int, b, raw []byte) {
	m := &s.members[i]
	if m.room.stands(m.at, raw) && len(raw) > 2 {
		s.advance(m, m.at+int64(len(raw)))
		return
	}
	l := cutLine(b)
	switch string(l.command) {
	case "PRIVMSG":
		s.delivered(i, l, raw)
	case "PING":
		s.ping(m)
		s.send(i, "PONG "+string(l.rest))
	case "376", "422":
		if m.state == registering {
			m.state = joining
			s.send(i, s.join(m))
		}
	case "366":
		s.enter(i)
	case "PART":
		s.parted(i)
	case "CLEARCHAT", "CLEARMSG":
		s.tally.Cleared++
	case "RECONNECT":
		if !m.reconnect {
			m.reconnect = true
			s.tally.Reconnects++
		}
	case "NOTICE", "ERROR":
		s.say(i, string(b))
		switch {
		case m.state == ready:
			s.tally.Notices++
			s.gap(i, l)
		case m.excused:
			m.excused = false // JOIN is sent already
		case m.state == joining && s.tally.Rejoined < rejoinedMax*int64(len(s.members)):
			s.tally.Rejoined++ // the server was too busy, and says so
			s.send(i, s.join(m))
		}
	default:
		if s.config.Wire == IRC && m.state < ready && refused(string(l.command)) {
			s.broken(i, fmt.Sprintf("the server refuses: %q", b))
		}
	}
}

// gap books a NOTICE that says how many lines will not come. Its text starts with
// the number; a NOTICE whose text does not is about something else.
func (s *Swarm) gap(i int, l line) {
	if n, rest := digits(lastParameter(l.rest)); n > 0 && bytes.HasPrefix(rest, []byte(" line")) {
		s.told[i] += n
		s.tally.Told += n
	}
}

// ping counts that m was sent one.
func (s *Swarm) ping(m *member) {
	s.tally.Pings++
	if !m.pinged {
		m.pinged = true
		s.tally.Pinged++
	}
}

// delivered checks a chat line that does not stand at its member's place: known
// publisher, right room, every byte of the text, and its place in the order.
func (s *Swarm) delivered(i int, l line, raw []byte) {
	room, text, ok := bytes.Cut(l.rest, []byte(" :"))
	m, t := &s.members[i], s.members[i].room
	publisher, known := s.publishers[string(l.prefix)]
	var h heard
	if ok = ok && known && string(room) == t.name; ok {
		h, ok = s.texts.read(publisher, text, t.last[publisher])
	}
	if !ok {
		s.tally.Wrong++
		s.tally.odd(fmt.Sprintf("wrong line: :%s PRIVMSG %.80s", l.prefix, l.rest))
		return
	}
	d := delivery{int32(publisher), h.seq}
	if _, known := t.index[d]; !known {
		t.enter(d, h.due, h.burst, raw)
	}
	v, n, place := t.book(i, m.at, d)
	m.at = place
	s.tally.Deliveries++
	switch v {
	case inOrder, ahead:
		s.tally.Reordered += t.disorder(n, n+1)
	case late:
		s.tally.Reordered++
	case again:
		s.tally.Duplicated++
	}
	s.took(t, n, n+1)
}

// send writes lines, one frame each as browsers do, in one call.
func (s *Swarm) send(i int, lines ...string) {
	s.out = s.out[:0]
	for _, l := range lines {
		if !s.config.Wire.framed() {
			s.out = append(append(s.out, l...), '\r', '\n')
		} else {
			s.out = appendFrame(s.out, opText, []byte(l))
		}
	}
	s.write(i, s.out)
}

// say keeps what the server told member i last.
func (s *Swarm) say(i int, words string) {
	if _, known := s.words[i]; known || len(s.words) < fatesMax {
		s.words[i] = words
	}
}
