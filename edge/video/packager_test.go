package video

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// packager is ffmpeg, with the test between it and the origin, which takes whole requests
// and hands them on in order, again and again while the origin is away.
type packager struct {
	mu struct {
		sync.Mutex
		sums map[string][sha256.Size]byte // by RENDITION/NAME, of segments
	}
	queue  chan pushed
	client http.Client
	admin  string
}

type pushed struct {
	method, path string
	body         []byte
}

// renditions are what ffmpeg makes.
var renditions = []string{"low", "high"}

// push begins a broadcast, which ends with the test.
func (h *house) push() {
	h.t.Helper()
	p := &packager{queue: make(chan pushed, 1024), admin: h.origin.Admin}
	p.client.Timeout = 5 * time.Second
	p.mu.sums = map[string][sha256.Size]byte{}
	h.packer = p
	takes := httptest.NewServer(p)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { p.handOn(ctx) })
	to := takes.URL + "/hls/" + channel
	cmd := exec.CommandContext(ctx, "ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-re",
		"-f", "lavfi", "-i", "testsrc=size=320x180:rate=25", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000",
		"-map", "0:v", "-map", "1:a", "-map", "0:v", "-map", "1:a",
		"-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-threads", "1", "-b:v:0", "200k", "-b:v:1", "400k", "-c:a", "aac",
		"-f", "hls", "-method", "PUT", "-http_persistent", "1", "-hls_time", "1", "-hls_list_size", "6", "-hls_segment_type", "fmp4",
		"-var_stream_map", "v:0,a:0,name:low v:1,a:1,name:high", "-master_pl_name", "index.m3u8",
		"-hls_segment_filename", to+"/%v/%d.m4s", to+"/%v/index.m3u8")
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		h.t.Fatalf("cannot start ffmpeg: %v", err)
	}
	h.t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
		running.Wait()
		takes.Close()
		if h.t.Failed() {
			h.t.Logf("ffmpeg:\n%s", said.String())
		}
	})
}

// ServeHTTP takes what ffmpeg pushes.
func (p *packager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // ffmpeg has ended
	}
	name := strings.TrimPrefix(r.URL.Path, "/hls/"+channel+"/")
	if !strings.HasSuffix(name, ".m3u8") {
		p.mu.Lock()
		p.mu.sums[name] = sha256.Sum256(body)
		p.mu.Unlock()
	}
	p.queue <- pushed{r.Method, r.URL.Path, body}
}

// handOn gives the origin what has been taken.
func (p *packager) handOn(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case one := <-p.queue:
			for !p.handed(ctx, one) && ctx.Err() == nil {
				time.Sleep(50 * time.Millisecond)
			}
		case <-ctx.Done():
		}
	}
}

// handed reports whether the origin has answered, whatever it says.
func (p *packager) handed(ctx context.Context, one pushed) bool {
	req, err := http.NewRequestWithContext(ctx, one.method, "http://"+p.admin+one.path, bytes.NewReader(one.body))
	if err != nil {
		return false
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode < 500
}

// sum is what a file was.
func (p *packager) sum(name string) (sum [sha256.Size]byte, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	sum, ok = p.mu.sums[name]
	return sum, ok
}

func needs(t *testing.T, programs ...string) {
	t.Helper()
	if testing.Short() {
		t.Skip("drives other programs for half a minute")
	}
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			t.Fatalf("%v: install it, or test with -short", err)
		}
	}
}
