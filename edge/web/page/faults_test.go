package page_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestRefusedLineIsShownAndGivenBack(t *testing.T) {
	f := newFake(t)
	p := open(t, browser(t), desktop, f.URL+"/?room=lobby")
	p.waitOnline()
	p.call("bob")
	f.refuseNext("msg_duplicate")
	p.say("again")
	p.waitForLog("Your message was not sent.")
	p.waitFor("document.getElementById('message').value === 'again'")
	p.run(chromedp.SendKeys(chromedp.ID("message"), "\r"))
	p.waitForLog("bob: again")
	p.waitFor("document.getElementById('message').value === ''")
}

func TestMarkupIsShownAsText(t *testing.T) {
	f := newFake(t)
	p := open(t, browser(t), desktop, f.URL+"/?room=lobby")
	p.waitOnline()
	evil := `<img src=x onerror=document.title='owned'><b>bold</b>`
	f.say("lobby", privmsg("lobby", "eve", "red;}body{display:none", "", evil))
	p.waitForLog(evil)
	if n := p.number("document.querySelectorAll('#log img, #log b').length"); n != 0 {
		t.Errorf("a line made %v elements", n)
	}
}

func TestGapAndModerationAreShown(t *testing.T) {
	f := newFake(t)
	p := open(t, browser(t), desktop, f.URL+"/#lobby")
	p.waitOnline()
	f.say("lobby",
		privmsg("lobby", "Eve", "", "", "buy this"),
		privmsg("lobby", "Bob", "", "", "hello"),
		"@msg-id=uproar_gap :tmi.twitch.tv NOTICE #lobby :12 lines were skipped.",
		"@ban-duration=10;tmi-sent-ts=1 :tmi.twitch.tv CLEARCHAT #lobby :eve")
	p.waitForLog("removed by a moderator")
	if n := p.number("document.querySelectorAll('.notice.gap').length"); n != 1 {
		t.Errorf("page shows %v gap notices, want 1", n)
	}
	if n := p.number("document.getElementById('log').innerText.includes('buy this') ? 1 : 0"); n != 0 {
		t.Error("a removed line is still shown")
	}
}

func TestLostLinkIsToldAndTheRoomJoinedAgain(t *testing.T) {
	f := newFake(t)
	p := open(t, browser(t), desktop, f.URL+"/?room=lobby")
	p.waitOnline()
	f.cut(true)
	p.waitFor("!document.getElementById('alert').hidden && document.getElementById('alert').innerText.includes('Disconnected')")
	f.resume()
	p.run(chromedp.Click(chromedp.ID("retry")))
	p.waitOnline()
	p.waitFor("document.getElementById('alert').hidden")
	f.say("lobby", privmsg("lobby", "Bob", "", "", "back again"))
	p.waitForLog("back again")
}

func TestReconnectIsFollowedAtOnce(t *testing.T) {
	f := newFake(t)
	p := open(t, browser(t), desktop, f.URL+"/?room=lobby")
	p.waitOnline()
	f.say("lobby", ":tmi.twitch.tv RECONNECT")
	for limit := time.Now().Add(waitLimit); f.joins() < 2; {
		if time.Now().After(limit) {
			t.Fatal("page did not join again")
		}
		p.waitOnline()
	}
}

func TestReaderWhoScrolledUpIsLeftInPeace(t *testing.T) {
	f := newFake(t)
	p := open(t, browser(t), desktop, f.URL+"/?room=lobby")
	p.waitOnline()
	for i := range 100 {
		f.say("lobby", privmsg("lobby", "Bob", "", "", fmt.Sprintf("line %d.", i)))
	}
	p.waitForLog("line 99.")
	p.run(chromedp.Evaluate[chromedp.Void]("document.getElementById('log').scrollTop = 300"))
	p.waitFor("!document.getElementById('newest').hidden")
	for i := range 3 {
		f.say("lobby", privmsg("lobby", "Bob", "", "", fmt.Sprintf("later %d.", i)))
	}
	p.waitFor("document.getElementById('newest').innerText.includes('3 new lines')")
	if top := p.number("document.getElementById('log').scrollTop"); top != 300 {
		t.Errorf("log moved to %v while being read at 300", top)
	}
	p.run(chromedp.KeyEvent(kb.Escape))
	p.waitForLog("later 2.")
	p.waitFor("document.getElementById('newest').hidden")
}

// A room of 1,000 lines a second, in 20 frames of 50, must leave the page alive:
// never over 500 rows, and no task long enough to be felt.
func TestHotRoomDoesNotFreezeThePage(t *testing.T) {
	const seconds, perFrame, framesPerSecond = 4, 50, 20
	f := newFake(t)
	p := open(t, browser(t), desktop, f.URL+"/?room=lobby")
	p.waitOnline()
	p.run(chromedp.Evaluate[chromedp.Void](`(() => {
		window.most = 0; window.slowest = 0;
		let last = performance.now();
		const beat = () => {
			const now = performance.now();
			window.slowest = Math.max(window.slowest, now - last);
			window.most = Math.max(window.most, document.getElementById('log').childElementCount);
			last = now;
			window.beat = setTimeout(beat, 10);
		};
		beat();
	})()`))
	ticker := time.NewTicker(time.Second / framesPerSecond)
	defer ticker.Stop()
	sent := 0
	for range seconds * framesPerSecond {
		<-ticker.C
		lines := make([]string, perFrame)
		for i := range lines {
			sent++
			lines[i] = privmsg("lobby", fmt.Sprintf("viewer%d", sent%997), "", "", fmt.Sprintf("line %d of the hot room.", sent))
		}
		f.say("lobby", lines...)
	}
	p.waitForLog(fmt.Sprintf("line %d of the hot room.", sent))
	most, slowest := p.number("window.most"), p.number("window.slowest")
	t.Logf("at most %v rows, slowest beat %.0f ms", most, slowest)
	if most > 500 {
		t.Errorf("log held %v rows, want at most 500", most)
	}
	if slowest > 1000 {
		t.Errorf("page stood still for %.0f ms", slowest)
	}
}
