package load

// Leave has member i end its connection, as one who closes a laptop, and come back as
// SwarmConfig's Return and Resume say. It reports false, and does nothing, when the member
// is not in its room now or has no line yet that it could name.
func (s *Swarm) Leave(i int) bool {
	return s.restless(i, func() { s.end(i, "it left") })
}

// Part has member i leave its room and, once the server has confirmed that, join it again
// on the same connection, asking for what was said meanwhile. It reports false as Leave.
func (s *Swarm) Part(i int) bool {
	return s.restless(i, func() {
		s.members[i].parting = true
		s.send(i, "PART "+s.members[i].room.name)
	})
}

// restless runs f if member i could read on afterwards.
func (s *Swarm) restless(i int, f func()) (done bool) {
	err := s.do(func() {
		m := &s.members[i]
		if m.state == ready && !m.parting && !m.paused && s.config.Resume && m.room.id(m.at) != nil {
			done = true
			f()
		}
	})
	return done && err == nil
}

// parted has member i come back to the room that it has left, or that the server had it
// leave: one that could not find out in time whether the member may be there does so. What
// is said until it is back is missed, and counts as lost.
func (s *Swarm) parted(i int) {
	m := &s.members[i]
	if m.state != ready {
		return
	}
	if !m.parting {
		m.excused = true
		s.tally.Parted++
		if s.tally.Parted > rejoinedMax*int64(len(s.members)) {
			return
		}
	}
	m.parting, m.away, m.state = false, true, joining
	s.inFlight++
	s.back.since[i] = Now()
	s.send(i, s.join(m))
}

// MembersIn returns how many members each room has.
func (s *Swarm) MembersIn() []int64 {
	counts := make([]int64, len(s.rooms))
	read := func() {
		for i := range s.members {
			counts[s.zipf.room(int64(s.config.First+i))]++
		}
	}
	if s.do(read) != nil {
		read()
	}
	return counts
}
