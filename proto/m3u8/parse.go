package m3u8

import (
	"slices"
	"strings"
	"time"
)

// ParseMedia reads a media playlist, whole or a delta update. The error is an *Error. The
// result holds one copy of the text and nothing of b.
func ParseMedia(b []byte) (*Media, error) {
	s, err := newScanner(b)
	if err != nil {
		return nil, err
	}
	p := mediaParser{scanner: s, m: &Media{}}
	if err := s.each(p.take); err != nil {
		return nil, err
	}
	if err := p.end(); err != nil {
		return nil, err
	}
	return p.m, nil
}

type mediaParser struct {
	*scanner
	m      *Media
	once   uint16  // bits of the tags seen of which there is one
	inf    bool    // seg has its EXTINF
	ranged bool    // seg has its EXT-X-BYTERANGE
	seg    Segment // the tags that wait for their URI line
}

func (p *mediaParser) take() *Error {
	if p.text[0] != '#' {
		return p.uri()
	}
	name, value, hasValue := p.tag()
	tag, known := mediaTags[name]
	if !known {
		return p.unknown(name)
	}
	if hasValue == tag.plain {
		return fault("%s is not written so", clip(p.text))
	}
	if p.once&tag.once != 0 {
		return fault("a second %s", name)
	}
	p.once |= tag.once
	return tag.take(p, value)
}

func (p *mediaParser) unknown(name string) *Error {
	if _, ok := masterTags[name]; ok {
		return fault("%s has no place in a media playlist", name)
	}
	if name == "#EXTM3U" {
		return fault("a second #EXTM3U")
	}
	if len(p.seg.Tags) == tagsMax {
		return fault("more than %d unknown tags at one segment", tagsMax)
	}
	p.seg.Tags = append(p.seg.Tags, p.text)
	return nil
}

// uri is the line that completes a segment.
func (p *mediaParser) uri() *Error {
	if err := checkURI(p.text); err != nil {
		return err
	}
	if !p.inf {
		return fault("a URI without EXTINF")
	}
	if len(p.m.Segments) == SegmentsMax {
		return fault("more than %d segments", SegmentsMax)
	}
	s := &p.seg
	s.URI = p.text
	if p.ranged && s.Range.Offset < 0 {
		last := len(p.m.Segments) - 1
		if last < 0 || p.m.Segments[last].URI != s.URI || p.m.Segments[last].Range.Length == 0 {
			return fault("EXT-X-BYTERANGE without an offset, and no range of %q before it", clip(s.URI))
		}
		before := p.m.Segments[last].Range
		if s.Range.Offset = before.Offset + before.Length; s.Range.Offset > NumberMax-s.Range.Length {
			return fault("a byte range beyond %d", int64(NumberMax))
		}
	}
	p.m.Segments = append(p.m.Segments, *s)
	p.seg = Segment{Map: s.Map, Keys: s.Keys, Bitrate: s.Bitrate}
	p.inf, p.ranged = false, false
	return nil
}

func (p *mediaParser) end() error {
	if p.inf || p.ranged {
		return p.at(fault("the last segment has no URI"))
	}
	p.m.Open = p.seg
	if err := p.m.Check(); err != nil {
		return err
	}
	return nil
}

func takeInf(p *mediaParser, value string) *Error {
	if p.inf {
		return fault("a second EXTINF before a URI")
	}
	duration, title, comma := strings.Cut(value, ",")
	d, ok := parseSeconds(duration)
	if !ok || !comma {
		return fault("EXTINF:%s is no duration and a comma", clip(value))
	}
	p.inf, p.seg.Duration, p.seg.Title = true, d, title
	return nil
}

func takeByteRange(p *mediaParser, value string) (err *Error) {
	if p.ranged {
		return fault("a second EXT-X-BYTERANGE before a URI")
	}
	p.ranged = true
	p.seg.Range, err = parseRange(value)
	return err
}

func takeKey(p *mediaParser, value string) *Error {
	list, err := parseAttrs(value)
	if err != nil {
		return err
	}
	method := list.Get("METHOD")
	if method == "" {
		return fault("EXT-X-KEY without METHOD")
	}
	if method == "NONE" {
		if len(list) > 1 {
			return fault("METHOD=NONE with other attributes")
		}
		p.seg.Keys = []Key{{Line: p.text}}
		return nil
	}
	if _, err := list.text("URI"); err != nil {
		return err
	}
	key := Key{Format: list.Get("KEYFORMAT"), Line: p.text}
	if key.Format == "" {
		key.Format = "identity"
	}
	keys := make([]Key, 0, len(p.seg.Keys)+1)
	for _, k := range p.seg.Keys {
		if k.Format != "" && k.Format != key.Format {
			keys = append(keys, k)
		}
	}
	if len(keys) == keysMax {
		return fault("more than %d keys for one segment", keysMax)
	}
	p.seg.Keys = append(keys, key)
	return nil
}

func takeMap(p *mediaParser, value string) *Error {
	list, err := parseAttrs(value)
	if err != nil {
		return err
	}
	m := Map{Keys: p.seg.Keys}
	if m.URI, err = list.text("URI"); err != nil {
		return err
	}
	if err := checkURI(m.URI); err != nil {
		return err
	}
	if m.Range, err = list.byteRange(); err != nil {
		return err
	}
	if m.Range.Offset < 0 {
		return fault("EXT-X-MAP with a byte range without an offset")
	}
	if old := p.seg.Map; old == nil || !old.equal(&m) {
		p.seg.Map = &m
	}
	return nil
}

func (m *Map) equal(o *Map) bool {
	return m == o || m != nil && o != nil && m.URI == o.URI && m.Range == o.Range && slices.Equal(m.Keys, o.Keys)
}

func takePart(p *mediaParser, value string) *Error {
	list, err := parseAttrs(value)
	if err != nil {
		return err
	}
	var part Part
	if part.URI, err = list.text("URI"); err != nil {
		return err
	}
	if err := checkURI(part.URI); err != nil {
		return err
	}
	if part.Duration, err = list.seconds("DURATION", -1); err != nil {
		return err
	}
	if part.Duration < 0 {
		return fault("EXT-X-PART without DURATION")
	}
	if part.Independent, err = list.yes("INDEPENDENT"); err != nil {
		return err
	}
	if part.Gap, err = list.yes("GAP"); err != nil {
		return err
	}
	if part.Range, err = list.byteRange(); err != nil {
		return err
	}
	if part.Range.Offset < 0 {
		n := len(p.seg.Parts)
		if n == 0 {
			part.Range.Offset = 0
		} else if before := p.seg.Parts[n-1]; before.URI != part.URI || before.Range.Length == 0 {
			return fault("a byte range without an offset, and no range of %q before it", clip(part.URI))
		} else if part.Range.Offset = before.Range.Offset + before.Range.Length; part.Range.Offset > NumberMax-part.Range.Length {
			return fault("a byte range beyond %d", int64(NumberMax))
		}
	}
	if len(p.seg.Parts) == PartsMax {
		return fault("more than %d parts of one segment", PartsMax)
	}
	p.seg.Parts = append(p.seg.Parts, part)
	return nil
}

func takeDateTime(p *mediaParser, value string) *Error {
	if len(value) < len("2006-01-02T15:04:05") || len(value) > 64 {
		return fault("%q is no date and time", clip(value))
	}
	if _, err := time.Parse("2006-01-02T15:04:05", value[:len("2006-01-02T15:04:05")]); err != nil {
		return fault("%q is no date and time", clip(value))
	}
	p.seg.DateTime = value
	return nil
}
