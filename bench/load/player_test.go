package load

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// station broadcasts what a test wants.
type station struct {
	*httptest.Server
	mu struct {
		sync.Mutex
		first, last int64 // segments that the playlist lists
		name        string
		missing     int // requests for segments to be answered by 404
	}
}

func newStation(t *testing.T) *station {
	s := &station{}
	s.mu.first, s.mu.last, s.mu.name = 0, 3, "seg"
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		var text strings.Builder
		switch {
		case strings.HasSuffix(r.URL.Path, "/index.m3u8"):
			fmt.Fprintf(&text, "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:%d\n", s.mu.first)
			for msn := s.mu.first; msn <= s.mu.last; msn++ {
				fmt.Fprintf(&text, "#EXTINF:1,\n%s%d\n", s.mu.name, msn)
			}
		case s.mu.missing > 0:
			s.mu.missing--
			w.WriteHeader(http.StatusNotFound)
		default:
			text.WriteString(r.URL.Path)
		}
		w.Header().Set("Content-Length", fmt.Sprint(text.Len()))
		w.Write([]byte(text.String()))
	}))
	t.Cleanup(s.Close)
	return s
}

// set changes what is broadcast.
func (s *station) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// watch has n players watch it.
func (s *station) watch(t *testing.T, n int, target time.Duration) *Audience {
	t.Helper()
	a := seated(t, s.Listener.Addr().String(), n)
	if err := a.Play(PlayersConfig{Playlists: []string{"/a/index.m3u8", "/b/index.m3u8"}, Target: target, Behind: 3, Expect: func(path string) (int64, uint32, bool) {
		return int64(len(path)), Sum([]byte(path)), !strings.HasSuffix(path, "13")
	}}, target/10); err != nil {
		t.Fatal(err)
	}
	return a
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s does not come", what)
		}
	}
}

// played is the tally of players, while they play.
func (a *Audience) played() (t PlayTally) {
	a.always(func() { t = a.script.(*players).tally })
	return t
}

func TestPlayersFetchWhatIsNewAndDoNotStall(t *testing.T) {
	s := newStation(t)
	a := s.watch(t, 4, 20*time.Second) // as long as the test may take: no player runs dry
	await(t, "the first segments", func() bool { return a.played().Segments == 4*3 })
	got, err := a.Rest(t.Context())
	if err != nil || got.Started != 4 || got.Stalls+got.Backward+got.Skipped != 0 || got.Playlists != 4 || got.Load.Count() != 12 || a.Tally().Wrong != 0 {
		t.Errorf("%v, %+v, %+v", err, got, a.Tally())
	}
}

func TestPlayersStallWhenNothingNewComes(t *testing.T) {
	s := newStation(t)
	const target = 20 * time.Millisecond
	a := s.watch(t, 4, target)
	await(t, "the first segments", func() bool { return a.played().Segments == 4*3 })
	loaded := a.played().Playlists
	await(t, "looking again in vain", func() bool { return a.played().Playlists > loaded+4*10 }) // 10 times half a target duration
	s.set(func() { s.mu.last++ })
	await(t, "what was waited for", func() bool { return a.played().Segments == 4*4 })
	got, err := a.Rest(t.Context())
	if err != nil || got.Hit != 4 || got.Stalls < 4 || got.Stalled < 4*target || got.Backward+got.Skipped != 0 {
		t.Errorf("%v, %+v", err, got)
	}
}

func TestPlayersTryAgainWhatWasNotThere(t *testing.T) {
	s := newStation(t)
	s.set(func() { s.mu.missing = 3 })
	a := s.watch(t, 2, 20*time.Millisecond)
	await(t, "every segment", func() bool { return a.played().Segments == 2*3 })
	if got := a.Tally(); got.Wrong != 3 || got.Broken != 0 {
		t.Errorf("%+v", got)
	}
}

func TestPlayersNoticeAPlaylistThatBreaksTheRules(t *testing.T) {
	for what, change := range map[string]func(s *station){
		"went back":            func(s *station) { s.mu.first, s.mu.last = 0, 2 },
		"renamed":              func(s *station) { s.mu.name = "other" },
		"nobody published it":  func(s *station) { s.mu.first, s.mu.last = 11, 13 },
		"left segments behind": func(s *station) { s.mu.first, s.mu.last = 20, 23 },
	} {
		s := newStation(t)
		a := s.watch(t, 1, 20*time.Millisecond)
		await(t, "the first segments", func() bool { return a.played().Segments == 3 })
		s.set(func() { change(s) })
		await(t, what, func() bool { got := a.played(); return got.Backward+got.Skipped > 0 })
	}
}
