package load

import "encoding/binary"

// A member whose bytes stand in the transcript follows it: they are compared, counted
// and forgotten.

// followFrames takes whole frames of text, and the parts of one, that stand at the place
// of member i, and returns how many bytes they were. What is left begins a frame, unless
// the member's size is not 0: then the rest of its frame has come and stands there not.
func (s *Swarm) followFrames(i int, data []byte) int {
	m, used := &s.members[i], 0
	t := m.room
	for used < len(data) && m.state == ready {
		head, size := 0, int(m.size)
		if size == 0 {
			if head, size = textHead(data[used:]); size == 0 || m.at+int64(size) > t.end() {
				return used
			}
		}
		part := data[used+head : min(len(data), used+head+size-int(m.done))]
		if !t.stands(m.at+int64(m.done), part) {
			return used
		}
		used += head + len(part)
		m.size, m.done = int32(size), m.done+int32(len(part))
		if m.done < m.size {
			return used
		}
		place := m.at + int64(size)
		if n := t.count(place); n == 0 || t.lines[n-1].end != place {
			// A frame ends with a line; that is for those to judge who take it apart.
			m.done -= int32(len(part))
			if m.done == 0 {
				m.size = 0
			}
			return used - head - len(part)
		}
		m.size, m.done = 0, 0
		s.advance(m, place)
	}
	return used
}

// textHead returns the length of the head of the frame of text that begins b, and that of
// its payload; 0 for any other frame, and for a head that is not whole.
func textHead(b []byte) (head, size int) {
	switch {
	case len(b) < 2 || b[0] != 0x80|opText || b[1] > 127:
		return 0, 0
	case b[1] < 126:
		return 2, int(b[1])
	case len(b) < 4 || b[1] == 127 && len(b) < 10:
		return 0, 0
	case b[1] == 126:
		return 4, int(binary.BigEndian.Uint16(b[2:]))
	}
	return 10, int(min(binary.BigEndian.Uint64(b[2:]), frameBytesMax+1))
}

// unfollow takes apart, with rest, the frame of which the first bytes stood at the place
// of member i, and the rest does not.
func (s *Swarm) unfollow(i int, rest []byte) int {
	data := append(s.followed(i), rest...)
	m := &s.members[i]
	m.size, m.done = 0, 0
	used := s.consume(i, data)
	if m.state != ended && m.size == 0 {
		m.carry = append([]byte(nil), data[used:]...)
	}
	return len(rest)
}

// followed are the bytes, head included, of the frame that member i has in part.
func (s *Swarm) followed(i int) []byte {
	m, t := &s.members[i], s.members[i].room
	b := []byte{0x80 | opText, byte(m.size)}
	switch {
	case m.size > 0xffff:
		b[1] = 127
		b = binary.BigEndian.AppendUint64(b, uint64(m.size))
	case m.size > 125:
		b[1] = 126
		b = binary.BigEndian.AppendUint16(b, uint16(m.size))
	}
	return append(b, t.bytes[m.at-t.base:][:m.done]...)
}

// followLines is followFrames for lines without frames: the part of one stays in data.
func (s *Swarm) followLines(i int, data []byte) int {
	m, t := &s.members[i], s.members[i].room
	if m.state != ready {
		return 0
	}
	known := t.common(m.at, data)
	if len(known) == 0 || !t.stands(m.at, known) {
		return 0
	}
	place := t.begin(t.count(m.at + int64(len(known))))
	used := int(place - m.at)
	if used > 0 {
		s.advance(m, place)
	}
	return used
}

// advance counts that m has got what stands from its place to the next.
func (s *Swarm) advance(m *member, place int64) {
	from, to := m.room.count(m.at), m.room.count(place)
	m.at = place
	s.tally.Deliveries += int64(to - from)
	s.tally.Reordered += m.room.disorder(from, to)
	s.took(m.room, from, to)
}

// trim bounds a transcript. Members that are within a frame keep its bytes themselves.
func (s *Swarm) trim(t *transcript) {
	if len(t.bytes) < transcriptBytesMax {
		return
	}
	for i := range s.members {
		if m := &s.members[i]; m.size != 0 && m.room == t {
			m.carry = s.followed(i)
			m.size, m.done = 0, 0
		}
	}
	t.trim()
}
