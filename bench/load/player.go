package load

import (
	"bytes"
	"container/heap"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"uproar/bench/meter"
)

// PlayersConfig says what players watch.
type PlayersConfig struct {
	Playlists []string      // paths of media playlists; player i watches number i, modulo how many there are
	Target    time.Duration // target duration, which is that of every segment
	Behind    int           // how many segments from the end of the playlist a player begins
	// Expect says what a segment must be, by its path. It is called once for each, on the
	// goroutine of Run.
	Expect func(path string) (length int64, sum uint32, ok bool)
}

// PlayTally is what players saw. A player plays from when it has its first segment, at the
// pace of the media, and stalls when it has played all it has.
type PlayTally struct {
	Playlists int64          `json:"playlists"` // loaded
	Segments  int64          `json:"segments"`  // played, or to be played
	Bytes     int64          `json:"bytes"`     // of segments
	Started   int64          `json:"started"`   // players that have played
	Stalls    int64          `json:"stalls"`
	Stalled   time.Duration  `json:"stalled"`  // all together
	Hit       int64          `json:"hit"`      // players that have stalled
	Backward  int64          `json:"backward"` // playlists that went back, or had another URI for a sequence number
	Skipped   int64          `json:"skipped"`  // segments that had left the playlist before they were asked for
	Reload    *meter.Latency `json:"-"`        // of playlists
	Load      *meter.Latency `json:"-"`        // of segments
}

// players reload their playlist and fetch what is new in it, one thing at a time.
type players struct {
	a       *Audience
	config  PlayersConfig
	streams []stream
	all     []player
	timers  timers
	tally   PlayTally
	seated  bool
}

// stream is one playlist, as all its players have seen it.
type stream struct {
	page     *Page
	dir      string
	segments map[int64]*Page // by media sequence number
}

type player struct {
	s        *stream
	next     int64 // segment to fetch; -1 before the first playlist
	newest   int64 // that it knows of
	asked    int64 // when it last began to load the playlist
	until    int64 // when it has played all it has; 0 before it plays
	stalled  bool  // once at least
	unlisted bool  // the last playlist had nothing new
}

// Play has every viewer watch from now on; they come one after the other within spread.
// Until Rest.
func (a *Audience) Play(c PlayersConfig, spread time.Duration) error {
	p := &players{a: a, config: c, tally: PlayTally{Reload: meter.NewLatency(), Load: meter.NewLatency()}}
	for _, path := range c.Playlists {
		p.streams = append(p.streams, stream{page: &Page{Path: path, Length: AnyLength, Holds: "#EXTM3U"},
			dir: path[:strings.LastIndexByte(path, '/')+1], segments: map[int64]*Page{}})
	}
	return a.do(func() {
		start := Now()
		for i := range a.viewers {
			p.all = append(p.all, player{s: &p.streams[i%len(p.streams)], next: -1, newest: -1})
			p.timers.add(timer{start + int64(spread)*int64(i)/int64(len(a.viewers)), i})
		}
		a.script = p
	})
}

// Rest ends what Play began: nothing more is asked for. It returns, once nothing is on its
// way any more, what the players have seen; of those who wait for a segment at the end that
// is a stall.
func (a *Audience) Rest(ctx context.Context) (t PlayTally, err error) {
	var p *players
	a.always(func() {
		if p, _ = a.script.(*players); p != nil {
			p.rest()
			t = p.tally
		}
	})
	if p == nil {
		return t, fmt.Errorf("nobody plays")
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		busy := 0
		if err := a.do(func() { busy = a.busy() }); err != nil || busy == 0 {
			return t, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return t, fmt.Errorf("%d players have no whole answer: %w", busy, ctx.Err())
		}
	}
}

// rest books who stalls at the end, and stops all.
func (p *players) rest() {
	now := Now()
	for i := range p.all {
		if one := &p.all[i]; one.until > 0 && now > one.until {
			p.stall(one, now)
		}
	}
	p.seated, p.timers = true, nil
}

func (p *players) turn(now int64) int64 {
	for len(p.timers) > 0 {
		if next := p.timers[0]; next.due > now {
			return next.due
		}
		p.reload(heap.Pop(&p.timers).(timer).player)
	}
	return 0
}

// reload has player i load its playlist.
func (p *players) reload(i int) {
	one := &p.all[i]
	one.asked = p.a.now
	p.a.ask(i, one.s.page, p.a.now)
}

func (p *players) answered(i int, got answer) {
	one := &p.all[i]
	if p.seated {
		return
	}
	took := time.Duration(got.end - got.due)
	switch {
	case got.page == one.s.page && got.right:
		p.tally.Reload.Record(took)
		p.tally.Playlists++
		p.read(one, got.body)
	case got.page == one.s.page:
		one.unlisted = true
	case got.right:
		p.tally.Load.Record(took)
		p.tally.Segments++
		p.tally.Bytes += got.page.Length
		p.play(one, got.end)
		one.next++
	default: // it may come if it is asked for again
		one.unlisted = true
		p.later(i)
		return
	}
	p.goOn(i)
}

// goOn has player i fetch the next segment, if there is one, or look again later.
func (p *players) goOn(i int) {
	one := &p.all[i]
	for ; one.next >= 0 && one.next <= one.newest; one.next++ {
		if page := one.s.segments[one.next]; page != nil {
			p.a.ask(i, page, p.a.now)
			return
		}
		p.tally.Skipped++
	}
	p.later(i)
}

// later has player i load its playlist when it is due (RFC 8216, section 6.3.4): a target
// duration after it began to the last time, or half of one when nothing was new.
func (p *players) later(i int) {
	one := &p.all[i]
	wait := p.config.Target
	if one.unlisted {
		wait /= 2
	}
	p.timers.add(timer{max(one.asked+int64(wait), p.a.now), i})
}

// play adds a segment to what a player has.
func (p *players) play(one *player, now int64) {
	switch {
	case one.until == 0:
		p.tally.Started++
		one.until = now
	case now > one.until:
		p.stall(one, now)
		one.until = now
	}
	one.until += int64(p.config.Target)
}

func (p *players) stall(one *player, now int64) {
	p.tally.Stalls++
	p.tally.Stalled += time.Duration(now - one.until)
	if !one.stalled {
		one.stalled = true
		p.tally.Hit++
	}
}

// read takes over what a playlist lists.
func (p *players) read(one *player, body []byte) {
	first, msn := int64(0), int64(0)
	for line := range bytes.Lines(body) {
		line = bytes.TrimRight(line, "\r\n")
		if number, ok := bytes.CutPrefix(line, []byte("#EXT-X-MEDIA-SEQUENCE:")); ok {
			first, _ = strconv.ParseInt(string(number), 10, 64) // 0 goes backward, which is counted
			msn = first
		}
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		p.list(one.s, msn, line)
		msn++
	}
	newest := msn - 1
	if newest < one.newest {
		p.tally.Backward++
	}
	one.unlisted = newest <= one.newest
	one.newest = max(newest, one.newest)
	if one.next < 0 && newest >= 0 {
		one.next = max(first, newest+1-int64(p.config.Behind))
	}
	if one.next >= 0 && one.next < first {
		p.tally.Skipped += first - one.next
		one.next = first
	}
}

// list notes what stands for a media sequence number in a stream.
func (p *players) list(s *stream, msn int64, uri []byte) {
	if known := s.segments[msn]; known != nil {
		if known.Path[len(s.dir):] != string(uri) {
			p.tally.Backward++
			p.a.tally.odd(fmt.Sprintf("%s: segment %d is %s, and was %s", s.page.Path, msn, uri, known.Path))
		}
		return
	}
	page := &Page{Path: s.dir + string(uri)}
	var ok bool
	if page.Length, page.Sum, ok = p.config.Expect(page.Path); !ok {
		p.tally.Backward++
		p.a.tally.odd(fmt.Sprintf("%s: nobody has published %s", s.page.Path, uri))
		return
	}
	s.segments[msn] = page
}

// timer is when a player loads its playlist.
type timer struct {
	due    int64
	player int
}

// timers is a heap: the first is due first.
type timers []timer

func (t *timers) add(one timer) { heap.Push(t, one) }

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].due < t[j].due }
func (t timers) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }

// Push is heap.Interface's.
func (t *timers) Push(one any) { *t = append(*t, one.(timer)) }

// Pop is heap.Interface's.
func (t *timers) Pop() any {
	last := (*t)[len(*t)-1]
	*t = (*t)[:len(*t)-1]
	return last
}
