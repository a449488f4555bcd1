package scenario

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"uproar/bench/load"
	"uproar/bench/origin"
)

// packager pushes a stream to an origin's port for it.
type packager struct {
	config HLSLiveConfig
	addr   string
	start  time.Time
	head   int64 // the newest segment

	mu struct {
		sync.Mutex
		sums map[string]uint32 // of what has been pushed, by rendition/name
	}
}

func newPackager(c HLSLiveConfig, addr string) *packager {
	p := &packager{config: c, addr: addr, head: -1}
	p.mu.sums = map[string]uint32{}
	return p
}

// begin pushes what a player needs to start.
func (p *packager) begin(ctx context.Context) error {
	p.start = time.Now()
	for range liveBehind + 1 {
		if err := p.push(ctx); err != nil {
			return err
		}
	}
	var b strings.Builder
	b.WriteString("#EXTM3U\n#EXT-X-VERSION:7\n")
	for i, size := range p.config.Segments {
		fmt.Fprintf(&b, "#EXT-X-STREAM-INF:BANDWIDTH=%d,CODECS=\"avc1.4d401f,mp4a.40.2\"\n%s/index.m3u8\n", int(float64(size)*8/p.config.Target.Seconds()), renditionName(i))
	}
	return p.put(ctx, "index.m3u8", []byte(b.String()))
}

// run pushes a segment of each rendition every target duration, until ctx ends.
func (p *packager) run(ctx context.Context) error {
	for n := 1; ; n++ {
		if pause(ctx, time.Until(p.start.Add(time.Duration(n)*p.config.Target))) != nil {
			return nil
		}
		if err := p.push(ctx); ctx.Err() != nil {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// push sends the next segment of each rendition and then its playlist.
func (p *packager) push(ctx context.Context) error {
	p.head++
	for i, size := range p.config.Segments {
		name := renditionName(i)
		body := origin.Body(name, p.head, int(size))
		p.mu.Lock()
		p.mu.sums[name+"/"+origin.SegmentName(p.head)] = load.Sum(body)
		p.mu.Unlock()
		if err := p.put(ctx, name+"/"+origin.SegmentName(p.head), body); err != nil {
			return err
		}
		if err := p.put(ctx, name+"/index.m3u8", []byte(p.playlist())); err != nil {
			return err
		}
	}
	return nil
}

func (p *packager) playlist() string {
	seconds, first := int(p.config.Target.Seconds()), max(0, p.head-liveWindow+1)
	var b strings.Builder
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:%d\n", seconds, first)
	for msn := first; msn <= p.head; msn++ {
		fmt.Fprintf(&b, "#EXTINF:%d.000,\n%s\n", seconds, origin.SegmentName(msn))
	}
	return b.String()
}

// put sends one file.
func (p *packager) put(ctx context.Context, name string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	url := "http://" + p.addr + "/hls/" + origin.Channel + "/" + name
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("cannot push %q: %w", name, err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("cannot push %q: %w", name, err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(io.LimitReader(answer.Body, 1000))
	if err != nil || answer.StatusCode/100 != 2 {
		return fmt.Errorf("cannot push %q: %s %s %w", name, answer.Status, said, err)
	}
	return nil
}

// expect says what a segment of a player must be.
func (p *packager) expect(path string) (length int64, sum uint32, ok bool) {
	parts := strings.Split(path, "/")
	p.mu.Lock()
	sum, ok = p.mu.sums[strings.Join(parts[len(parts)-2:], "/")]
	p.mu.Unlock()
	for i, size := range p.config.Segments {
		if renditionName(i) == parts[len(parts)-2] {
			length = int64(size)
		}
	}
	return length, sum, ok
}
