package load

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// The JSON protocol of centrifuge: a frame holds one or more replies, one a line. A reply
// to a command has its id; an empty one is a ping, to be answered alike; a push has a
// publication, whose data is here a chat line as a string, without CR LF.
// https://github.com/centrifugal/protocol

// Commands of a member are numbered.
const (
	connectID   = 1
	subscribeID = 2
)

// centrifugeHello are the commands that have a member be in a channel.
func centrifugeHello(channel string) string {
	return fmt.Sprintf(`{"id":%d,"connect":{"name":"bench"}}`+"\n"+`{"id":%d,"subscribe":{"channel":%q}}`, connectID, subscribeID, channel)
}

// pushHead and pushTail stand around the data of a publication, when the server writes
// nothing but what it must.
func pushHead(channel string) []byte {
	return fmt.Appendf(nil, `{"push":{"channel":%q,"pub":{"data":"`, channel)
}

var pushTail = []byte(`"}}}`)

// reply is all of one that a member looks at.
type reply struct {
	ID    int `json:"id"`
	Error *struct {
		Message string `json:"message"`
	} `json:"error"`
	Push *struct {
		Channel string `json:"channel"`
		Pub     *struct {
			Data string `json:"data"`
		} `json:"pub"`
		Disconnect json.RawMessage `json:"disconnect"`
	} `json:"push"`
}

// replies has member i take a frame of the wire Centrifuge. Members that are sent the same
// publications together compare what the first of them has taken apart.
func (s *Swarm) replies(i int, payload []byte) {
	m := &s.members[i]
	if s.packed.recall(s, m, payload) {
		return
	}
	room, from := m.room, m.at
	text, others := s.packed.lines[:0], false
	for one := range bytes.SplitSeq(payload, []byte{'\n'}) {
		if data, ok := bytes.CutPrefix(one, s.pushHead); ok && bytes.HasSuffix(data, pushTail) && bytes.IndexByte(data, '\\') < 0 {
			text = append(append(text, data[:len(data)-len(pushTail)]...), '\r', '\n')
			continue
		}
		others = true
		if text = s.reply(i, one, text); m.state == ended {
			return
		}
	}
	s.lines(i, text)
	if !others && m.at-from == int64(len(text)) && room.stands(from, text) {
		s.packed.remember(payload, room, from, m.at)
	}
	s.packed.lines = text
}

// reply has member i take one, and returns text with the line that is in it.
func (s *Swarm) reply(i int, one, text []byte) []byte {
	m := &s.members[i]
	if string(one) == "{}" {
		s.ping(m)
		s.send(i, "{}")
		return text
	}
	var r reply
	err := json.Unmarshal(one, &r)
	switch {
	case err != nil:
		s.broken(i, fmt.Sprintf("cannot read the reply %.80q: %v", one, err))
	case r.Error != nil:
		s.broken(i, fmt.Sprintf("the server refuses command %d: %s", r.ID, r.Error.Message))
	case r.Push != nil && r.Push.Disconnect != nil:
		s.say(i, string(one))
	case r.Push != nil && r.Push.Pub != nil && r.Push.Channel == s.config.Hello.Channel:
		text = append(append(text, r.Push.Pub.Data...), '\r', '\n')
	case r.ID == subscribeID:
		s.enter(i)
	}
	return text
}
