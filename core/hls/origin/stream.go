package origin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"uproar/core/hls"
	"uproar/proto/m3u8"
)

// streamName is the file that a packager without playlists sends without an end:
// /hls/CHANNEL/RENDITION/stream.mp4, MP4 in fragments.
const streamName = "stream.mp4"

// streamWindow is how many complete segments the origin lists in a playlist of its own: more
// than the 6 target durations before which delta updates begin.
const streamWindow = 10

// dateLayout is of EXT-X-PROGRAM-DATE-TIME.
const dateLayout = "2006-01-02T15:04:05.000Z07:00"

// stream cuts segments and parts from fragments as they come, and writes the playlist. It
// belongs to the goroutine of its request, but for what it puts into the rendition.
type stream struct {
	o      *Origin
	r      *rendition
	target time.Duration // of a playlist

	tracks map[uint32]*mediaTrack
	lead   uint32
	began  time.Time     // the wall clock at
	origin time.Duration // this decode time

	done    []m3u8.Segment // complete, as listed
	msn     int64          // of the open segment
	open    m3u8.Segment   // what is said of it
	whole   *file          // its bytes
	size    int64          // of them
	length  time.Duration  // of its fragments
	keyed   bool           // a key frame came
	lastKey time.Duration  // its decode time

	part       *blob // the open part; nil: none
	partLength time.Duration
	partKey    bool
	parts      int64 // closed since the stream began: the name of the next
	fragment   time.Duration
}

// putStream takes a stream of fragments until its end.
func (o *Origin) putStream(w http.ResponseWriter, r *http.Request, t target) {
	if t.rendition == "" {
		o.refuse(w, t, http.StatusNotFound, "path", "a stream belongs at /hls/CHANNEL/RENDITION/"+streamName)
		return
	}
	s := &stream{o: o, target: (o.cfg.SegmentTarget + time.Second - 1).Truncate(time.Second)}
	in := &stallReader{o: o, w: w, r: r.Body}
	status, err := s.begin(in, t)
	if err == nil {
		status, err = s.run(in)
	}
	if err == nil {
		w.WriteHeader(http.StatusOK)
		return
	}
	if s.whole != nil {
		s.whole.blob.end(false)
	}
	kind := "stream"
	if status == http.StatusInsufficientStorage {
		kind = "full"
	} else if errors.Is(err, io.ErrUnexpectedEOF) {
		kind = "cut"
	}
	o.refuse(w, t, status, kind, err.Error())
}

// stallReader lets a body stand still for no longer than StallMax.
type stallReader struct {
	o *Origin
	w http.ResponseWriter
	r io.Reader
}

func (s *stallReader) Read(p []byte) (int, error) {
	s.o.extend(s.w)
	return s.r.Read(p)
}

// begin reads the initialisation section, and joins the live run or begins one.
func (s *stream) begin(in io.Reader, t target) (int, error) {
	var init []byte
	for s.tracks == nil {
		b, err := readBox(in, initBytesMax)
		if err != nil {
			return http.StatusBadRequest, fmt.Errorf("no initialisation section: %w", err)
		}
		switch b.kind {
		case "ftyp":
			init = append(init, b.bytes...)
		case "moov":
			init = append(init, b.bytes...)
			if s.tracks, s.lead, err = readMoov(b.bytes); err != nil {
				return http.StatusBadRequest, err
			}
		case "moof", "mdat":
			return http.StatusBadRequest, errors.New("fragments before the initialisation section")
		}
	}
	c := s.o.enter(t.channel)
	if c == nil {
		return http.StatusInsufficientStorage, errChannels
	}
	now := time.Now()
	old := c.liveLocked()
	b := c.currentLocked(now)
	if r := b.renditions[t.rendition]; r != nil && (r.stream || r.media != nil) {
		b = c.renewLocked(now)
	}
	if b == nil {
		c.mu.Unlock()
		return http.StatusConflict, errTwice
	}
	s.r = b.rendition(t.rendition)
	if s.r != nil {
		s.r.stream, b.heard = true, now
		s.r.putLocked("init.mp4", &file{blob: wholeBlob(&s.o.held, init)})
	}
	c.mu.Unlock()
	if old != nil && old != b {
		s.o.finish(old)
	}
	if s.r == nil {
		return http.StatusInsufficientStorage, errChannels
	}
	s.open.Map = &m3u8.Map{URI: "init.mp4"}
	return 0, nil
}

// run takes fragments until the stream ends.
func (s *stream) run(in io.Reader) (int, error) {
	var pending []byte // what stands before mdat: moof, and what belongs to it
	var f fragment
	var ok bool
	for {
		b, err := readBox(in, s.o.cfg.SegmentBytesMax)
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return s.end()
		} else if err != nil {
			return http.StatusBadRequest, fmt.Errorf("the stream broke off: %w", err)
		}
		switch b.kind {
		case "moof":
			if f, ok, err = readMoof(b.bytes, s.lead, s.tracks[s.lead]); err != nil {
				return http.StatusBadRequest, fmt.Errorf("cannot read a fragment: %w", err)
			}
			pending = append(pending, b.bytes...)
		case "mdat":
			if pending == nil {
				return http.StatusBadRequest, errors.New("media without a fragment")
			}
			if status, err := s.take(f, ok, append(pending, b.bytes...)); err != nil {
				return status, err
			}
			pending = nil
		case "emsg", "prft": // of the fragment that follows
			if pending = append(pending, b.bytes...); len(pending) > initBytesMax {
				return http.StatusBadRequest, errors.New("too many boxes between fragments")
			}
		}
	}
}

// take adds one whole fragment. One without a sample of the lead track takes no time.
func (s *stream) take(f fragment, ok bool, b []byte) (int, error) {
	if s.o.held.Load() > s.o.cfg.MemoryBytesMax {
		if s.o.relieve(); s.o.held.Load() > s.o.cfg.MemoryBytesMax {
			return http.StatusInsufficientStorage, errFull
		}
	}
	if f.duration > s.o.cfg.PartTarget {
		return http.StatusBadRequest, fmt.Errorf("a fragment of %v is longer than a part may be, %v: send -frag_duration", f.duration, s.o.cfg.PartTarget)
	}
	if ok && f.key && s.cutBefore(f) {
		if err := s.closeSegment(); err != nil {
			return http.StatusConflict, err
		}
	}
	if s.whole == nil {
		s.openSegment(f)
	}
	if ok && f.key {
		s.keyed, s.lastKey = true, f.at
	}
	if s.size += int64(len(b)); s.size > s.o.cfg.SegmentBytesMax || (s.length+f.duration).Round(time.Second) > s.target {
		return http.StatusBadRequest, fmt.Errorf("no key frame within %v and %d bytes", s.target, s.o.cfg.SegmentBytesMax)
	}
	if s.part == nil {
		s.part, s.partLength, s.partKey = newBlob(&gaugeBytes{}), 0, ok && f.key // the segment has the bytes
	}
	s.whole.blob.append(b)
	s.part.append(b)
	s.length, s.partLength = s.length+f.duration, s.partLength+f.duration
	s.fragment = max(f.duration, time.Millisecond)
	if s.partLength+s.fragment > s.o.cfg.PartTarget+time.Millisecond {
		s.closePart()
		if err := s.publish(false); err != nil {
			return http.StatusConflict, err
		}
	}
	return 0, nil
}

// cutBefore says whether a segment ends before a key frame: when it is as long as it shall be,
// or would be too long at the next key frame.
func (s *stream) cutBefore(f fragment) bool {
	if s.whole == nil || s.length == 0 {
		return false
	}
	next := s.length // at the next key frame
	if s.keyed {
		next += f.at - s.lastKey
	}
	return s.length+s.fragment/2 >= s.o.cfg.SegmentTarget || next.Round(time.Second) > s.target
}

func (s *stream) openSegment(f fragment) {
	if s.began.IsZero() {
		s.began, s.origin = time.Now().Add(-f.duration), f.at
	}
	s.open = m3u8.Segment{Map: s.open.Map, URI: strconv.FormatInt(s.msn, 10) + ".m4s",
		DateTime: s.began.Add(f.at - s.origin).UTC().Format(dateLayout)}
	s.whole, s.size, s.length = &file{blob: newBlob(&s.o.held)}, 0, 0
	c := s.r.b.c
	c.mu.Lock()
	s.r.putLocked(s.open.URI, s.whole)
	c.mu.Unlock()
}

func (s *stream) partName(n int64) string { return "p" + strconv.FormatInt(n, 10) + ".m4s" }

// closePart makes the open part a file of its own.
func (s *stream) closePart() {
	if s.part == nil {
		return
	}
	s.part.end(true)
	name := s.partName(s.parts)
	s.open.Parts = append(s.open.Parts, m3u8.Part{URI: name, Duration: s.partLength, Independent: s.partKey})
	c := s.r.b.c
	c.mu.Lock()
	s.r.putLocked(name, &file{blob: s.part, part: true})
	c.mu.Unlock()
	s.parts, s.part = s.parts+1, nil
	s.o.meters.parts.Inc()
}

// closeSegment completes the open segment; the playlist says so with its next part.
func (s *stream) closeSegment() error {
	s.closePart()
	s.whole.blob.end(true)
	s.open.Duration = s.length
	s.done = append(s.done, s.open)
	if len(s.done) > streamWindow {
		s.done = s.done[1:]
	}
	s.msn, s.whole, s.open = s.msn+1, nil, m3u8.Segment{Map: s.open.Map}
	s.o.meters.files.Inc()
	return s.publish(false)
}

// end completes what is there, and the broadcast.
func (s *stream) end() (int, error) {
	if s.whole == nil || s.length == 0 {
		return http.StatusBadRequest, errors.New("a stream without media")
	}
	s.closePart()
	s.whole.blob.end(true)
	s.open.Duration = s.length
	s.done, s.msn = append(s.done, s.open), s.msn+1
	s.open = m3u8.Segment{}
	if err := s.publish(true); err != nil {
		return http.StatusConflict, err
	}
	return 0, nil
}

// publish makes the playlist of what is there.
func (s *stream) publish(end bool) error {
	m := &m3u8.Media{
		Version: 9, TargetDuration: s.target, PartTarget: s.o.cfg.PartTarget, Independent: true, EndList: end,
		MediaSequence: s.msn - int64(len(s.done)), Segments: make([]m3u8.Segment, len(s.done)),
		Control: m3u8.Control{CanBlockReload: true, CanSkipUntil: 6 * s.target, PartHoldBack: 3 * s.o.cfg.PartTarget},
		Open:    m3u8.Segment{Map: s.open.Map, DateTime: s.open.DateTime, Parts: append([]m3u8.Part(nil), s.open.Parts...)},
	}
	copy(m.Segments, s.done)
	var after time.Duration // to the end of the playlist
	for i := len(m.Segments) - 1; i >= 0; i-- {
		x := &m.Segments[i]
		x.Parts = append([]m3u8.Part(nil), x.Parts...)
		if after += x.Duration; after-x.Duration >= 3*s.target {
			x.Parts = nil // section 4.4.4.9
		}
	}
	if !end {
		m.Hints = []m3u8.Hint{{Type: m3u8.HintPart, URI: s.partName(s.parts)}}
	}
	err := s.o.publish(context.Background(), s.r, m, time.Time{})
	var rule *hls.RuleError
	if errors.As(err, &rule) && s.r.b.ended.IsZero() {
		s.o.log.Error("BUG: the origin's own playlist is refused", "channel", s.r.b.c.name, "rendition", s.r.name, "err", err)
	}
	return err
}
