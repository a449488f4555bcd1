package hls

import (
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"uproar/core/hls/hlstest"
)

// tierOne is several nodes above: each follows the origin, late by its own, and answers
// blocking reloads. A part is made every second.
type tierOne struct {
	t        *testing.T
	start    time.Time
	late     []time.Duration
	at       int // the one that is asked
	random   *rand.Rand
	fails    int                // how many fetches were answered by nobody
	versions map[int64]*Version // by the number of parts made
}

// version is what the node that is asked has, now.
func (s *tierOne) version() *Version {
	parts := int64(time.Since(s.start)-s.late[s.at]) / int64(time.Second)
	v := s.versions[parts]
	if v == nil {
		done := parts / 4
		first := max(0, done-12)
		v = versionOf(s.t, lowList(first, int(done-first), int(parts%4)))
		s.versions[parts] = v
	}
	return v
}

func (s *tierOne) media(ctx context.Context, _ Path, r Reload) (*Fetched, error) {
	switch s.random.IntN(12) {
	case 0:
		s.at = s.random.IntN(len(s.late)) // failover
	case 1:
		s.fails++
		return nil, errReset
	}
	since := time.Now()
	for {
		switch d := s.version().Decide(r, since, time.Now()); d.Verdict {
		case VerdictAnswer:
			return gives(200, string(d.Text.Bytes)), nil
		case VerdictBad:
			return gives(400, ""), nil
		case VerdictUnavailable:
			return gives(503, ""), nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Sections 6.2.1, 6.2.2 and 6.2.5 through a Node whose source goes over from one late node
// above to another, and at times answers nothing: a player of low latency, which asks for each part
// and for delta updates, and one that polls, see one playlist that never goes back.
func TestPlayersOfANodeSeeOnePlaylistAcrossFailovers(t *testing.T) {
	const seconds = 150
	s := &tierOne{t: t, versions: make(map[int64]*Version), late: []time.Duration{0, 1700 * time.Millisecond, 3100 * time.Millisecond}, random: rand.New(rand.NewPCG(6, 1))}
	withNode(t, &fakeSource{media: s.media}, nil, func(t *testing.T, n *Node) {
		s.start = time.Now().Add(-100 * time.Second)
		end := time.Now().Add(seconds * time.Second)
		var low, polling hlstest.Log
		done := make(chan struct{})
		go func() {
			defer close(done)
			for v := newViewer(t, n); time.Now().Before(end); time.Sleep(2 * time.Second) {
				addAnswer(t, &polling, v.get(mediaPath))
			}
		}()
		longest := time.Duration(0)
		for v := newViewer(t, n); time.Now().Before(end); {
			r := NoReload
			if m := low.Last(); m != nil {
				r = Reload{MSN: m.LastMSN() + 1, Part: int64(len(m.Open.Parts)), Skip: SkipYes}
			}
			began := time.Now()
			addAnswer(t, &low, v.reload(mediaPath, r))
			longest = max(longest, time.Since(began))
		}
		<-done
		synctest.Wait()
		if s.fails == 0 || low.Playlists() < seconds*3/4 || len(low.URIs()) < seconds/4 || len(polling.URIs()) < seconds/4 {
			t.Errorf("%d fetches failed, %d playlists, %d and %d segments", s.fails, low.Playlists(), len(low.URIs()), len(polling.URIs()))
		}
		t.Logf("%d fetches failed, %d playlists, a part was waited for %v at most", s.fails, low.Playlists(), longest)
	})
}

func addAnswer(t *testing.T, log *hlstest.Log, a Answer) {
	t.Helper()
	if a.Status != 200 {
		t.Errorf("status %d", a.Status)
		return
	}
	if err := log.Add(a.Bytes); err != nil {
		t.Error(err)
	}
}
