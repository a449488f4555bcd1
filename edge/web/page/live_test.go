package page_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"uproar/edge/edgetest"
)

// tiers are three processes: viewers reach the last, which has video from the second and
// that from the first.
type tiers struct{ origin, tier1, presence *edgetest.Server }

func startTiers(t *testing.T, originArgs ...string) tiers {
	t.Helper()
	origin := edgetest.Start(t, append(originArgs, "--roles=origin,hls", "--video-dir="+t.TempDir())...)
	tier1 := edgetest.Start(t, "--roles=hls", "--hls-upstream="+origin.HTTP)
	presence := edgetest.Start(t, "--roles=edge,clue,exchange,hls", "--hls-upstream="+tier1.HTTP)
	return tiers{origin, tier1, presence}
}

// Two people watch and talk for 20 s, one on a phone. Not one stall, not one error, not
// even one that the player gets over by itself. Where another program takes the processors
// for seconds, nothing can play: a second run counts.
func TestTwentySecondsOfLiveVideoThroughThreeTiersWithChatBesideIt(t *testing.T) {
	chromium := browser(t)
	s := startTiers(t)
	pushStream(t, "http://"+s.origin.Admin+"/hls/speedrun", "-method", "PUT")
	awaitLive(t, "http://"+s.presence.HTTP+"/hls/speedrun/", 4)
	watchTwice(t, chromium, s.presence, 20)
}

// watchTwice watches for so many seconds, and once more if that is not as it should be.
func watchTwice(t *testing.T, chromium context.Context, presence *edgetest.Server, seconds int, more ...check) {
	t.Helper()
	problems := watchTogether(t, chromium, presence, seconds, more)
	if len(problems) > 0 {
		t.Logf("once more after %q", problems)
		problems = watchTogether(t, chromium, presence, seconds, more)
	}
	for _, problem := range problems {
		t.Error(problem)
	}
}

// check looks at a tab that has played, and says what is not as it should be, if anything.
type check func(p *tab, name string) (problem string)

// watchTogether is one run, and what was not as it should be.
func watchTogether(t *testing.T, chromium context.Context, presence *edgetest.Server, seconds int, more []check) (problems []string) {
	t.Helper()
	viewers, from := map[string]*tab{}, map[string]float64{}
	for _, name := range []string{"desktop", "phone"} {
		p := open(t, chromium, watchLooks[name], "http://"+presence.HTTP+"/speedrun")
		p.waitOnline()
		p.call(name)
		p.waitPlayer("playing")
		p.waitPlayed(0.2)
		p.run(watchEvents)
		viewers[name], from[name] = p, p.number(position)
	}
	began, last := time.Now(), ""
	for n := range seconds {
		for name, p := range viewers {
			if n%5 == 2 {
				last = fmt.Sprintf("second %d", n)
				p.say(last)
			}
			p.waitFor(fmt.Sprintf("%s >= %f", position, from[name]+float64(n+1)))
		}
	}
	wall := time.Since(began).Seconds()
	viewers["desktop"].waitForLog("phone: " + last)
	viewers["phone"].waitForLog("desktop: " + last)
	for name, p := range viewers {
		if folder := os.Getenv("UPROAR_SCREENSHOTS"); folder != "" {
			p.picture(filepath.Join(folder, t.Name()+"-"+name+".png"))
		}
		played, frames := p.number(position)-from[name], p.number(frames)
		stalls, waits, errors := p.number(fact("stalls")), p.number("window.waits"), p.number(fact("errors"))
		t.Logf("%s: %.1f s played in %.1f s, %v s behind live as it says, %.2f s after it was made; %v stalls, %v waits, %v errors; %v frames",
			name, played, wall, p.number(latency), p.number(clockAge), stalls, waits, errors, frames)
		if stalls+errors+waits != 0 {
			problems = append(problems, fmt.Sprintf("%s: %v stalls, %v times without a picture, %v errors; %s", name, stalls, waits, errors, p.lastError()))
		}
		if frames < played*fps*0.9 {
			problems = append(problems, fmt.Sprintf("%s: %v frames in %.1f s, want %v a second", name, frames, played, fps))
		}
		for _, look := range more {
			if problem := look(p, name); problem != "" {
				problems = append(problems, name+": "+problem)
			}
		}
		p.stop()
	}
	return problems
}

// awaitLive waits until the channel at address has so many segments.
func awaitLive(t *testing.T, address string, segments int) {
	t.Helper()
	var master, media string
	for limit := time.Now().Add(2 * waitLimit); time.Now().Before(limit); time.Sleep(100 * time.Millisecond) {
		if master = get(t, address+"index.m3u8"); master == "" {
			continue
		}
		lines := strings.Fields(master)
		if media = get(t, address+lines[len(lines)-1]); strings.Count(media, "#EXTINF") >= segments {
			return
		}
	}
	t.Fatalf("%s has no %d segments after %v:\n%s\n%s", address, segments, 2*waitLimit, master, media)
}

// get returns what is at address, if anything.
func get(t *testing.T, address string) string {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body := read(t, response.Body); response.StatusCode == http.StatusOK {
		return string(body)
	}
	return ""
}

// watchEvents counts, from now on, the times that the picture has to wait.
var watchEvents = chromedp.Evaluate[chromedp.Void](`(() => {
	window.waits = 0;
	document.getElementById('video').addEventListener('waiting', () => window.waits++);
})()`)

const (
	position = "document.getElementById('video').currentTime"
	latency  = "parseFloat(document.getElementById('latency').textContent)" // as the page says
	frames   = "document.getElementById('video').getVideoPlaybackQuality().totalVideoFrames"
)

// fact is a number that the page shows of its player.
func fact(name string) string {
	return fmt.Sprintf("Number(document.getElementById('fact-%s').textContent)", name)
}

// lastError is what the page says of the last stall or error of its player.
func (p *tab) lastError() string {
	p.t.Helper()
	text, err := chromedp.Run(p.ctx, chromedp.Evaluate[string]("document.getElementById('fact-errors').title"))
	if err != nil {
		p.t.Fatalf("cannot ask for the last error: %v", err)
	}
	return text
}
