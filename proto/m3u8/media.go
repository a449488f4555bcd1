package m3u8

import "time"

// Media is a media playlist. ParseMedia fills one; whoever builds one by hand asks Check.
type Media struct {
	Version               int           // of EXT-X-VERSION; 0: none, AppendMedia finds the lowest that will do
	TargetDuration        time.Duration // whole seconds
	PartTarget            time.Duration // of EXT-X-PART-INF; 0: no parts
	MediaSequence         int64         // of the first segment, listed or skipped
	DiscontinuitySequence int64
	Type                  Type
	IFramesOnly           bool
	Independent           bool // EXT-X-INDEPENDENT-SEGMENTS
	EndList               bool
	Control               Control
	Head                  []string // EXT-X-START and EXT-X-DEFINE, as they stand

	Skip       Skip // of a delta update; Segments begins after what it skips
	Segments   []Segment
	Open       Segment // what is said of the segment that is not complete yet: its parts and tags, no URI, no duration
	DateRanges []DateRange
	Hints      []Hint
	Reports    []Report
}

// Type is EXT-X-PLAYLIST-TYPE.
type Type uint8

const (
	TypeLive  Type = iota // no such tag
	TypeEvent             // segments are added only
	TypeVOD               // does not change
)

// Control is EXT-X-SERVER-CONTROL, section 4.4.3.8.
type Control struct {
	CanBlockReload    bool
	CanSkipDateRanges bool
	CanSkipUntil      time.Duration // 0: no delta updates
	HoldBack          time.Duration // 0: not given
	PartHoldBack      time.Duration // 0: not given
}

// Segment is one media segment. Map, Keys and Bitrate are what counts for it, whether
// its own lines or earlier ones say so; segments share them, and they are not to be changed.
type Segment struct {
	URI           string
	Duration      time.Duration
	Title         string
	Discontinuity bool // between the segment before and this one
	Gap           bool // there is no media
	Range         Range
	DateTime      string   // of EXT-X-PROGRAM-DATE-TIME, as it stands; empty: none
	Map           *Map     // nil: none; in a delta update perhaps that of a skipped segment
	Keys          []Key    // nil: not encrypted; in a delta update perhaps those of a skipped segment
	Bitrate       int64    // kbit/s; 0: not given
	Tags          []string // lines that this package does not know, as they stand
	Parts         []Part   // those still listed; of a complete segment, the last is its last
}

// Part is one partial segment, section 4.4.4.9.
type Part struct {
	URI         string
	Duration    time.Duration
	Independent bool
	Gap         bool
	Range       Range
}

// Range is a part of a resource. The zero Range is the whole.
type Range struct {
	Length int64 // bytes
	Offset int64
}

// Map is a media initialisation section, with the keys that count for it.
type Map struct {
	URI   string
	Range Range
	Keys  []Key
}

// Key is one EXT-X-KEY: its whole line, and its KEYFORMAT, by which a later one replaces it.
type Key struct {
	Format string
	Line   string
}

// Skip is EXT-X-SKIP. Segments is 0 in a playlist that is no delta update.
type Skip struct {
	Segments int64
	// Removed are the ids of date ranges that were removed of late. HasRemoved: the
	// attribute was there, empty or not.
	Removed    []string
	HasRemoved bool
}

// DateRange is one EXT-X-DATERANGE.
type DateRange struct {
	ID   string
	Line string // whole
}

// HintType is the type of a Hint.
type HintType uint8

const (
	HintPart HintType = iota
	HintMap
)

// Hint is EXT-X-PRELOAD-HINT, section 4.4.5.3.
type Hint struct {
	Type   HintType
	URI    string
	Start  int64 // bytes
	Length int64 // bytes; 0: to the end of the resource
}

// Report is EXT-X-RENDITION-REPORT, section 4.4.5.4.
type Report struct {
	URI  string
	MSN  int64
	Part int64 // -1: none
}

// LastMSN is the media sequence number of the last complete segment; one below MediaSequence
// when there is none.
func (m *Media) LastMSN() int64 {
	return m.MediaSequence + m.Skip.Segments + int64(len(m.Segments)) - 1
}

// Duration is the sum of the durations of the segments listed.
func (m *Media) Duration() time.Duration {
	var sum time.Duration
	for i := range m.Segments {
		sum += m.Segments[i].Duration
	}
	return sum
}
