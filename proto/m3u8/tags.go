package m3u8

import (
	"strconv"
	"strings"
	"time"
)

// versionMax is the protocol version of the specification: a client takes none above.
const versionMax = 13

// mediaTag reads the value of one tag of a media playlist.
type mediaTag struct {
	take  func(p *mediaParser, value string) *Error
	plain bool   // it has no value
	once  uint16 // a bit, of tags that stand once in a playlist
}

const (
	onceVersion = 1 << iota
	onceTarget
	onceSequence
	onceDiscontinuity
	onceType
	onceIFrames
	onceIndependent
	oncePartInf
	onceControl
	onceSkip
	onceStart
	onceEnd
)

var mediaTags = map[string]mediaTag{
	"#EXT-X-VERSION":                {take: takeVersion, once: onceVersion},
	"#EXT-X-TARGETDURATION":         {take: takeTarget, once: onceTarget},
	"#EXT-X-MEDIA-SEQUENCE":         {take: takeSequence, once: onceSequence},
	"#EXT-X-DISCONTINUITY-SEQUENCE": {take: takeDiscontinuitySequence, once: onceDiscontinuity},
	"#EXT-X-PLAYLIST-TYPE":          {take: takeType, once: onceType},
	"#EXT-X-I-FRAMES-ONLY":          {take: takeIFrames, plain: true, once: onceIFrames},
	"#EXT-X-INDEPENDENT-SEGMENTS":   {take: takeIndependent, plain: true, once: onceIndependent},
	"#EXT-X-PART-INF":               {take: takePartInf, once: oncePartInf},
	"#EXT-X-SERVER-CONTROL":         {take: takeControl, once: onceControl},
	"#EXT-X-SKIP":                   {take: takeSkip, once: onceSkip},
	"#EXT-X-START":                  {take: takeHead, once: onceStart},
	"#EXT-X-DEFINE":                 {take: takeHead},
	"#EXT-X-ENDLIST":                {take: takeEnd, plain: true, once: onceEnd},
	"#EXTINF":                       {take: takeInf},
	"#EXT-X-BYTERANGE":              {take: takeByteRange},
	"#EXT-X-DISCONTINUITY":          {take: takeDiscontinuity, plain: true},
	"#EXT-X-KEY":                    {take: takeKey},
	"#EXT-X-MAP":                    {take: takeMap},
	"#EXT-X-PROGRAM-DATE-TIME":      {take: takeDateTime},
	"#EXT-X-GAP":                    {take: takeGap, plain: true},
	"#EXT-X-BITRATE":                {take: takeBitrate},
	"#EXT-X-PART":                   {take: takePart},
	"#EXT-X-DATERANGE":              {take: takeDateRange},
	"#EXT-X-PRELOAD-HINT":           {take: takeHint},
	"#EXT-X-RENDITION-REPORT":       {take: takeReport},
}

func takeVersion(p *mediaParser, value string) *Error {
	var err *Error
	p.m.Version, err = parseVersion(value)
	return err
}

func parseVersion(value string) (int, *Error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > versionMax {
		return 0, fault("version %q is not 1 to %d", clip(value), versionMax)
	}
	return n, nil
}

func takeTarget(p *mediaParser, value string) *Error {
	n, ok := parseNumber(value)
	if !ok || n < 1 || n > int64(DurationMax/time.Second) {
		return fault("EXT-X-TARGETDURATION:%s is not 1 to %d", clip(value), DurationMax/time.Second)
	}
	p.m.TargetDuration = time.Duration(n) * time.Second
	return nil
}

func takeSequence(p *mediaParser, value string) *Error {
	return p.sequence(&p.m.MediaSequence, value)
}

func takeDiscontinuitySequence(p *mediaParser, value string) *Error {
	if p.seg.Discontinuity {
		return fault("%s comes after EXT-X-DISCONTINUITY", clip(p.text))
	}
	return p.sequence(&p.m.DiscontinuitySequence, value)
}

// sequence reads a number that must stand before the first segment.
func (p *mediaParser) sequence(to *int64, value string) *Error {
	n, ok := parseNumber(value)
	if !ok || n > NumberMax-SegmentsMax {
		return fault("%s: no sequence number", clip(p.text))
	}
	if len(p.m.Segments) > 0 || len(p.seg.Parts) > 0 || p.m.Skip.Segments > 0 {
		return fault("%s comes after the first segment", clip(p.text))
	}
	*to = n
	return nil
}

func takeType(p *mediaParser, value string) *Error {
	switch value {
	case "EVENT":
		p.m.Type = TypeEvent
	case "VOD":
		p.m.Type = TypeVOD
	default:
		return fault("playlist type %q is neither EVENT nor VOD", clip(value))
	}
	return nil
}

func takeIFrames(p *mediaParser, _ string) *Error     { p.m.IFramesOnly = true; return nil }
func takeIndependent(p *mediaParser, _ string) *Error { p.m.Independent = true; return nil }
func takeEnd(p *mediaParser, _ string) *Error         { p.m.EndList = true; return nil }
func takeGap(p *mediaParser, _ string) *Error         { p.seg.Gap = true; return nil }

func takeDiscontinuity(p *mediaParser, _ string) *Error {
	if len(p.seg.Parts) > 0 {
		return fault("EXT-X-DISCONTINUITY after a part of its segment")
	}
	p.seg.Discontinuity = true
	return nil
}

func takePartInf(p *mediaParser, value string) *Error {
	list, err := parseAttrs(value)
	if err != nil {
		return err
	}
	p.m.PartTarget, err = list.seconds("PART-TARGET", 0)
	if err == nil && p.m.PartTarget == 0 {
		return fault("PART-TARGET is missing, or 0")
	}
	return err
}

func takeControl(p *mediaParser, value string) *Error {
	list, err := parseAttrs(value)
	if err != nil {
		return err
	}
	c := &p.m.Control
	if c.CanBlockReload, err = list.yes("CAN-BLOCK-RELOAD"); err != nil {
		return err
	}
	if c.CanSkipDateRanges, err = list.yes("CAN-SKIP-DATERANGES"); err != nil {
		return err
	}
	if c.CanSkipUntil, err = list.seconds("CAN-SKIP-UNTIL", 0); err != nil {
		return err
	}
	if c.HoldBack, err = list.seconds("HOLD-BACK", 0); err != nil {
		return err
	}
	c.PartHoldBack, err = list.seconds("PART-HOLD-BACK", 0)
	return err
}

func takeSkip(p *mediaParser, value string) *Error {
	list, err := parseAttrs(value)
	if err != nil {
		return err
	}
	if len(p.m.Segments) > 0 || len(p.seg.Parts) > 0 {
		return fault("EXT-X-SKIP comes after a segment")
	}
	if p.m.Skip.Segments, err = list.number("SKIPPED-SEGMENTS", 0); err != nil {
		return err
	}
	if p.m.Skip.Segments < 1 || p.m.Skip.Segments > SegmentsMax {
		return fault("SKIPPED-SEGMENTS is not 1 to %d", SegmentsMax)
	}
	removed, ok := list.raw("RECENTLY-REMOVED-DATERANGES")
	if p.m.Skip.HasRemoved = ok; !ok || removed == `""` {
		return nil
	}
	if removed, err = list.text("RECENTLY-REMOVED-DATERANGES"); err != nil {
		return err
	}
	if p.m.Skip.Removed = strings.Split(removed, "\t"); len(p.m.Skip.Removed) > dateRangesMax {
		return fault("more than %d date ranges", dateRangesMax)
	}
	return nil
}

func takeHead(p *mediaParser, value string) *Error {
	if _, err := parseAttrs(value); err != nil {
		return err
	}
	if len(p.m.Head) == headMax {
		return fault("more than %d lines of its kind", headMax)
	}
	p.m.Head = append(p.m.Head, p.text)
	return nil
}

func takeBitrate(p *mediaParser, value string) *Error {
	n, ok := parseNumber(value)
	if !ok {
		return fault("%s: no number", clip(p.text))
	}
	p.seg.Bitrate = n
	return nil
}

func takeDateRange(p *mediaParser, value string) *Error {
	list, err := parseAttrs(value)
	if err != nil {
		return err
	}
	id, err := list.text("ID")
	if err != nil {
		return err
	}
	if len(p.m.DateRanges) == dateRangesMax {
		return fault("more than %d date ranges", dateRangesMax)
	}
	p.m.DateRanges = append(p.m.DateRanges, DateRange{ID: id, Line: p.text})
	return nil
}

func takeHint(p *mediaParser, value string) *Error {
	list, err := parseAttrs(value)
	if err != nil {
		return err
	}
	var h Hint
	switch kind := list.Get("TYPE"); kind {
	case "PART":
		h.Type = HintPart
	case "MAP":
		h.Type = HintMap
	default:
		return nil // section 6.3.1: what is not known is passed over
	}
	if h.URI, err = list.text("URI"); err != nil {
		return err
	}
	if err := checkURI(h.URI); err != nil {
		return err
	}
	if h.Start, err = list.number("BYTERANGE-START", 0); err != nil {
		return err
	}
	if h.Length, err = list.number("BYTERANGE-LENGTH", 0); err != nil {
		return err
	}
	if len(p.m.Hints) == hintsMax {
		return fault("more than %d preload hints", hintsMax)
	}
	p.m.Hints = append(p.m.Hints, h)
	return nil
}

func takeReport(p *mediaParser, value string) *Error {
	list, err := parseAttrs(value)
	if err != nil {
		return err
	}
	var r Report
	if r.URI, err = list.text("URI"); err != nil {
		return err
	}
	if err := checkURI(r.URI); err != nil {
		return err
	}
	if r.MSN, err = list.number("LAST-MSN", -1); err != nil {
		return err
	}
	if r.Part, err = list.number("LAST-PART", -1); err != nil {
		return err
	}
	if r.MSN < 0 {
		return fault("EXT-X-RENDITION-REPORT without LAST-MSN")
	}
	if len(p.m.Reports) == reportsMax {
		return fault("more than %d rendition reports", reportsMax)
	}
	p.m.Reports = append(p.m.Reports, r)
	return nil
}
