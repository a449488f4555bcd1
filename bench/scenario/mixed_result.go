package scenario

import (
	"errors"
	"fmt"
	"strings"

	"uproar/bench/load"
	"uproar/bench/meter"
)

// count takes over what everybody saw. Not while anybody talks.
func (m *mixed) count(r *MixedResult) error {
	r.Moderation = m.police.total()
	r.Unsent = m.lines.Unsent() + m.hot.Unsent()
	for _, p := range []*load.Publisher{m.lines, m.hot} {
		n, first := p.Notices()
		r.Refused += n
		if first != "" {
			r.Remark = first
		}
		r.Lines += p.SentTotal()
	}
	for _, n := range m.chat.mu.acceptedIn {
		r.Lines += n
	}
	for _, g := range m.groups {
		r.Kinds = append(r.Kinds, m.countKind(r, g))
	}
	return nil
}

func (m *mixed) countKind(r *MixedResult, g *group) MixedKind {
	t, said := g.swarm.Tally(), m.saidIn(g)
	k := MixedKind{Name: g.name, Members: g.members, Deliveries: t.Latency.Count(), Pinged: t.Pinged, Cleared: t.Cleared, Packed: t.Packed, Notices: t.Notices,
		P50: meter.Milliseconds(t.Latency.Quantile(0.5)), P99: meter.Milliseconds(t.Latency.Quantile(0.99)), Max: meter.Milliseconds(t.Latency.Quantile(1)),
		Faults: Faults{Lost: g.swarm.LostIn(said), Told: t.Told, Reordered: t.Reordered, Duplicated: t.Duplicated, Wrong: t.Wrong, Ended: t.EOF + t.Broken - t.Refused, Orders: 1}}
	if len(t.Oddities) > 0 {
		k.Remark = t.Oddities[0]
	}
	if g.Caps == tagged {
		for room, members := range g.swarm.MembersIn()[:min(g.Rooms, len(m.police.beats))] {
			k.ClearedAll += m.police.beats[room].said.Shown * members
		}
	}
	switch g.name {
	case slowKind:
		k.Fate = g.swarm.Fate(0, []uint32{uint32(said[0])})
	case restlessKind:
		r.Returns.Back, r.Returns.Refused = t.Away.Count(), t.Refused
		r.Returns.AwayP50, r.Returns.AwayP99 = meter.Milliseconds(t.Away.Quantile(0.5)), meter.Milliseconds(t.Away.Quantile(0.99))
	}
	return k
}

// fate is that of the slow member: what it was told to be missing are deletions too.
func (k *MixedKind) fate() load.Fate {
	f := k.Fate
	f.Lost += k.ClearedAll - k.Cleared
	return f
}

// check judges one kind.
func (k *MixedKind) check() error {
	if k.Name == slowKind {
		if fate := k.fate(); !fate.Ended && fate.Lost != fate.Told {
			return fmt.Errorf("the slow member was %s", verdict(fate))
		}
		return nil
	}
	if err := k.Faults.Check(); err != nil {
		return fmt.Errorf("%s: %w (%s)", k.Name, err, k.Remark)
	}
	if k.ClearedAll > 0 && k.Cleared != k.ClearedAll {
		return fmt.Errorf("%s: members were shown %d deletions, timeouts and bans, want %d", k.Name, k.Cleared, k.ClearedAll)
	}
	if k.Name == idleKind && k.Pinged != int64(k.Members) {
		return fmt.Errorf("%s: %d of %d members were sent a PING", k.Name, k.Pinged, k.Members)
	}
	return nil
}

// Check fails when anybody saw what nobody should.
func (r *MixedResult) Check() error {
	var errs []error
	for _, k := range r.Kinds {
		errs = append(errs, k.check())
	}
	if m := &r.Moderation; m.Failed+m.Slipped != 0 || m.Silenced == 0 {
		errs = append(errs, fmt.Errorf("of %d commands %d failed, %d lines were judged otherwise than they told, %d as they did: %q", m.Commands, m.Failed, m.Slipped, m.Silenced, m.Odd))
	}
	if b := &r.Returns; b.Back != b.Parted+b.Left || b.Back == 0 || b.Refused != 0 {
		errs = append(errs, fmt.Errorf("members parted %d times and reconnected %d times, were back %d times and refused %d times", b.Parted, b.Left, b.Back, b.Refused))
	}
	if r.Refused != 0 {
		errs = append(errs, fmt.Errorf("%d lines were refused: %s", r.Refused, r.Remark))
	}
	if grown := r.RSS - r.RSSBefore; grown > r.GrowthMax {
		errs = append(errs, fmt.Errorf("the server grew by %s MB, want at most %s", megabytes(grown), megabytes(r.GrowthMax)))
	}
	return errors.Join(errs...)
}

// Header names the columns of Cells.
func (r *MixedResult) Header() []string {
	return []string{"clients", "members", "deliveries", "lost", "told", "out of order", "duplicated", "wrong", "ended", "p50 ms", "p99 ms", "max ms", "sent a PING", "shown moderation"}
}

// Cells is a row for each kind of client.
func (r *MixedResult) Cells() [][]string {
	var rows [][]string
	for _, k := range r.Kinds {
		f := &k.Faults
		rows = append(rows, []string{k.Name, fmt.Sprint(k.Members), fmt.Sprint(k.Deliveries), fmt.Sprint(f.Lost), fmt.Sprint(f.Told), fmt.Sprint(f.Reordered), fmt.Sprint(f.Duplicated),
			fmt.Sprint(f.Wrong), fmt.Sprint(f.Ended), fmt.Sprintf("%.1f", k.P50), fmt.Sprintf("%.1f", k.P99), fmt.Sprintf("%.1f", k.Max), fmt.Sprint(k.Pinged), fmt.Sprint(k.Cleared)})
	}
	return rows
}

// Remarks says what the columns do not.
func (r *MixedResult) Remarks() []string {
	m, b := &r.Moderation, &r.Returns
	remarks := []string{
		fmt.Sprintf("%d lines, %d unsent; %.2f µs of server CPU per delivery, all else that went on included, %.2f cores; server RSS %s MB, at the end %s MB with %d events kept for those who come back",
			r.Lines, r.Unsent, r.CPUMicros, r.Cores, megabytes(r.RSSBefore), megabytes(r.RSS), r.Kept),
		fmt.Sprintf("moderators: %d commands, %d failed, the slowest answered after %.1f ms; of those they dealt with %d lines were heard, %d refused, %d judged wrongly",
			m.Commands, m.Failed, m.Slowest, m.Heard, m.Silenced, m.Slipped),
		fmt.Sprintf("who come and go: %d times parted and joined, %d reconnected, all read on; away p50 %.1f ms, p99 %.1f ms", b.Parted, b.Left, b.AwayP50, b.AwayP99),
	}
	for _, k := range r.Kinds {
		if k.Packed > 0 {
			remarks = append(remarks, fmt.Sprintf("%s: %d compressed messages", k.Name, k.Packed))
		}
		if k.Name == slowKind {
			remarks = append(remarks, "the slow one, who did not read for 40 % of the time: "+verdict(k.fate()))
		}
	}
	if len(m.Odd) > 0 {
		remarks = append(remarks, strings.Join(m.Odd, "; "))
	}
	if r.Remark != "" {
		remarks = append(remarks, r.Remark)
	}
	return remarks
}
