package origin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"uproar/core/hls"
)

// rig is an origin under test.
type rig struct {
	t *testing.T
	*Origin
	logged *bytes.Buffer
}

func newRig(t *testing.T, change func(*Config)) *rig {
	t.Helper()
	logged := &bytes.Buffer{}
	cfg := Config{Log: slog.New(slog.NewTextHandler(logged, nil))}
	if change != nil {
		change(&cfg)
	}
	o, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the origin said:\n%s", logged)
		}
	})
	return &rig{t, o, logged}
}

// send is one request of a packager; it fails the test unless the status is want.
func (r *rig) send(method, path string, body io.Reader, want int) string {
	r.t.Helper()
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(method, path, body))
	if w.Code != want {
		r.t.Fatalf("%s %s: status %d, want %d: %s", method, path, w.Code, want, w.Body)
	}
	return w.Body.String()
}

func (r *rig) put(path, body string, want int) string {
	r.t.Helper()
	return r.send(http.MethodPut, "/hls/"+path, strings.NewReader(body), want)
}

// get is what a node reads; an answer that is cut short is an error.
func (r *rig) get(path string) (int, string, error) {
	r.t.Helper()
	return r.getReload(path, hls.NoReload)
}

func (r *rig) getReload(path string, reload hls.Reload) (int, string, error) {
	r.t.Helper()
	p, ok := hls.ParsePath([]byte("/hls/" + path))
	if !ok {
		r.t.Fatalf("%q is no path", path)
	}
	f, err := r.Fetch(context.Background(), p, reload)
	if err != nil {
		return 0, "", err
	}
	defer f.Body.Close()
	b, err := io.ReadAll(f.Body)
	if err == nil && f.Length >= 0 && f.Length != int64(len(b)) {
		err = fmt.Errorf("%d bytes of %d", len(b), f.Length)
	}
	return f.Status, string(b), err
}

func (r *rig) want(path, body string) {
	r.t.Helper()
	if status, got, err := r.get(path); status != 200 || got != body || err != nil {
		r.t.Fatalf("%s: %d %q %v, want %q", path, status, got, err, body)
	}
}

func (r *rig) wantStatus(path string, want int) {
	r.t.Helper()
	if status, got, err := r.get(path); status != want || err != nil {
		r.t.Fatalf("%s: %d %q %v, want %d", path, status, got, err, want)
	}
}

// run is the id of the live broadcast.
func (r *rig) run(channel string) string {
	r.t.Helper()
	for _, l := range r.List() {
		if l.Channel == channel {
			return l.Broadcast
		}
	}
	r.t.Fatalf("%s is not live", channel)
	return ""
}

// playlist is one of segments of 2 s.
func playlist(first, last int, end bool) string {
	s := fmt.Sprintf("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-MAP:URI=\"init.mp4\"\n", first)
	for i := first; i <= last; i++ {
		s += fmt.Sprintf("#EXTINF:2.000000,\n%d.m4s\n", i)
	}
	if end {
		s += "#EXT-X-ENDLIST\n"
	}
	return s
}

// push sends segments and the playlist after each, as a packager does. Bytes are the
// mark and the number.
func (r *rig) push(channel, mark string, from, to int) {
	r.t.Helper()
	for i := from; i <= to; i++ {
		if i == 0 {
			r.put(channel+"/v/init.mp4", "init", 200)
		}
		r.put(fmt.Sprintf("%s/v/%d.m4s", channel, i), segment(mark, i), 200)
		r.put(channel+"/v/index.m3u8", playlist(max(0, i-4), i, false), 200)
	}
}

func segment(mark string, i int) string { return fmt.Sprintf("%s %d", mark, i) }

func TestWhatAPackagerSendsIsServedBelowAnIdOfItsRun(t *testing.T) {
	for name, dir := range map[string]string{"in memory": "", "on disk": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(c *Config) { c.Dir = dir })
			r.push("forsen", "a", 0, 6)
			r.put("forsen/index.m3u8", "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-STREAM-INF:BANDWIDTH=1000\nv/index.m3u8\n", 200)
			id := r.run("forsen")
			r.want("forsen/"+id+"/v/init.mp4", "init")
			r.want("forsen/"+id+"/v/6.m4s", "a 6")
			r.want("forsen/index.m3u8", "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-STREAM-INF:BANDWIDTH=1000\n"+id+"/v/index.m3u8\n")
			r.want("forsen/"+id+"/index.m3u8", "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-STREAM-INF:BANDWIDTH=1000\nv/index.m3u8\n")
			_, text, _ := r.get("forsen/" + id + "/v/index.m3u8")
			if !strings.Contains(text, "#EXT-X-MEDIA-SEQUENCE:2\n") || !strings.HasSuffix(text, "6.m4s\n") {
				t.Errorf("the playlist is %q", text)
			}
			for _, path := range []string{"/v/7.m4s", "/w/6.m4s", "/w/index.m3u8", "/v/.live", "/v/.journal"} {
				if p, ok := hls.ParsePath([]byte("/hls/forsen/" + id + path)); ok {
					if f, err := r.Fetch(t.Context(), p, hls.NoReload); err != nil || f.Status != 404 {
						t.Errorf("%s: %v %v", path, f.Status, err)
					}
				}
			}
			r.wantStatus("nobody/index.m3u8", 404)
			r.wantStatus("nobody/b/v/index.m3u8", 404)
		})
	}
}

func TestASegmentStaysAfterItLeftThePlaylistWhateverIsDeleted(t *testing.T) {
	clocked(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.push("forsen", "a", 0, 5) // 0 has left the window of five
		id := r.run("forsen")
		r.send(http.MethodDelete, "/hls/forsen/v/0.m4s", nil, 204)
		r.send(http.MethodDelete, "/hls/forsen/v/5.m4s", nil, 204)
		r.want("forsen/"+id+"/v/5.m4s", "a 5")
		// Section 6.2.2: its duration and the longest playlist's, 2 s + 10 s.
		time.Sleep(12 * time.Second)
		r.sweep(time.Now())
		r.want("forsen/"+id+"/v/0.m4s", "a 0")
		time.Sleep(time.Second)
		r.sweep(time.Now())
		r.wantStatus("forsen/"+id+"/v/0.m4s", 404)
		r.want("forsen/"+id+"/v/init.mp4", "init")
	})
}

func TestARunThatStartsOverGetsAnotherId(t *testing.T) {
	for name, dir := range map[string]string{"in memory": "", "on disk": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			clocked(t, func(t *testing.T) {
				r := newRig(t, func(c *Config) { c.Dir = dir })
				r.push("forsen", "a", 0, 3)
				first := r.run("forsen")
				time.Sleep(3 * time.Second)
				r.push("forsen", "b", 0, 1)
				second := r.run("forsen")
				if second <= first {
					t.Fatalf("the run after %s is %s", first, second)
				}
				r.want("forsen/"+first+"/v/0.m4s", "a 0")
				r.want("forsen/"+second+"/v/0.m4s", "b 0")
				r.want("forsen/"+second+"/v/init.mp4", "init")
				if _, text, _ := r.get("forsen/" + first + "/v/index.m3u8"); !strings.HasSuffix(text, "#EXT-X-ENDLIST\n") {
					t.Errorf("the run before did not end: %q", text)
				}
			})
		})
	}
}

func TestTheSameBytesAgainAreNoNewRun(t *testing.T) {
	r := newRig(t, nil)
	r.push("forsen", "a", 0, 3)
	id := r.run("forsen")
	r.put("forsen/v/init.mp4", "init", 200)
	r.put("forsen/v/3.m4s", "a 3", 200)
	r.push("forsen", "a", 4, 5)
	if got := r.run("forsen"); got != id {
		t.Errorf("run %s became %s", id, got)
	}
}

func TestTwoPackagersOnOneChannelAreToldSo(t *testing.T) {
	clocked(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.push("forsen", "a", 0, 0)
		if text := r.put("forsen/v/0.m4s", "b 0", 409); !strings.Contains(text, "two packagers") {
			t.Errorf("the reason is %q", text)
		}
		r.want("forsen/"+r.run("forsen")+"/v/0.m4s", "a 0")
	})
}

func TestSilenceEndsARunAndWhatComesNextIsAnother(t *testing.T) {
	clocked(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.SilenceMax = 15 * time.Second })
		r.push("forsen", "a", 0, 3)
		first := r.run("forsen")
		time.Sleep(15 * time.Second)
		r.sweep(time.Now())
		r.run("forsen")
		time.Sleep(time.Second)
		r.sweep(time.Now())
		if l := r.List(); len(l) != 0 {
			t.Fatalf("still live: %v", l)
		}
		r.wantStatus("forsen/index.m3u8", 404)
		if _, text, _ := r.get("forsen/" + first + "/v/index.m3u8"); !strings.HasSuffix(text, "#EXT-X-ENDLIST\n") {
			t.Errorf("no end: %q", text)
		}
		// The same packager goes on: its old segments are not of this run, and the
		// initialisation section that it does not send again is.
		r.push("forsen", "a", 4, 5)
		second := r.run("forsen")
		_, text, _ := r.get("forsen/" + second + "/v/index.m3u8")
		if second == first || strings.Contains(text, "3.m4s") || strings.Contains(text, "GAP") || !strings.Contains(text, "SEQUENCE:4\n") {
			t.Errorf("run %s after %s: %q", second, first, text)
		}
		r.want("forsen/"+second+"/v/init.mp4", "init")
	})
}

func TestASegmentThatNeverArrivedIsAGap(t *testing.T) {
	clocked(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.push("forsen", "a", 0, 2)
		id := r.run("forsen")
		r.put("forsen/v/4.m4s", "a 4", 200)
		r.put("forsen/v/index.m3u8", playlist(0, 4, false), 200)
		r.put("forsen/v/3.m4s", "a 3", 200) // too late: players were told
		r.put("forsen/v/5.m4s", "a 5", 200)
		r.put("forsen/v/index.m3u8", playlist(1, 5, false), 200)
		_, text, _ := r.get("forsen/" + id + "/v/index.m3u8")
		if strings.Count(text, "#EXT-X-GAP\n") != 1 || !strings.Contains(text, "#EXT-X-GAP\n#EXTINF:2,\n3.m4s\n") {
			t.Errorf("the playlist is %q", text)
		}
	})
}

// cut is a body that breaks off.
type cut struct{ io.Reader }

func (c cut) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func TestAPutThatIsCutOffIsNeverWhole(t *testing.T) {
	r := newRig(t, nil)
	r.push("forsen", "a", 0, 1)
	id := r.run("forsen")
	half, more := io.Pipe()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequest("PUT", "/hls/forsen/v/2.m4s", cut{half}))
		if w.Code != 400 {
			t.Errorf("status %d", w.Code)
		}
	}()
	more.Write([]byte("first half"))
	p, _ := hls.ParsePath([]byte("/hls/forsen/" + id + "/v/2.m4s"))
	f, err := r.Fetch(t.Context(), p, hls.NoReload)
	if err != nil || f.Status != 200 || f.Length != -1 {
		t.Fatalf("while it comes: %+v, %v", f, err)
	}
	var first [10]byte
	if _, err := io.ReadFull(f.Body, first[:]); err != nil || string(first[:]) != "first half" {
		t.Fatalf("read %q, %v", first, err)
	}
	more.Close()
	<-answered
	if n, err := f.Body.Read(first[:]); n != 0 || err == nil || errors.Is(err, io.EOF) {
		t.Errorf("the reader of a broken segment got %d bytes, %v", n, err)
	}
	r.wantStatus("forsen/"+id+"/v/2.m4s", 404)
	r.put("forsen/v/2.m4s", "both halves", 200)
	r.want("forsen/"+id+"/v/2.m4s", "both halves")
}

func TestAPlaylistThatOvertakesItsSegmentWaitsForIt(t *testing.T) {
	clocked(t, func(t *testing.T) {
		r := newRig(t, nil)
		answered := make(chan int)
		for i := range 2 {
			go func() {
				w := httptest.NewRecorder()
				r.ServeHTTP(w, httptest.NewRequest("PUT", "/hls/forsen/v/index.m3u8", strings.NewReader(playlist(0, i, false))))
				answered <- w.Code
			}()
			time.Sleep(500 * time.Millisecond)
			r.put("forsen/v/init.mp4", "init", 200)
			r.put(fmt.Sprintf("forsen/v/%d.m4s", i), segment("a", i), 200)
			if code := <-answered; code != 200 {
				t.Fatalf("playlist %d: status %d", i, code)
			}
		}
		_, text, _ := r.get("forsen/" + r.run("forsen") + "/v/index.m3u8")
		if !strings.HasSuffix(text, "0.m4s\n#EXTINF:2,\n1.m4s\n") || strings.Contains(text, "GAP") {
			t.Errorf("the playlist is %q", text)
		}
	})
}

func TestTheFirstPlaylistOfANewRunMayOvertakeItsSegment(t *testing.T) {
	clocked(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.push("forsen", "a", 0, 3)
		first := r.run("forsen")
		time.Sleep(3 * time.Second)
		answered := make(chan int)
		go func() {
			w := httptest.NewRecorder()
			r.ServeHTTP(w, httptest.NewRequest("PUT", "/hls/forsen/v/index.m3u8", strings.NewReader(playlist(0, 0, false))))
			answered <- w.Code
		}()
		time.Sleep(100 * time.Millisecond)
		r.put("forsen/v/init.mp4", "init", 200)
		r.put("forsen/v/0.m4s", "b 0", 200)
		if code := <-answered; code != 200 {
			t.Fatalf("status %d", code)
		}
		second := r.run("forsen")
		if second == first {
			t.Fatal("no new run")
		}
		r.want("forsen/"+second+"/v/0.m4s", "b 0")
		r.want("forsen/"+second+"/v/init.mp4", "init")
		r.want("forsen/"+first+"/v/0.m4s", "a 0")
	})
}
