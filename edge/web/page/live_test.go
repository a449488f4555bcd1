package page_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"uproar/edge/edgetest"
)

// tiers are three processes: viewers reach the last, which has video from the second and
// that from the first.
type tiers struct{ origin, tier1, presence *edgetest.Server }

func startTiers(t *testing.T) tiers {
	t.Helper()
	origin := edgetest.Start(t, "--roles=origin,hls", "--video-dir="+t.TempDir())
	tier1 := edgetest.Start(t, "--roles=hls", "--hls-upstream="+origin.HTTP)
	presence := edgetest.Start(t, "--roles=edge,clue,exchange,hls", "--hls-upstream="+tier1.HTTP)
	return tiers{origin, tier1, presence}
}

// Two people watch and talk for 20 s, one on a phone. Not one stall, not one error, not
// even one that the player gets over by itself.
func TestTwentySecondsOfLiveVideoThroughThreeTiersWithChatBesideIt(t *testing.T) {
	const seconds = 20
	chromium := browser(t)
	s := startTiers(t)
	pushStream(t, "http://"+s.origin.Admin+"/hls/speedrun", "-method", "PUT")
	awaitLive(t, "http://"+s.presence.HTTP+"/hls/speedrun/index.m3u8")
	address := "http://" + s.presence.HTTP + "/speedrun"
	viewers := map[string]*tab{
		"desktop": open(t, chromium, watchLooks["light"], address),
		"phone":   open(t, chromium, watchLooks["phone"], address),
	}
	from := map[string]float64{}
	for name, p := range viewers {
		p.waitOnline()
		p.call(name)
		p.waitPlayer("playing")
		p.waitPlayed(0.2)
		p.run(watchEvents)
		from[name] = p.number(position)
	}
	began := time.Now()
	for n := range seconds {
		for _, p := range viewers {
			if n%5 == 2 {
				p.say(fmt.Sprintf("second %d", n))
			}
		}
		for name, p := range viewers {
			p.waitFor(fmt.Sprintf("%s >= %f", position, from[name]+float64(n+1)))
		}
	}
	wall := time.Since(began).Seconds()
	viewers["desktop"].waitForLog("phone: second 17")
	viewers["phone"].waitForLog("desktop: second 17")
	folder := os.Getenv("UPROAR_SCREENSHOTS")
	if folder == "" {
		folder = t.TempDir()
	}
	for name, p := range viewers {
		p.picture(filepath.Join(folder, "live-"+name+".png"))
		played := p.number(position) - from[name]
		stalls, errors := p.number(fact("stalls")), p.number(fact("errors"))
		waits, frames := p.number("window.waits"), p.number("document.getElementById('video').getVideoPlaybackQuality().totalVideoFrames")
		t.Logf("%s: %.1f s played in %.1f s, %v s behind live; %v stalls, %v waits, %v errors; %v frames", name, played, wall,
			p.number("parseFloat(document.getElementById('latency').textContent)"), stalls, waits, errors, frames)
		if stalls+errors+waits != 0 {
			t.Errorf("%s: %v stalls, %v times without a picture, %v errors", name, stalls, waits, errors)
		}
		if frames < played*fps*0.9 {
			t.Errorf("%s: %v frames in %.1f s, want %v a second", name, frames, played, fps)
		}
	}
}

// awaitLive waits until the playlist at address is there.
func awaitLive(t *testing.T, address string) {
	t.Helper()
	status := ""
	for limit := time.Now().Add(2 * waitLimit); time.Now().Before(limit); time.Sleep(50 * time.Millisecond) {
		response, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if status = response.Status; response.StatusCode == http.StatusOK {
			return
		}
	}
	t.Fatalf("%s answers %s after %v", address, status, 2*waitLimit)
}

// watchEvents counts, from now on, the times that the picture has to wait.
var watchEvents = chromedp.Evaluate[chromedp.Void](`(() => {
	window.waits = 0;
	document.getElementById('video').addEventListener('waiting', () => window.waits++);
})()`)

const position = "document.getElementById('video').currentTime"

// fact is a number that the page shows of its player.
func fact(name string) string {
	return fmt.Sprintf("Number(document.getElementById('fact-%s').textContent)", name)
}
