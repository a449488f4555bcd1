package find

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// posts is Posts in memory.
type posts struct {
	mu struct {
		sync.Mutex
		texts map[string]posted
		away  bool
	}
}

type posted struct {
	text string
	ends time.Time
}

var errAway = errors.New("away")

func (p *posts) Post(_ context.Context, _, name, text string, ttl time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mu.away {
		return errAway
	}
	if p.mu.texts == nil {
		p.mu.texts = map[string]posted{}
	}
	p.mu.texts[name] = posted{text, time.Now().Add(ttl)}
	return nil
}

func (p *posts) Posted(context.Context, string) (map[string]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mu.away {
		return nil, errAway
	}
	all := map[string]string{}
	for name, one := range p.mu.texts {
		if time.Now().Before(one.ends) {
			all[name] = one.text
		}
	}
	return all, nil
}

func (p *posts) goAway(away bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mu.away = away
}

// process is a node of a test's fleet.
type process struct {
	*Finder
	load float64
	end  func()
}

func run(t *testing.T, p *posts, id string, change func(*Config)) *process {
	t.Helper()
	x := &process{}
	cfg := Config{
		ID: id, URL: "http://" + id + ".example.org", Serves: true,
		Load: func() float64 { return x.load }, Ending: func() bool { return false }, Timeout: time.Second,
	}
	if p != nil {
		cfg.Posts = p
	}
	if change != nil {
		change(&cfg)
	}
	x.Finder = New(cfg)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = x.Run(ctx) }()
	x.end = func() { cancel(); <-done }
	t.Cleanup(x.end)
	return x
}

func nodeFor(t *testing.T, f *process, channel, at string) string {
	t.Helper()
	a, ok := f.Find(channel, netip.Addr{}, at)
	if !ok {
		return ""
	}
	return a.Node
}

func TestAllNodesGiveTheSameAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &posts{}
		a, b, c := run(t, p, "a", nil), run(t, p, "b", nil), run(t, p, "c", nil)
		time.Sleep(3 * Interval)
		used := map[string]int{}
		for i := range 60 {
			channel := fmt.Sprint("c", i)
			first := nodeFor(t, a, channel, "")
			used[first]++
			if x, y := nodeFor(t, b, channel, ""), nodeFor(t, c, channel, ""); x != first || y != first {
				t.Errorf("%s: %s, %s and %s", channel, first, x, y)
			}
		}
		if len(used) != 3 {
			t.Errorf("channels are at %v", used)
		}
	})
}

func TestNodeThatEndsIsNamedNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &posts{}
		a, b := run(t, p, "a", nil), run(t, p, "b", nil)
		time.Sleep(3 * Interval)
		gone := b.cfg.ID
		b.end()
		time.Sleep(2 * Interval)
		for i := range 30 {
			if got := nodeFor(t, a, fmt.Sprint("c", i), gone); got != "a" {
				t.Fatalf("%q", got)
			}
		}
	})
}

func TestNodeThatIsKilledIsNamedUntilItsRecordLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &posts{}
		a := run(t, p, "a", nil)
		text, _ := record{URL: "http://b.example.org", Serves: true}.text()
		_ = p.Post(t.Context(), board, "b", text, Expiry)
		time.Sleep(3 * Interval)
		if got := nodeFor(t, a, "x", "b"); got != "b" {
			t.Errorf("before: %q", got)
		}
		time.Sleep(Expiry)
		if got := nodeFor(t, a, "x", "b"); got != "a" {
			t.Errorf("after: %q", got)
		}
	})
}

func TestOthersAreKnownForAWhileWithoutTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &posts{}
		a := run(t, p, "a", nil)
		run(t, p, "b", nil)
		time.Sleep(3 * Interval)
		p.goAway(true)
		time.Sleep(BlindMax / 2)
		if got := nodeFor(t, a, "x", "b"); got != "b" {
			t.Errorf("soon: %q", got)
		}
		time.Sleep(BlindMax)
		if got := nodeFor(t, a, "x", "b"); got != "a" {
			t.Errorf("later: %q", got)
		}
		p.goAway(false)
		time.Sleep(4 * Interval)
		if got := nodeFor(t, a, "x", "b"); got != "b" {
			t.Errorf("when it is back: %q", got)
		}
	})
}

func TestProcessAloneNamesThePlaceThatWasAsked(t *testing.T) {
	since := time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)
	f := New(Config{
		ID: "a", Load: func() float64 { return 1 }, Ending: func() bool { return false },
		Streams: func() []Stream {
			return []Stream{{Channel: "forsen", Broadcast: "b1", Since: since, Renditions: []Rendition{{Name: "720p", Bandwidth: 3e6}}}}
		},
	})
	if a, ok := f.Find("forsen", netip.Addr{}, ""); !ok || a.URL != "/hls/forsen/index.m3u8" || !a.Live {
		t.Errorf("%+v, %v", a, ok)
	}
	if a, ok := f.Find("other", netip.Addr{}, ""); !ok || a.Live {
		t.Errorf("%+v, %v", a, ok)
	}
	want := `{"streams":[{"channel":"forsen","broadcast":"b1","since":"2026-11-23T20:00:00Z","renditions":[{"name":"720p","bandwidth":3000000}]}]}` + "\n"
	if got := string(f.Streams()); got != want {
		t.Errorf("got %swant %s", got, want)
	}
}

func TestOriginServesItsOwnChannelsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &posts{}
		a := run(t, p, "a", nil)
		run(t, p, "o", func(c *Config) {
			c.Serves = false
			c.Streams = func() []Stream { return []Stream{{Channel: "forsen", Since: time.Now()}} }
		})
		time.Sleep(3 * Interval)
		if got := nodeFor(t, a, "forsen", "o"); got != "o" {
			t.Errorf("its own: %q", got)
		}
		if got := nodeFor(t, a, "other", "o"); got != "a" {
			t.Errorf("another: %q", got)
		}
		var list struct{ Streams []Stream }
		if err := json.Unmarshal(a.Streams(), &list); err != nil || len(list.Streams) != 1 || list.Streams[0].Channel != "forsen" {
			t.Errorf("streams: %s, %v", a.Streams(), err)
		}
	})
}

// TestViewersAreNotSentToAndFro moves one node's load up and down and asks as a viewer that
// is there, and as a new one.
func TestViewersAreNotSentToAndFro(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := run(t, &posts{}, "a", nil), "b"
		a.end() // from here on this goroutine has it
		a.others = map[string]record{"b": {URL: "http://b.example.org", Serves: true}}
		channel := ""
		a.look(a.self())
		for i := 0; channel == ""; i++ { // one that a comes first for
			if name := fmt.Sprint("c", i); nodeFor(t, a, name, "") == "a" {
				channel = name
			}
		}
		for _, step := range []struct {
			load        float64
			stays, newV string
		}{
			{0.7, "a", "a"}, {0.79, "a", "a"}, {0.8, "a", b}, {0.7, "a", b}, {0.61, "a", b}, {0.6, "a", "a"}, {0.7, "a", "a"},
			{0.94, "a", b}, {0.96, b, b}, {0.9, "a", b}, {0.5, "a", "a"},
		} {
			a.load = step.load
			a.look(a.self())
			if got := nodeFor(t, a, channel, "a"); got != step.stays {
				t.Errorf("load %v: who is there is sent to %s", step.load, got)
			}
			if got := nodeFor(t, a, channel, ""); got != step.newV {
				t.Errorf("load %v: who comes is sent to %s", step.load, got)
			}
		}
		a.others["b"] = record{URL: "http://b.example.org", Serves: true, Load: 0.9}
		a.load = 0.95
		a.look(a.self())
		if got := nodeFor(t, a, channel, ""); got != b {
			t.Errorf("all are full: %s, which has the greater load", got)
		}
	})
}

func TestNearestNodeServes(t *testing.T) {
	v := view{nodes: []node{
		{id: "us", record: record{URL: "u", Region: "NA-US", Serves: true}},
		{id: "de", record: record{URL: "d", Region: "EU-DE", Serves: true}},
		{id: "eu", record: record{URL: "e", Region: "EU", Serves: true}},
		{id: "full", record: record{URL: "f", Region: "EU-FR", Serves: true}, full: true},
		{id: "ends", record: record{URL: "x", Region: "OC-NZ", Serves: true, Ending: true}},
	}}
	for _, c := range []struct {
		where Region
		at    string
		want  string
	}{
		{"EU-DE", "", "de"}, {"NA-US", "", "us"}, {"NA-CA", "", "us"}, {"EU", "", "eu"},
		{"EU-DE", "us", "de"}, {"EU-DE", "eu", "de"}, {"EU-FR", "full", "full"}, {"OC-NZ", "ends", "us de eu"},
		{"EU-FR", "", "de eu"}, {"EU-FR", "eu", "eu"}, {"AS-JP", "us", "us"}, {"", "eu", "eu"}, {"", "us", "us"},
	} {
		if n := v.choose("forsen", c.where, c.at); n == nil || !strings.Contains(c.want, n.id) {
			t.Errorf("from %q at %q: %v, want %s", c.where, c.at, n, c.want)
		}
	}
	for i := range v.nodes {
		v.nodes[i].Ending = true
	}
	if n := v.choose("forsen", "", "us"); n != nil {
		t.Errorf("all are ending: %v", n.id)
	}
}

func TestRecordsThatCouldHarmAreNotRead(t *testing.T) {
	for _, text := range []string{
		"", "{", "[]", `{"url":""}`, `{"url":"ftp://x"}`, `{"url":"http://x/"}`, `{"url":"http://x\r\nSet-Cookie: a"}`, `{"url":"http://u:p@x"}`,
		`{"url":"http://x?a=b"}`, `{"url":"http://x#f"}`, `{"url":"javascript:alert(1)"}`, `{"url":"http://x","region":"<b>"}`,
		`{"url":"http://x","load":-1}`, `{"url":"http://x","streams":[{"channel":"../x"}]}`, strings.Repeat(" ", textBytesMax) + "{}",
	} {
		if r, err := readRecord(text); err == nil {
			t.Errorf("%.80q was read as %+v", text, r)
		}
	}
	want := record{URL: "https://x.example.org:8443/video", Region: "EU-DE", Load: 0.5, Streams: []Stream{{Channel: "a"}}}
	text, cut := want.text()
	if got, err := readRecord(text); err != nil || cut != 0 || got.URL != want.URL || got.Streams[0].Channel != "a" || math.Abs(got.Load-0.5) > 1e-9 {
		t.Errorf("%+v, %d cut, %v", got, cut, err)
	}
}

func TestRecordOfVeryManyStreamsIsCut(t *testing.T) {
	r := record{URL: "http://x"}
	for i := range 5000 {
		r.Streams = append(r.Streams, Stream{Channel: fmt.Sprint("channel", i), Broadcast: "b"})
	}
	text, cut := r.text()
	got, err := readRecord(text)
	if err != nil || cut == 0 || len(got.Streams)+cut != 5000 || len(got.Streams) < 300 {
		t.Errorf("%d bytes, %d streams, %d cut, %v", len(text), len(got.Streams), cut, err)
	}
}

func TestViewersAreWhereTheFileSays(t *testing.T) {
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "GeoLite2-Country", IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	for network, of := range map[string][2]mmdbtype.String{
		"81.2.69.0/24": {"EU", "GB"}, "2001:db8::/32": {"OC", "NZ"}, "10.0.0.0/8": {"XX", "??"},
	} {
		_, subnet, err := net.ParseCIDR(network)
		if err != nil {
			t.Fatal(err)
		}
		err = tree.Insert(subnet, mmdbtype.Map{
			"continent": mmdbtype.Map{"code": of[0]}, "country": mmdbtype.Map{"iso_code": of[1]},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "countries.mmdb")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tree.WriteTo(file); err != nil {
		t.Fatal(err)
	}
	_ = file.Close()
	g, err := OpenGeo(path)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for addr, want := range map[string]Region{"81.2.69.7": "EU-GB", "2001:db8::1": "OC-NZ", "10.1.1.1": "", "127.0.0.1": ""} {
		if got := g.find(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %q, want %q", addr, got, want)
		}
	}
	if got := (*Geo)(nil).find(netip.MustParseAddr("81.2.69.7")); got != "" {
		t.Errorf("without a file: %q", got)
	}
	if _, err := OpenGeo(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there was opened")
	}
}
