package page_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// scene is a lively minute of a room.
func scene() []string {
	say := func(login, colour, extra, text string) string { return privmsg("speedrun", login, colour, extra, text) }
	reply := `reply-parent-display-name=Marlow;reply-parent-msg-body=has\sanyone\stimed\sthe\swater\stemple\sskip?;reply-parent-msg-id=1;reply-parent-user-login=marlow;`
	return []string{
		say("Marlow", "#FF4500", "", "evening all, just got in. what did I miss?"),
		say("quietkat", "", "", "two deaths and a very good cutscene skip"),
		say("Ronni", "#1E90FF", "badges=moderator/1;", "Welcome in Marlow! Please keep spoilers for the last level out of chat tonight."),
		say("boxcar_willie", "#0000FF", "", "first time I can read blue names on a dark page"),
		say("tea4two", "#FFFF00", "", "and yellow ones on a white page"),
		say("Hana", "#FF69B4", "display-name=ハナ;", "こんにちは！今日も頑張ってください 🎉"),
		say("dallas", "#8A2BE2", "badges=broadcaster/1;", "\x01ACTION cracks knuckles and starts the third attempt\x01"),
		say("gridlock", "", "", "LETS GOOO"),
		say("gridlock", "", "", "o7 o7 o7"),
		say("Marlow", "#FF4500", "", "has anyone timed the water temple skip?"),
		say("stopwatch_sue", "#2E8B57", reply, "@Marlow 41 seconds if you take the left ladder, about 55 otherwise. The record holder does the jump blind, which saves another two."),
		"@msg-id=slow_on :tmi.twitch.tv NOTICE #speedrun :This room is now in slow mode. You may send messages every 10 seconds.",
		say("pixelpusher", "", "badges=vip/1;", "slow mode already, it must be Friday"),
		say("nightbus", "#008000", "", "@bob are you timing this one too?"),
		say("lurkermax", "", "", "delurking to say the audio is perfect today"),
		say("verylongnameverylongname1", "#5F9EA0", "", "https://example.invalid/a/rather/long/address/that/has/no/place/to/break/until/it/does?with=a&query=too"),
		say("yusra", "#D2691E", "", "مرحبا بالجميع، بث رائع اليوم"),
		say("eve", "", "", "cheap followers here"),
		say("quietkat", "", "", "that jump was cleaner than the record"),
		"@msg-id=uproar_gap :tmi.twitch.tv NOTICE #speedrun :Your connection was slow: 38 lines were skipped.",
		say("gridlock", "", "", "PogChamp PogChamp PogChamp"),
		say("stopwatch_sue", "#2E8B57", "", "split is 3.2 seconds ahead"),
		say("tea4two", "#FFFF00", "", "I can't watch"),
		say("Marlow", "#FF4500", "", "you can't not watch"),
		say("lurkermax", "", "", "🔥🔥🔥"),
		say("boxcar_willie", "#0000FF", "", "left ladder left ladder left ladder"),
		say("Ronni", "#1E90FF", "badges=moderator/1;", "\x01ACTION holds her breath\x01"),
		"@tmi-sent-ts=1 :tmi.twitch.tv CLEARCHAT #speedrun :eve",
		say("nightbus", "#008000", "", "THE BLIND JUMP"),
		say("pixelpusher", "", "badges=vip/1;", "he actually did it"),
	}
}

// TestPageCanBeReadInEveryLook takes pictures for people to judge, and holds what a
// machine can: nothing reaches beyond the window, and the parts are there.
func TestPageCanBeReadInEveryLook(t *testing.T) {
	folder := os.Getenv("UPROAR_SCREENSHOTS")
	if folder == "" {
		folder = t.TempDir()
	}
	chromium := browser(t)
	f := newFake(t)
	for name, l := range map[string]look{
		"light":       desktop,
		"dark":        {desktop.width, desktop.height, "dark", false},
		"phone-light": {360, 740, "light", true},
		"phone-dark":  {360, 740, "dark", true},
	} {
		p := open(t, chromium, l, f.URL+"/")
		p.picture(filepath.Join(folder, name+"-empty.png"))
		p.run(chromedp.SendKeys(chromedp.ID("room"), "#SpeedRun\r"))
		p.waitOnline()
		p.fits(name, l)
		p.call("bob")
		f.say("speedrun", scene()...)
		p.waitForLog("he actually did it")
		p.say("what a run, gg")
		p.waitForLog("what a run, gg")
		p.run(chromedp.MouseClickXY(float64(l.width)/2, float64(l.height)/2))
		p.fits(name, l)
		p.picture(filepath.Join(folder, name+".png"))
		p.run(chromedp.Evaluate[chromedp.Void]("document.getElementById('log').scrollTop = 0"))
		p.waitFor("!document.getElementById('newest').hidden")
		f.cut(true)
		p.waitFor("!document.getElementById('alert').hidden")
		p.fits(name, l)
		p.picture(filepath.Join(folder, name+"-offline.png"))
		f.resume()
	}
}

// fits holds that no part of the page sticks out of a window of that look. It does
// not ask for innerWidth, which grows with what sticks out on a phone.
func (p *tab) fits(name string, l look) {
	p.t.Helper()
	outside := fmt.Sprintf(`[...document.querySelectorAll('body *')].filter((part) => {
		const box = part.getBoundingClientRect();
		const inLog = part.closest('.log') !== null;
		const cut = part.closest('.quote .text') !== null;
		return box.width > 1 && !cut && (box.right > %[1]d + 1 || box.left < -1 || (!inLog && box.bottom > %[2]d + 1));
	}).map((part) => part.id || part.className).filter((part) => part !== 'skip').join(' ')`, l.width, l.height)
	parts, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](outside))
	if err != nil {
		p.t.Fatalf("cannot measure the page: %v", err)
	}
	if parts != "" {
		p.t.Errorf("%s: these stick out of the window: %s", name, parts)
	}
}

func (p *tab) picture(path string) {
	p.t.Helper()
	png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatalf("cannot take a picture: %v", err)
	}
	if err := os.WriteFile(path, png, 0o644); err != nil {
		p.t.Fatal(err)
	}
}
