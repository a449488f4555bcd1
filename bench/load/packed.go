package load

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
)

// Messages that the server has compressed (permessage-deflate, RFC 7692, without context
// takeover). All members of an event loop of the server are sent the same bytes, so that
// the first of them inflates and takes apart what the others only compare.

// offerDeflate is what is added to the upgrade request of a client that takes them.
const offerDeflate = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n"

const (
	// packedMax is how many messages are remembered: those that the parts of a room have been
	// sent last, a few for each, and of late ones some more. With fewer, members who are late
	// make the swarm inflate what it has inflated before, and later still.
	packedMax = 256
	// inflatedBytesMax bounds what a message may hold.
	inflatedBytesMax = 4 << 20
)

// packed are the messages that members were sent last.
type packed struct {
	known    [packedMax]message
	next     int // the one to give way
	inflater io.ReadCloser
	text     bytes.Buffer
	lines    []byte // of the last message on the wire Centrifuge
}

// message is one whose lines stand in the transcript of room, from place from to place to.
type message struct {
	bytes    []byte
	room     *transcript
	from, to int64
}

// inflateTail ends a message as RFC 7692 section 7.2.2 has it, and the stream after it.
var inflateTail = []byte{0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff}

// unpack has member i take a message.
func (s *Swarm) unpack(i int, payload []byte) {
	m := &s.members[i]
	s.tally.Packed++
	if s.packed.recall(s, m, payload) {
		return
	}
	text, err := s.packed.inflate(payload)
	if err != nil {
		s.broken(i, fmt.Sprintf("cannot inflate a message of %d bytes: %v", len(payload), err))
		return
	}
	from, room := m.at, m.room
	s.frame(i, opText, text)
	if m.at-from != int64(len(text)) || !room.stands(from, text) {
		return // it holds something else, or not in this order
	}
	s.packed.remember(payload, room, from, m.at)
}

// recall has m take a message whose lines are known to follow its place.
func (p *packed) recall(s *Swarm, m *member, payload []byte) bool {
	for k := range p.known {
		if one := &p.known[k]; one.from == m.at && one.room == m.room && bytes.Equal(one.bytes, payload) {
			s.advance(m, one.to)
			return true
		}
	}
	return false
}

// remember enters a message whose lines stand in room.
func (p *packed) remember(payload []byte, room *transcript, from, to int64) {
	one := &p.known[p.next]
	p.next = (p.next + 1) % packedMax
	*one = message{append(one.bytes[:0], payload...), room, from, to}
}

// inflate returns the text of a message, until the next.
func (p *packed) inflate(payload []byte) ([]byte, error) {
	in := io.MultiReader(bytes.NewReader(payload), bytes.NewReader(inflateTail))
	if p.inflater == nil {
		p.inflater = flate.NewReader(in)
	} else if err := p.inflater.(flate.Resetter).Reset(in, nil); err != nil {
		return nil, err
	}
	p.text.Reset()
	n, err := p.text.ReadFrom(io.LimitReader(p.inflater, inflatedBytesMax+1))
	if err == nil && n > inflatedBytesMax {
		err = fmt.Errorf("it holds more than %d bytes", inflatedBytesMax)
	}
	return p.text.Bytes(), err
}
