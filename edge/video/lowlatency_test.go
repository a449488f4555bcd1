package video

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"testing"
	"time"

	"uproar/proto/m3u8"
)

// pushStream has ffmpeg send one endless file of fragments, from which the origin cuts
// segments and parts.
func (h *house) pushStream() {
	h.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-re",
		"-f", "lavfi", "-i", "testsrc=size=320x180:rate=25", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000",
		"-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25", "-threads", "1", "-c:a", "aac",
		"-f", "mp4", "-movflags", "frag_keyframe+empty_moov+default_base_moof", "-frag_duration", "200000",
		"-flush_packets", "1", "-method", "PUT", "http://"+h.origin.Admin+"/hls/"+channel+"/low/stream.mp4")
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		h.t.Fatalf("cannot start ffmpeg: %v", err)
	}
	h.t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
		if h.t.Failed() {
			h.t.Logf("ffmpeg:\n%s", said.String())
		}
	})
}

// TestLowLatencyReachesThePointOfPresence has gohlslib's client read parts through three
// tiers, and asks for each next part as it is announced: its playlist comes when it does.
func TestLowLatencyReachesThePointOfPresence(t *testing.T) {
	needs(t, "ffmpeg")
	t.Parallel()
	h, _ := newHouse(t, nil, "--video-part=400ms", "--video-segment=1s")
	h.pushStream()
	master := "http://" + h.pop.HTTP + "/hls/" + channel + "/index.m3u8"
	p := h.player("low")
	await(t, "three segments with parts at the point of presence", func() bool {
		if p.base == nil && !p.open(t.Context(), master) {
			return false
		}
		m, ok := p.reload(t.Context())
		return ok && len(m.Segments) >= 3
	})
	client := readFrames(t, master)
	follow(t, p, 20)
	client(50, 40)
}

// follow asks for n playlists, each with one part more, and for the part that it announces,
// which is held until it is there. So it goes as fast as the parts come into being.
func follow(t *testing.T, p *player, n int) {
	t.Helper()
	began := time.Now()
	for range n {
		m := p.log.Last()
		at := *p.base
		at.RawQuery = fmt.Sprintf("_HLS_msn=%d&_HLS_part=%d", m.LastMSN()+1, len(m.Open.Parts))
		body, ok := p.get(t.Context(), "blocking reload", at.String())
		if !ok {
			t.Fatalf("blocking reload: %v", p.failures)
		}
		if err := p.log.Add(body); err != nil {
			t.Fatalf("%v\n%s", err, body)
		}
		takeParts(t, p, p.log.Last())
	}
	took, target := time.Since(began), p.log.Last().PartTarget
	t.Logf("%d parts of %v at most in %v", n, target, took.Round(time.Millisecond))
	if all := time.Duration(n) * target; took < all/3 || took > 2*all {
		t.Errorf("%d parts of %v at most took %v", n, target, took)
	}
}

// takeParts gets the last part that is listed, and the one that is announced.
func takeParts(t *testing.T, p *player, m *m3u8.Media) {
	t.Helper()
	var names []string
	if n := len(m.Open.Parts); n > 0 {
		names = append(names, m.Open.Parts[n-1].URI)
	}
	for _, hint := range m.Hints {
		if hint.Type == m3u8.HintPart {
			names = append(names, hint.URI)
		}
	}
	for _, name := range names {
		at, err := p.base.Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		if body, ok := p.get(t.Context(), "part", at.String()); !ok || len(body) == 0 {
			t.Errorf("part %s: %d bytes, %v", name, len(body), p.failures)
		}
	}
}
