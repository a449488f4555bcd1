package link

import "time"

// driftPart is how much two clocks may run apart: by one part in 2,000, the most by which NTP slews one.
const driftPart = 2000

// lag tells how much longer than others a submission of one connection was on its way. It compares when they were sent,
// by the sender's clock, with when they came, by ours: the least difference so far is taken for a way without delay. A
// process that was stopped, or a network that was away, shows as a lag of what waited meanwhile.
type lag struct {
	least time.Duration // of what was measured, and grown by what the clocks may have run apart since
	at    time.Duration
	known bool
}

// of is the lag of what was sent and has come at these times.
func (l *lag) of(sent, come time.Duration) time.Duration {
	took := come - sent
	l.least += (come - l.at) / driftPart
	if !l.known || took < l.least {
		l.least, l.known = took, true
	}
	l.at = come
	return took - l.least
}
