package page_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// pushFolder is a stream in a new folder, once there is something to play.
func pushFolder(t *testing.T) (folder string, stop func()) {
	t.Helper()
	folder = t.TempDir()
	stop = pushStream(t, folder)
	for limit := time.Now().Add(waitLimit); time.Now().Before(limit); time.Sleep(50 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(folder, "180p", "2.m4s")); err == nil {
			return folder, stop
		}
	}
	t.Fatalf("ffmpeg made no stream within %v", waitLimit)
	return "", nil
}

// waitPlayer waits until the player is in that state.
func (p *tab) waitPlayer(state string) {
	p.t.Helper()
	p.waitFor(fmt.Sprintf("document.getElementById('stage').dataset.state === %q", state))
}

// waitPlayed waits until so many seconds have gone on in the picture, from now on.
func (p *tab) waitPlayed(seconds float64) {
	p.t.Helper()
	from := p.number("document.getElementById('video').currentTime")
	p.waitFor(fmt.Sprintf("document.getElementById('video').currentTime >= %f", from+seconds))
}

// watchLooks are windows that the page is watched in.
var watchLooks = map[string]look{
	"desktop":   {1280, 760, "light", false},
	"dark":      {1280, 760, "dark", false},
	"phone":     {360, 740, "dark", true},
	"landscape": {740, 360, "light", true},
	"tablet":    {800, 1100, "light", true},
}

// TestWatchPageInEveryLook takes pictures for people to judge, with the stream on and off
// and without chat, and holds that nothing sticks out.
func TestWatchPageInEveryLook(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	p := open(t, browser(t), watchLooks["desktop"], f.URL+"/Speedrun")
	p.missFiles()
	pictures := func(state string) {
		for name, l := range watchLooks {
			p.run(chromedp.Func(l.emulate))
			p.fits(name+state, l)
			if folder := os.Getenv("UPROAR_SCREENSHOTS"); folder != "" {
				p.picture(filepath.Join(folder, "watch-"+name+state+".png"))
			}
		}
	}
	p.waitOnline()
	p.call("bob")
	f.say("speedrun", scene()...)
	p.waitForLog("he actually did it")
	p.waitPlayer("absent")
	pictures("-off")

	video, _ := pushFolder(t)
	f.stream(video, 0)
	p.click("video-retry")
	p.waitPlayer("playing")
	p.waitPlayed(1)
	pictures("")

	f.cut(true)
	p.waitFor("!document.getElementById('alert').hidden")
	pictures("-chatless")
	p.waitPlayed(1)
}

// The server of video comes and goes; chat goes on, and the player says what it knows.
func TestPlayerTellsWhatIsTheMatterAndComesBack(t *testing.T) {
	t.Parallel()
	video, stop := pushFolder(t)
	f := newFake(t)
	f.stream("", 503)
	p := open(t, browser(t), desktop, f.URL+"/lobby")
	p.missFiles()
	p.waitOnline()
	p.waitForAlert("cannot be reached")
	f.stream("", 0)
	p.click("video-retry")
	p.waitForAlert("lobby is not live")
	f.say("lobby", privmsg("lobby", "ann", "", "", "when does it start?"))
	p.waitForLog("when does it start?")

	f.stream(video, 0)
	p.waitPlayer("playing") // by itself
	p.waitFor("document.getElementById('video-alert').hidden")
	p.waitPlayed(1)
	p.waitFor("/^[0-9.]+ s$/.test(document.getElementById('latency').textContent)")
	stop()
	p.waitForAlert("has ended")
	p.waitFor("document.getElementById('live').disabled")
}

// What the controls do, by keys and by hand.
func TestPlayerIsInTheViewersHands(t *testing.T) {
	t.Parallel()
	video, _ := pushFolder(t)
	f := newFake(t)
	f.stream(video, 0)
	p := open(t, browser(t), desktop, f.URL+"/lobby")
	p.missFiles()
	p.waitPlayer("playing")
	p.waitPlayed(1)

	p.press("m")
	p.waitFor("!document.getElementById('video').muted !== (document.getElementById('mute').dataset.on === 'true')")
	p.press(" ")
	p.waitFor("document.getElementById('video').paused && document.getElementById('live').dataset.behind === 'true'")
	p.press("l")
	p.waitFor("!document.getElementById('video').paused && document.getElementById('live').dataset.behind === 'false'")
	p.waitFor("document.getElementById('quality').length === 3")
	p.run(chromedp.Evaluate[chromedp.Void](`(() => {
		const menu = document.getElementById('quality');
		menu.value = [...menu.options].find(({ text }) => text === '180p').value;
		menu.dispatchEvent(new Event('change'));
	})()`))
	p.waitFor("document.getElementById('video').videoHeight === 180")
	p.waitFor("document.getElementById('quality').selectedOptions[0].text === '180p'")

	// A line of chat is no command to the player.
	p.call("kim")
	p.say("mmm k")
	p.waitForLog("mmm k")
	if p.number("document.getElementById('video').paused ? 1 : 0") != 0 {
		t.Error("a line of chat has paused the video")
	}

	p.run(chromedp.SendKeys(chromedp.ID("room"), "Other\r"))
	p.waitFor("location.pathname === '/other' && document.getElementById('video-title').textContent === 'other'")
	p.waitPlayer("playing")
}

// missFiles makes files that cannot be loaded no faults.
func (p *tab) missFiles() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mu.misses = true
}

// waitForAlert waits until the player tells of text.
func (p *tab) waitForAlert(text string) {
	p.t.Helper()
	p.waitFor(fmt.Sprintf("!document.getElementById('video-alert').hidden && document.getElementById('video-alert-text').textContent.includes(%q)", text))
}

func (p *tab) click(id string) {
	p.t.Helper()
	p.run(chromedp.Evaluate[chromedp.Void](fmt.Sprintf("document.getElementById(%q).click()", id)))
}

// press presses a key that no control has the focus for.
func (p *tab) press(key string) {
	p.t.Helper()
	p.run(chromedp.Evaluate[chromedp.Void]("document.activeElement.blur()"), chromedp.KeyEvent(key))
}
