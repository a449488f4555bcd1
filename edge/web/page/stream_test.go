package page_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

const fps = 20 // of the test stream

// clockFilter draws the wall clock over the bottom of a picture, in 50 ms, as 16 black and
// white blocks, the lowest bit first: so each frame says when it was made.
const clockFilter = "split[plain][b];[b]crop=16:2:0:0,geq=lum='if(mod(floor(mod(time(0)*20,65536)/pow(2,X)),2),235,16)':cb=128:cr=128," +
	"scale=640:24:flags=neighbor[clock];[plain][clock]overlay=0:H-h"

// clockAge is how many seconds ago the frame on the screen was made, by clockFilter.
const clockAge = `(() => {
	const video = document.getElementById('video');
	const { videoWidth, videoHeight } = video;
	const pen = Object.assign(document.createElement('canvas'), { width: 16, height: 1 }).getContext('2d');
	let made = 0;
	for (let bit = 0; bit < 16; bit++) {
		pen.drawImage(video, (bit + 0.5) * videoWidth / 16, videoHeight * 0.97, 1, 1, bit, 0, 1, 1);
	}
	pen.getImageData(0, 0, 16, 1).data.forEach((level, i) => made += i % 4 === 0 && level > 128 ? 2 ** (i / 4) : 0);
	return (Math.floor(Date.now() / 50) - made + 65536) % 65536 / 20;
})()`

// pushStream has ffmpeg make a live stream of two renditions, in segments of a second, and
// write it to where (a folder or an address), until the test or stop ends it.
func pushStream(t *testing.T, where string, options ...string) (stop func()) {
	t.Helper()
	args := append([]string{"-map", "[high]", "-map", "1:a", "-map", "[low]", "-map", "1:a", "-b:v:0", "800k", "-b:v:1", "250k"}, coded(fps)...)
	args = append(args, "-f", "hls", "-hls_time", "1", "-hls_list_size", "8", "-hls_segment_type", "fmp4",
		"-var_stream_map", "v:0,a:0,name:360p v:1,a:1,name:180p", "-master_pl_name", "index.m3u8")
	args = append(args, options...)
	return runFFmpeg(t, append(args, "-hls_segment_filename", where+"/%v/%d.m4s", where+"/%v/index.m3u8"))
}

// pushFragments has ffmpeg send the same two renditions to the channel at address, each as
// one endless file of fragments with a key frame in gop frames.
func pushFragments(t *testing.T, address string, gop int) {
	t.Helper()
	var args []string
	for _, rendition := range []struct{ pad, name, rate string }{{"[high]", "360p", "800k"}, {"[low]", "180p", "250k"}} {
		args = append(args, "-map", rendition.pad, "-map", "1:a", "-b:v", rendition.rate)
		args = append(args, coded(gop)...)
		args = append(args, "-tune", "zerolatency", "-f", "mp4", "-movflags", "frag_keyframe+empty_moov+default_base_moof", "-frag_duration", "100000",
			"-flush_packets", "1", "-method", "PUT", address+"/"+rendition.name+"/stream.mp4")
	}
	runFFmpeg(t, args)
}

func coded(gop int) []string {
	return []string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", fmt.Sprint(gop), "-keyint_min", fmt.Sprint(gop),
		"-sc_threshold", "0", "-c:a", "aac", "-b:a", "64k"}
}

// runFFmpeg has ffmpeg write a moving picture, of two sizes, and a tone, 1:a, as args say,
// until the test or stop ends it.
func runFFmpeg(t *testing.T, args []string) (stop func()) {
	t.Helper()
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Fatal("ffmpeg is missing: apt-get update && apt-get install -y ffmpeg")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, path, append([]string{"-hide_banner", "-nostdin", "-loglevel", "warning",
		"-re", "-f", "lavfi", "-i", fmt.Sprintf("testsrc2=size=640x360:rate=%d", fps),
		"-re", "-f", "lavfi", "-i", "sine=frequency=440",
		"-filter_complex", "[0:v]" + clockFilter + ",split=2[high][copy];[copy]scale=320:180[low]"}, args...)...)
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
