package hls

import (
	"time"

	"uproar/proto/m3u8"
)

// Verdict is what the rules of section 6.2.5 say to a request for a media playlist.
type Verdict uint8

const (
	VerdictAnswer      Verdict = iota // with Decision.Text, status 200
	VerdictWait                       // for the next Version, and no longer than Decision.Until
	VerdictBad                        // status 400
	VerdictUnavailable                // status 503: it waited for too long
)

// Decision is a Verdict with what belongs to it.
type Decision struct {
	Verdict Verdict
	Text    *Text     // of VerdictAnswer
	Until   time.Time // of VerdictWait: by then the verdict is another. Zero: not known
}

// holdTargets is how many target durations a request is held, section 6.2.5.2.
const holdTargets = 3

// advanceSpan is the Advance Part Limit in time: so much of parts may be asked ahead, and no
// less than advanceParts parts, section 6.2.5.2.
const (
	advanceSpan  = 3 * time.Second
	advanceParts = 3
)

// Decide says what to do with a request that has waited since a time, by sections 6.2.5.1 and
// 6.2.5.2. It costs no allocation. Any goroutine may call it.
func (v *Version) Decide(r Reload, since, now time.Time) Decision {
	m := v.Media
	if m.EndList {
		return Decision{Text: &v.Full} // directives are ignored
	}
	if r.Part >= 0 && r.MSN < 0 {
		return Decision{Verdict: VerdictBad}
	}
	if r.MSN < 0 || !m.Control.CanBlockReload || v.has(r.MSN, r.Part) {
		return Decision{Text: v.text(r.Skip)}
	}
	if v.tooFar(r.MSN, r.Part) {
		return Decision{Verdict: VerdictBad}
	}
	if until := since.Add(holdTargets * m.TargetDuration); now.Before(until) {
		return Decision{Verdict: VerdictWait, Until: until}
	}
	return Decision{Verdict: VerdictUnavailable}
}

// has says whether the playlist contains what a blocking reload waits for.
func (v *Version) has(msn, part int64) bool {
	last, open := v.LastMSN(), int64(len(v.Media.Open.Parts))
	if part < 0 || v.Media.PartTarget == 0 {
		return msn <= last
	}
	switch {
	case msn < last:
		return true
	case msn == last:
		// One beyond the end of its parent is the first of the next parent.
		return part < v.partsOfLast() || open > 0
	default:
		return msn == last+1 && part < open
	}
}

// tooFar says whether a blocking reload asks for what cannot come for long: that is refused
// at once. It is asked of what the playlist does not have.
func (v *Version) tooFar(msn, part int64) bool {
	last, open := v.LastMSN(), int64(len(v.Media.Open.Parts))
	if msn > last+2 {
		return true
	}
	if part < 0 || v.Media.PartTarget == 0 || msn <= last {
		return false
	}
	if part >= m3u8.PartsMax {
		return true
	}
	ahead := part + 1 // in a segment after the open one: at least so many after the last part
	if msn == last+1 {
		ahead -= open
	}
	if v.Media.PartTarget >= time.Second {
		return ahead > advanceParts
	}
	return ahead > int64(advanceSpan/v.Media.PartTarget)
}

func (v *Version) partsOfLast() int64 {
	if n := len(v.Media.Segments); n > 0 {
		return int64(len(v.Media.Segments[n-1].Parts))
	}
	return 0
}

// text is the rendering that a request for a playlist without end gets, section 6.2.5.1.
func (v *Version) text(skip Skip) *Text {
	switch {
	case skip == SkipNo || v.Delta.Bytes == nil:
		return &v.Full
	case skip == SkipV2 && v.DeltaV2.Bytes != nil:
		return &v.DeltaV2
	default:
		return &v.Delta
	}
}
