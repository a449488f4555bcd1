package origin

import (
	"maps"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"uproar/proto/m3u8"
)

// broadcast is one run of a channel, under the lock of its channel.
type broadcast struct {
	c          *channel
	id         string
	began      time.Time
	heard      time.Time // when the packager last sent anything of it
	ended      time.Time // zero: live
	playableAt time.Time // when its first media playlist came; zero: none yet
	renditions map[string]*rendition
	master     *m3u8.Master // as the packager sent it, with URIs RENDITION/index.m3u8; nil: it sent none
	longest    time.Duration
	target     time.Duration // the longest target duration

	onDisk   atomic.Int64 // bytes
	full     atomic.Bool  // the archive has no room for the rest
	finished atomic.Bool  // its VOD playlists are written
}

func newBroadcast(c *channel, id string, now time.Time) *broadcast {
	return &broadcast{c: c, id: id, began: now, heard: now, renditions: map[string]*rendition{}}
}

// rendition finds or makes a rendition. It returns nil beyond renditionsMax.
func (b *broadcast) rendition(name string) *rendition {
	r := b.renditions[name]
	if r == nil && len(b.renditions) < renditionsMax {
		r = newRendition(b, name)
		b.renditions[name] = r
	}
	return r
}

// playable says whether a player can begin.
func (b *broadcast) playable() bool { return !b.playableAt.IsZero() }

// endLocked ends the run: every playlist gets its ENDLIST, so that nobody waits for more.
func (b *broadcast) endLocked(now time.Time) {
	if !b.ended.IsZero() {
		return
	}
	b.ended = now
	for _, r := range b.renditions {
		r.endLocked(now)
	}
	b.c.o.log.Info("a broadcast has ended", "channel", b.c.name, "broadcast", b.id,
		"seconds", int(now.Sub(b.began).Seconds()))
}

// silentLocked says whether the packager must be gone.
func (b *broadcast) silentLocked(now time.Time) bool {
	return now.Sub(b.heard) > max(b.c.o.cfg.SilenceMax, 3*b.target)
}

// overLocked says whether an ended run has been in memory for as long as a segment of its
// last playlist must stay.
func (b *broadcast) overLocked(now time.Time) bool {
	return !b.ended.IsZero() && now.Sub(b.ended) > b.longest+b.target
}

// release lets go of the memory of all files.
func (b *broadcast) release() {
	for _, r := range b.renditions {
		for name, f := range r.files {
			f.blob.release()
			delete(r.files, name)
		}
	}
}

// names of the renditions in order.
func (b *broadcast) names() []string { return slices.Sorted(maps.Keys(b.renditions)) }

// masterText renders the multivariant playlist with a directory before each URI, or returns
// nil when there is nothing to list yet.
func (b *broadcast) masterText(before string, now time.Time) []byte {
	if !b.playable() {
		return nil
	}
	m := b.master
	if m == nil {
		if now.Sub(b.playableAt) < masterGrace && b.ended.IsZero() {
			return nil
		}
		m = b.ownMaster()
	}
	out := *m
	out.Variants = b.listed(m.Variants, before)
	out.Renditions = b.listed(m.Renditions, before)
	out.IFrames = b.listed(m.IFrames, before)
	if len(out.Variants) == 0 {
		return nil
	}
	return m3u8.AppendMaster(nil, &out)
}

// listed leaves out what has no playlist, for a player would meet 404.
func (b *broadcast) listed(all []m3u8.Variant, before string) []m3u8.Variant {
	var out []m3u8.Variant
	for _, v := range all {
		if v.URI != "" {
			r := b.renditions[directory(v.URI)]
			if r == nil || r.media == nil {
				continue
			}
			v.URI = before + v.URI
		}
		out = append(out, v)
	}
	return out
}

// ownMaster is a multivariant playlist for a packager that sends none.
func (b *broadcast) ownMaster() *m3u8.Master {
	m := &m3u8.Master{Independent: true}
	for _, name := range b.names() {
		r := b.renditions[name]
		if r.media == nil || r.peak == 0 {
			continue // a player cannot choose what it does not know the bit rate of
		}
		v := m3u8.Variant{URI: name + "/index.m3u8", Attrs: m3u8.Attrs{{Name: "BANDWIDTH", Value: strconv.FormatInt(r.peak, 10)}}}
		tracks := r.tracksLocked()
		if tracks.codecs != "" {
			v.Attrs = append(v.Attrs, m3u8.Attr{Name: "CODECS", Value: `"` + tracks.codecs + `"`})
		}
		if tracks.resolution != "" {
			v.Attrs = append(v.Attrs, m3u8.Attr{Name: "RESOLUTION", Value: tracks.resolution})
		}
		m.Variants = append(m.Variants, v)
	}
	return m
}

// describe is the run as List tells it.
func (b *broadcast) describe() Live {
	l := Live{Channel: b.c.name, Broadcast: b.id, Since: b.began}
	attrs := map[string]m3u8.Attrs{}
	if b.master != nil {
		for _, v := range b.master.Variants {
			attrs[directory(v.URI)] = v.Attrs
		}
	}
	for _, name := range b.names() {
		r := b.renditions[name]
		if r.media == nil {
			continue
		}
		tracks := r.tracksLocked()
		x := LiveRendition{Name: name, Bandwidth: r.peak, Resolution: tracks.resolution, Codecs: tracks.codecs,
			LastMSN: r.media.LastMSN(), TargetSeconds: int(r.media.TargetDuration / time.Second), LowLatency: r.media.PartTarget > 0}
		if a := attrs[name]; a != nil {
			if n, err := strconv.ParseInt(a.Get("BANDWIDTH"), 10, 64); err == nil {
				x.Bandwidth = n
			}
			if s := a.Get("RESOLUTION"); s != "" {
				x.Resolution = s
			}
			if s := a.Get("CODECS"); s != "" {
				x.Codecs = s
			}
		}
		l.Renditions = append(l.Renditions, x)
	}
	return l
}
