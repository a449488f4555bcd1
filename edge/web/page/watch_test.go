package page_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// pushStream has ffmpeg make a live stream of two renditions, about a second behind, and
// write it to where (a folder or an address), until the test or stop ends it.
func pushStream(t *testing.T, where string, options ...string) (stop func()) {
	t.Helper()
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Fatal("ffmpeg is missing: apt-get update && apt-get install -y ffmpeg")
	}
	args := []string{"-hide_banner", "-nostdin", "-loglevel", "warning",
		"-re", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=20",
		"-re", "-f", "lavfi", "-i", "sine=frequency=440",
		"-filter_complex", "[0:v]split=2[high][b];[b]scale=320:180[low]",
		"-map", "[high]", "-map", "1:a", "-map", "[low]", "-map", "1:a",
		"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "20", "-keyint_min", "20", "-sc_threshold", "0",
		"-b:v:0", "800k", "-b:v:1", "250k", "-c:a", "aac", "-b:a", "64k",
		"-f", "hls", "-hls_time", "1", "-hls_list_size", "8", "-hls_segment_type", "fmp4",
		"-var_stream_map", "v:0,a:0,name:360p v:1,a:1,name:180p", "-master_pl_name", "index.m3u8"}
	args = append(args, options...)
	args = append(args, "-hls_segment_filename", where+"/%v/%d.m4s", where+"/%v/index.m3u8")
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, path, args...)
	// An interrupt ends the playlists properly, as someone's Ctrl-C does.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	log, err := os.Create(filepath.Join(t.TempDir(), "ffmpeg.log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatalf("cannot start ffmpeg: %v", err)
	}
	stop = func() {
		cancel()
		_ = cmd.Wait() // ends by a signal
		_ = log.Close()
	}
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("ffmpeg said:\n%s", text)
		}
	})
	return stop
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

// TestWatchPageInEveryLook takes pictures for people to judge, with the stream on and off
// and without chat, and holds that nothing sticks out.
func TestWatchPageInEveryLook(t *testing.T) {
	folder := os.Getenv("UPROAR_SCREENSHOTS")
	if folder == "" {
		folder = t.TempDir()
	}
	chromium := browser(t)
	f := newFake(t)
	video := t.TempDir()
	pushStream(t, video)
	for name, l := range map[string]look{
		"light":     {1280, 760, "light", false},
		"dark":      {1280, 760, "dark", false},
		"phone":     {360, 740, "dark", true},
		"landscape": {740, 360, "light", true},
		"tablet":    {800, 1100, "light", true},
	} {
		f.stream("", 0)
		p := open(t, chromium, l, f.URL+"/Speedrun")
		p.mu.misses = true
		p.waitOnline()
		p.call("bob")
		f.say("speedrun", scene()...)
		p.waitForLog("he actually did it")
		p.waitPlayer("absent")
		p.fits(name, l)
		p.picture(filepath.Join(folder, "watch-"+name+"-off.png"))
		f.stream(video, 0)
		p.run(chromedp.Evaluate[chromedp.Void]("document.getElementById('video-retry').click()"))
		p.waitPlayer("playing")
		p.waitPlayed(3)
		p.fits(name, l)
		p.picture(filepath.Join(folder, "watch-"+name+".png"))
		f.cut(true)
		p.waitFor("!document.getElementById('alert').hidden")
		p.waitPlayed(2)
		p.fits(name, l)
		p.picture(filepath.Join(folder, "watch-"+name+"-chatless.png"))
		f.resume()
	}
}
