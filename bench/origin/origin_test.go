package origin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"uproar/bench/load"
)

func TestMain(m *testing.M) {
	Run()
	os.Exit(m.Run())
}

func started(t *testing.T, c Config) *Origin {
	t.Helper()
	o, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		o.Stop(5 * time.Second)
		if err := unix.Kill(o.Pid, 0); !errors.Is(err, unix.ESRCH) {
			t.Errorf("process %d is still there: %v", o.Pid, err)
		}
	})
	return o
}

func get(ctx context.Context, o *Origin, path string) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+o.Addr+path, nil)
	if err != nil {
		return 0, nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, body, err
}

var small = Config{Renditions: []Rendition{{"low", 1001}, {"high", 5000}}, Target: 6 * time.Second, Window: 3, Head: 9}

func TestWhatIsPublishedIsServedAndNothingElse(t *testing.T) {
	o := started(t, small)
	for path, want := range map[string]string{
		"/hls/bench/index.m3u8":    "b1/low/index.m3u8\n",
		"/hls/bench/b1/index.m3u8": "\nhigh/index.m3u8\n",
		MediaPath("low"):           "#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:6.000,\nsegment-00000007.m4s\n",
	} {
		if status, body, err := get(t.Context(), o, path); err != nil || status != 200 || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d, %v, %s", path, status, err, body)
		}
	}
	for rendition, size := range map[string]int{"low": 1001, "high": 5000} {
		want := Body(rendition, 9, size)
		if status, body, err := get(t.Context(), o, SegmentPath(rendition, 9)); err != nil || status != 200 || !bytes.Equal(body, want) || len(body) != size {
			t.Errorf("%s: %d, %v, %d bytes", rendition, status, err, len(body))
		}
	}
	for _, path := range []string{SegmentPath("low", 10), SegmentPath("other", 9), MediaPath("other"), "/hls/bench/b2/low/index.m3u8", "/hls/bench/b1/low/9.m4s", "/"} {
		if status, _, err := get(t.Context(), o, path); err != nil || status != 404 {
			t.Errorf("%s: %d, %v", path, status, err)
		}
	}
	if bytes.Equal(Body("low", 1, 100), Body("low", 2, 100)) || bytes.Equal(Body("low", 1, 100), Body("high", 1, 100)) {
		t.Error("two segments are alike")
	}
}

func TestPlaylistIsHeldUntilItsSegmentIsPublished(t *testing.T) {
	o := started(t, small)
	path := MediaPath("low") + "?_HLS_msn=10"
	type result struct {
		status int
		body   []byte
		err    error
	}
	got := make(chan result, 1)
	go func() {
		status, body, err := get(t.Context(), o, path)
		got <- result{status, body, err}
	}()
	for { // it has asked
		records, err := o.Records(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if records[path].Requests == 1 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	before := load.Now()
	if err := o.Publish(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	r := <-got
	if r.err != nil || r.status != 200 || !strings.HasSuffix(string(r.body), SegmentName(10)+"\n") {
		t.Errorf("%d, %v, %s", r.status, r.err, r.body)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		records, err := o.Records(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if ends := records[path].Ends; len(ends) == 1 && ends[0] >= before && ends[0] <= load.Now() {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("its end is not noted: %+v", records)
		}
	}
	if status, _, err := get(t.Context(), o, MediaPath("low")+"?_HLS_msn=13"); err != nil || status != 400 {
		t.Errorf("a segment far ahead: %d, %v", status, err)
	}
}

func TestSegmentTakesItsTime(t *testing.T) {
	c := small
	c.Pace = 200 * time.Millisecond
	o := started(t, c)
	began := time.Now()
	status, body, err := get(t.Context(), o, SegmentPath("high", 8))
	if took := time.Since(began); err != nil || status != 200 || !bytes.Equal(body, Body("high", 8, 5000)) || took < c.Pace*9/10 {
		t.Errorf("%d, %v, %d bytes after %v", status, err, len(body), took)
	}
}

func TestPlaylistOfThirteenIsOf600Bytes(t *testing.T) {
	text := Media(Config{Target: 30 * time.Second, Window: 13}, 1012)
	if n := len(text); n < 590 || n > 610 || fmt.Sprint(strings.Count(text, "#EXTINF")) != "13" {
		t.Errorf("%d bytes:\n%s", n, text)
	}
}
