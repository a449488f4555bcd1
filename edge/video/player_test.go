package video

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"uproar/core/hls/hlstest"
	"uproar/proto/m3u8"
)

// player plays one rendition as time passes: it begins three target durations behind the
// live edge (section 6.3.3 of the specification), stalls when it has nothing left to play,
// and goes on when it has as much again.
type player struct {
	t         *testing.T
	packer    *packager
	rendition string
	client    http.Client

	base     *url.URL // of the media playlist
	log      hlstest.Log
	next     int64     // to be played next; -1: not begun
	checked  string    // the map that was compared
	ends     time.Time // when what it has runs out
	stalled  bool
	saved    time.Duration // while stalled: what there is to go on with
	segments int
	stalls   int
	stall    time.Duration // the longest
	failures map[string]int
	stale    map[string]staleness
}

// staleness is what was served though it could not be refreshed.
type staleness struct {
	answers int
	age     string // the most that one said, in seconds
}

func (h *house) player(rendition string) *player {
	return &player{
		t: h.t, packer: h.packer, rendition: rendition, client: http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}},
		next: -1, failures: map[string]int{}, stale: map[string]staleness{},
	}
}

// watch plays from a point of presence until ctx ends.
func (h *house) watch(ctx context.Context, each int) (wait func() []*player) {
	var running sync.WaitGroup
	var all []*player
	for i := range each * len(renditions) {
		p := h.player(renditions[i%len(renditions)])
		all = append(all, p)
		running.Go(func() { p.play(ctx, "http://"+h.pop.HTTP+"/hls/"+channel+"/index.m3u8") })
	}
	return func() []*player {
		running.Wait()
		for _, p := range all {
			p.client.CloseIdleConnections()
		}
		return all
	}
}

func (p *player) play(ctx context.Context, master string) {
	for ctx.Err() == nil && !p.open(ctx, master) {
		pause(ctx, 200*time.Millisecond)
	}
	for ctx.Err() == nil {
		p.runDry()
		if m, ok := p.reload(ctx); ok {
			p.download(ctx, m)
		}
		pause(ctx, 300*time.Millisecond)
	}
	p.runDry()
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// open finds the rendition in the multivariant playlist.
func (p *player) open(ctx context.Context, master string) bool {
	body, ok := p.get(ctx, "multivariant", master)
	if !ok {
		return false
	}
	list, err := m3u8.ParseMaster(body)
	if err != nil {
		p.t.Errorf("multivariant playlist: %v\n%s", err, body)
		return false
	}
	for _, v := range list.Variants {
		if strings.HasSuffix(v.URI, "/"+p.rendition+"/index.m3u8") {
			at, _ := url.Parse(master)
			p.base, err = at.Parse(v.URI)
			return err == nil
		}
	}
	return false
}

// reload takes the next version of the media playlist, which has to follow from those before,
// whichever node they came from.
func (p *player) reload(ctx context.Context) (*m3u8.Media, bool) {
	body, ok := p.get(ctx, "media playlist", p.base.String())
	if !ok {
		return nil, false
	}
	if err := p.log.Add(body); err != nil {
		p.t.Errorf("%s: media playlist: %v\n%s", p.rendition, err, body)
		return nil, false
	}
	return p.log.Last(), true
}

// download takes what is new.
func (p *player) download(ctx context.Context, m *m3u8.Media) {
	end := m.MediaSequence + int64(len(m.Segments))
	if p.next < 0 {
		if len(m.Segments) < 3 {
			return
		}
		p.next = end - 3
	}
	if p.next < m.MediaSequence {
		p.failures["missed a segment"]++
		p.next = m.MediaSequence
	}
	for ; p.next < end && ctx.Err() == nil; p.next++ {
		s := &m.Segments[p.next-m.MediaSequence]
		if s.Gap {
			p.failures["gap"]++
			continue
		}
		if s.Map != nil && s.Map.URI != p.checked {
			if !p.take(ctx, s.Map.URI) {
				return
			}
			p.checked = s.Map.URI
		}
		if !p.take(ctx, s.URI) {
			return
		}
		p.feed(s.Duration)
	}
}

// take gets a file and compares it with what was pushed.
func (p *player) take(ctx context.Context, name string) bool {
	at, err := p.base.Parse(name)
	if err != nil {
		p.t.Errorf("%q: %v", name, err)
		return false
	}
	body, ok := p.get(ctx, "segment", at.String())
	if !ok {
		return false
	}
	want, known := p.packer.sum(p.rendition + "/" + name)
	if !known || sha256.Sum256(body) != want {
		p.t.Errorf("%s/%s: %d bytes are not those that were pushed (pushed: %v)", p.rendition, name, len(body), known)
	}
	return true
}

// feed adds a segment to what there is to play.
func (p *player) feed(d time.Duration) {
	p.runDry()
	p.segments++
	now := time.Now()
	switch {
	case p.ends.IsZero():
		p.ends = now
	case p.stalled:
		if p.saved += d; p.saved < 3*p.log.Last().TargetDuration {
			return
		}
		p.stall = max(p.stall, now.Sub(p.ends))
		d, p.saved, p.stalled, p.ends = p.saved, 0, false, now
	}
	p.ends = p.ends.Add(d)
}

// runDry notes when there is nothing left to play.
func (p *player) runDry() {
	if !p.ends.IsZero() && !p.stalled && time.Now().After(p.ends) {
		p.stalled = true
		p.stalls++
	}
}

// get returns a whole body of status 200.
func (p *player) get(ctx context.Context, what, at string) ([]byte, bool) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		p.t.Error(err)
		return nil, false
	}
	resp, err := p.client.Do(req)
	if err != nil {
		p.failed(ctx, what+": no answer")
		return nil, false
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.failed(ctx, what+": cut off")
		return nil, false
	}
	if resp.StatusCode != http.StatusOK {
		p.failed(ctx, fmt.Sprintf("%s: status %d", what, resp.StatusCode))
		return nil, false
	}
	if strings.Contains(resp.Header.Get("Cache-Status"), "stale") {
		s := p.stale[what]
		s.answers++
		if age := resp.Header.Get("Age"); cmp.Or(cmp.Compare(len(age), len(s.age)), cmp.Compare(age, s.age)) > 0 {
			s.age = age
		}
		p.stale[what] = s
	}
	return body, true
}

func (p *player) failed(ctx context.Context, how string) {
	if ctx.Err() == nil {
		p.failures[how]++
	}
}
