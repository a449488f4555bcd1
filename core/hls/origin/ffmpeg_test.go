package origin

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"uproar/core/hls"
)

// house serves an origin that can be replaced, as packagers and players see one: PUT on
// the port inside, GET of everything.
type house struct {
	t      *testing.T
	origin atomic.Pointer[Origin]
	server *http.Server
	addr   string
}

func newHouse(t *testing.T, o *Origin) *house {
	t.Helper()
	if testing.Short() {
		t.Skip("drives other programs")
	}
	for _, program := range []string{"ffmpeg", "ffprobe"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s here: %v", program, err)
		}
	}
	t.Parallel()
	h := &house{t: t}
	h.origin.Store(o)
	h.addr = "127.0.0.1:0"
	h.open()
	t.Cleanup(h.shut)
	return h
}

func (h *house) open() {
	h.t.Helper()
	l, err := net.Listen("tcp", h.addr)
	if err != nil {
		h.t.Fatal(err)
	}
	h.addr = l.Addr().String()
	h.server = &http.Server{Handler: h}
	go h.server.Serve(l)
}

func (h *house) shut() { h.server.Close() }

func (h *house) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o := h.origin.Load()
	path, viewer := strings.CutPrefix(r.URL.Path, "/view")
	if !viewer {
		o.ServeHTTP(w, r)
		return
	}
	p, ok := hls.ParsePath([]byte(path))
	if !ok {
		http.Error(w, "no path", http.StatusNotFound)
		return
	}
	reload := hls.NoReload
	if n, err := strconv.ParseInt(r.URL.Query().Get("_HLS_msn"), 10, 64); err == nil {
		reload.MSN = n
	}
	if n, err := strconv.ParseInt(r.URL.Query().Get("_HLS_part"), 10, 64); err == nil {
		reload.Part = n
	}
	f, err := o.Fetch(r.Context(), p, reload)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer f.Body.Close()
	if f.ContentType != "" {
		w.Header().Set("Content-Type", f.ContentType)
	}
	w.WriteHeader(f.Status)
	if _, err := io.Copy(w, f.Body); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// ffmpeg starts a packager; wait ends with it.
func (h *house) ffmpeg(seconds int, args ...string) (wait func() error) {
	h.t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 60*time.Second)
	h.t.Cleanup(stop)
	all := append([]string{"-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=128x72:rate=25", "-f", "lavfi", "-i", "sine",
		"-t", strconv.Itoa(seconds), "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25",
		"-c:a", "aac"}, args...)
	cmd := exec.CommandContext(ctx, "ffmpeg", all...)
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	return func() error {
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("ffmpeg: %w: %s", err, said.String())
		}
		return nil
	}
}

// ladder is a packager of two renditions in segments of a second.
func (h *house) ladder(seconds int) (wait func() error) {
	return h.ffmpeg(seconds, "-map", "0:v", "-map", "1:a", "-map", "0:v", "-map", "1:a", "-b:v:0", "300k", "-b:v:1", "100k",
		"-f", "hls", "-hls_time", "1", "-hls_list_size", "5", "-hls_segment_type", "fmp4", "-hls_flags", "delete_segments+program_date_time+independent_segments",
		"-method", "PUT", "-ignore_io_errors", "1", "-master_pl_name", "index.m3u8", "-var_stream_map", "v:0,a:0 v:1,a:1",
		"-hls_segment_filename", "http://"+h.addr+"/hls/forsen/%v/%d.m4s", "http://"+h.addr+"/hls/forsen/%v/index.m3u8")
}

// probe is the length that ffprobe finds by reading every frame of the first video track.
func (h *house) probe(path string) (frames int, width int) {
	h.t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	out, err := exec.CommandContext(ctx, "ffprobe", "-v", "error", "-select_streams", "v:0", "-count_frames", "-show_entries",
		"stream=nb_read_frames,width", "-of", "json", "http://"+h.addr+"/view/hls/"+path).Output()
	if err != nil {
		h.t.Fatalf("ffprobe %s: %v", path, err)
	}
	var found struct {
		Streams []struct {
			Width  int    `json:"width"`
			Frames string `json:"nb_read_frames"`
		} `json:"streams"`
	}
	if err := json.Unmarshal(out, &found); err != nil || len(found.Streams) == 0 {
		h.t.Fatalf("ffprobe %s said %s, %v", path, out, err)
	}
	frames, _ = strconv.Atoi(found.Streams[0].Frames)
	return frames, found.Streams[0].Width
}

// until waits for something to become true.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 1500 {
		if is() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("waited 15 s for %s", what)
}

func TestALadderOfFFmpegIsLiveAndIsKept(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Dir = t.TempDir() })
	h := newHouse(t, r.Origin)
	wait := h.ladder(4)
	until(t, "both renditions to be live", func() bool {
		l := r.List()
		return len(l) == 1 && len(l[0].Renditions) == 2 && l[0].Renditions[0].Resolution == "128x72"
	})
	live := r.List()[0]
	if err := wait(); err != nil {
		t.Fatal(err)
	}
	until(t, "the end", func() bool { return len(r.List()) == 0 })
	for i, name := range []string{"0", "1"} {
		if got := live.Renditions[i]; got.Name != name || !strings.HasPrefix(got.Codecs, "avc1.") || got.Bandwidth == 0 {
			t.Errorf("rendition %s was listed as %+v", name, got)
		}
		if frames, width := h.probe("forsen/" + live.Broadcast + "/" + name + "/index.m3u8"); frames != 100 || width != 128 {
			t.Errorf("rendition %s: %d frames of width %d, want 100 of 128", name, frames, width)
		}
	}
	if frames, _ := h.probe("forsen/" + live.Broadcast + "/index.m3u8"); frames != 100 {
		t.Errorf("the broadcast has %d frames, want 100", frames)
	}
	if n := r.meters.gaps.Get(); n != 0 {
		t.Errorf("%d gaps", n)
	}
}

func TestAnOriginThatRestartsGoesOnWithTheBroadcast(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, func(c *Config) { c.Dir = dir })
	h := newHouse(t, r.Origin)
	wait := h.ladder(8)
	until(t, "three segments", func() bool {
		l := r.List()
		return len(l) == 1 && len(l[0].Renditions) == 2 && l[0].Renditions[1].LastMSN >= 2
	})
	live := r.List()[0]
	h.shut()
	_, before, _ := r.get("forsen/" + live.Broadcast + "/0/index.m3u8")
	next := newRig(t, func(c *Config) { c.Dir = dir })
	next.want("forsen/"+live.Broadcast+"/0/index.m3u8", before) // served from disk, before anything comes
	h.origin.Store(next.Origin)
	h.open()
	if err := wait(); err != nil {
		t.Log(err) // it lost a connection
	}
	until(t, "the end", func() bool { return len(next.List()) == 0 })
	next.sweep(time.Now())
	next.sweep(time.Now().Add(time.Minute)) // nothing is in memory any more
	_, text, _ := next.get("forsen/" + live.Broadcast + "/0/index.m3u8")
	if !strings.Contains(text, "#EXT-X-PLAYLIST-TYPE:VOD\n") || !strings.HasSuffix(text, "#EXT-X-ENDLIST\n") {
		t.Errorf("no playlist of the whole: %q", text)
	}
	if n := strings.Count(text, "#EXTINF"); n != 8 {
		t.Errorf("%d segments of the 8: %q", n, text)
	}
	missing := strings.Count(text, "#EXT-X-GAP")
	if missing > 1 {
		t.Errorf("%d gaps: %q", missing, text)
	}
	frames, _ := h.probe("forsen/" + live.Broadcast + "/0/index.m3u8")
	if frames < 25*(8-missing) {
		t.Errorf("%d frames, with %d gaps", frames, missing)
	}
}
