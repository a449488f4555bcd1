package hls

import (
	"bytes"
	"errors"
	"time"

	"uproar/proto/m3u8"
)

// ErrOlder says that a playlist is an earlier version than the one held, and does not
// contradict it: whoever sent it lags behind. What is held stays.
var ErrOlder = errors.New("playlist is older than the one held")

// ErrDelta says that a delta update skips segments which are not held: the whole playlist
// must be asked for.
var ErrDelta = errors.New("delta update skips segments that are not held")

// RuleError says that a playlist breaks a rule of the specification, alone or against the
// version before. What is held stays.
type RuleError struct {
	Section string // of the specification
	Reason  string
}

func (e *RuleError) Error() string {
	return "playlist breaks section " + e.Section + ": " + e.Reason
}

// Live is the playlist of one rendition as state: the current Version, and what was listed
// of late. It is not safe for several goroutines; a Version is. It has no clock: times are
// its caller's, and never go back.
type Live struct {
	now     *Version
	items   map[string]*item
	longest time.Duration // of any version, section 6.2.2
	ranges  rangeLog
}

// Version is the version held: nil before the first Update.
func (l *Live) Version() *Version { return l.now }

// Update takes the next version of the playlist, whole or as a delta update. It validates it
// by sections 4, 6.2.1 and 6.2.2, alone and against the version held, and then makes it
// the current one. A playlist that says nothing new leaves the Version as it is. media belongs
// to the Live from now on.
//
// The error is a *RuleError, ErrOlder, ErrDelta or a *m3u8.Error; what is held stays then.
func (l *Live) Update(media *m3u8.Media, now time.Time) error {
	if media.Skip.Segments > 0 {
		if l.now == nil {
			return ErrDelta
		}
		whole, ok := media.Whole(l.now.Media)
		if !ok {
			return ErrDelta
		}
		media = whole
	}
	if err := media.Check(); err != nil {
		return err
	}
	if err := checkNames(media); err != nil {
		return err
	}
	if l.now != nil {
		if err := checkChange(l.now.Media, media); err != nil {
			return err
		}
	}
	text := m3u8.AppendMedia(nil, media)
	if l.now != nil && bytes.Equal(text, l.now.Full.Bytes) {
		return nil
	}
	l.longest = max(l.longest, media.Duration())
	l.ranges.update(media, now)
	l.list(media, now)
	l.now = newVersion(l.now, media, text, &l.ranges, now)
	return nil
}

// Decide answers a request for this playlist that has waited since a time, by Version.Decide.
// Before the first Update there is nothing to say: the caller's own patience counts.
func (l *Live) Decide(r Reload, since, now time.Time) Decision {
	if l.now == nil {
		return Decision{Verdict: VerdictWait}
	}
	return l.now.Decide(r, since, now)
}
