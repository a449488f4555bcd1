package video

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluenviron/gohlslib/v2"
	"github.com/bluenviron/gohlslib/v2/pkg/codecs"
)

// TestOtherPeoplesPlayersRead has ffprobe and gohlslib's client read through the three tiers.
func TestOtherPeoplesPlayersRead(t *testing.T) {
	needs(t, "ffmpeg", "ffprobe")
	t.Parallel()
	h, _ := newHouse(t, nil)
	h.push()
	master := "http://" + h.pop.HTTP + "/hls/" + channel + "/index.m3u8"
	first := h.player(renditions[0])
	await(t, "four segments at the point of presence", func() bool { // gohlslib's client begins three before the end
		if first.base == nil && !first.open(t.Context(), master) {
			return false
		}
		m, ok := first.reload(t.Context())
		return ok && len(m.Segments) >= 4
	})
	client := readFrames(t, master)
	probe(t, master)
	client(50, 40)
}

// readFrames begins to read with gohlslib's client. What it returns waits for so many frames
// of video and of audio.
func readFrames(t *testing.T, master string) (wait func(video, audio int64)) {
	t.Helper()
	var video, audio atomic.Int64
	c := &gohlslib.Client{
		URI:                       master,
		OnDownloadPrimaryPlaylist: func(string) {}, OnDownloadStreamPlaylist: func(string) {},
		OnDownloadSegment: func(string) {}, OnDownloadPart: func(string) {},
		OnDecodeError: func(err error) { t.Errorf("gohlslib: %v", err) },
	}
	c.OnTracks = func(tracks []*gohlslib.Track) error {
		for _, track := range tracks {
			switch track.Codec.(type) {
			case *codecs.H264:
				c.OnDataH26x(track, func(_, _ int64, _ [][]byte) { video.Add(1) })
			case *codecs.MPEG4Audio:
				c.OnDataMPEG4Audio(track, func(_ int64, aus [][]byte) { audio.Add(int64(len(aus))) })
			}
		}
		return nil
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait2() }()
	return func(wantVideo, wantAudio int64) {
		t.Helper()
		await(t, "frames from gohlslib's client", func() bool {
			select {
			case err := <-ended:
				t.Fatalf("gohlslib's client has ended: %v, after %d frames and %d of audio", err, video.Load(), audio.Load())
			default:
			}
			return video.Load() >= wantVideo && audio.Load() >= wantAudio
		})
		c.Close()
		<-ended
	}
}

// probe has ffprobe count frames.
func probe(t *testing.T, master string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ffprobe", "-v", "error", "-of", "json", "-show_streams", "-count_frames", "-read_intervals", "%+3", master)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ffprobe: %v\n%s", err, said.String())
	}
	var found struct {
		Streams []struct {
			Codec  string `json:"codec_name"`
			Frames int    `json:"nb_read_frames,string"`
		}
	}
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	frames := map[string]int{}
	for _, s := range found.Streams {
		frames[s.Codec] = max(frames[s.Codec], s.Frames)
	}
	if frames["h264"] < 50 || frames["aac"] < 50 || said.Len() > 0 {
		t.Errorf("ffprobe read %v\n%s", frames, said.String())
	}
}
