package origin

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"

	"uproar/core/hls"
	"uproar/proto/m3u8"
)

// streaming is a packager that sends fragments of 200 ms, a key frame each second.
func (h *house) streaming(seconds int, rendition string) (wait func() error) {
	return h.ffmpeg(seconds, "-f", "mp4", "-movflags", "+frag_keyframe+empty_moov+default_base_moof", "-frag_duration", "200000",
		"-flush_packets", "1", "-method", "PUT", "http://"+h.addr+"/hls/forsen/"+rendition+"/stream.mp4")
}

func TestPartsAreCutFromAStreamAsItsBytesCome(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Dir, c.PartTarget, c.SegmentTarget = t.TempDir(), 400*time.Millisecond, 2*time.Second
	})
	h := newHouse(t, r.Origin)
	wait := h.streaming(7, "720p")
	until(t, "a broadcast", func() bool { return len(r.List()) == 1 && len(r.List()[0].Renditions) == 1 })
	id := r.run("forsen")
	path := "forsen/" + id + "/720p/"
	parts, bySegment := 0, map[int64][]string{}
	for reload := (hls.Reload{MSN: 0, Part: 0}); ; { // a player of low latency
		status, text, err := r.getReload(path+"index.m3u8", reload)
		if status != 200 || err != nil {
			t.Fatalf("%+v: %d, %v", reload, status, err)
		}
		m, err := m3u8.ParseMedia([]byte(text))
		if err != nil {
			t.Fatalf("%v in %q", err, text)
		}
		if m.EndList {
			break
		}
		if m.LastMSN() < reload.MSN && (m.LastMSN() != reload.MSN-1 || int64(len(m.Open.Parts)) <= reload.Part) {
			t.Fatalf("%+v was answered by %q", reload, text)
		}
		if len(m.Hints) != 1 || !m.Control.CanBlockReload || m.Control.PartHoldBack != 1200*time.Millisecond || m.Open.DateTime == "" && len(m.Open.Parts) > 0 {
			t.Fatalf("the playlist is %q", text)
		}
		// The part that is announced is held until it is whole, and is the next.
		if status, body, err := r.get(path + m.Hints[0].URI); status == 200 && err == nil {
			parts++
			if body[4:8] != "moof" {
				t.Fatalf("%s begins with %q", m.Hints[0].URI, body[:8])
			}
		}
		for i, s := range m.Segments {
			if len(s.Parts) > 0 {
				bySegment[m.MediaSequence+int64(i)] = names(s.Parts)
			}
		}
		reload.MSN, reload.Part = m.LastMSN()+1, int64(len(m.Open.Parts))
	}
	if err := wait(); err != nil {
		t.Fatal(err)
	}
	if parts < 10 || len(bySegment) < 2 {
		t.Errorf("%d parts were announced and came, of segments %v", parts, bySegment)
	}
	for msn, list := range bySegment {
		_, whole, _ := r.get(fmt.Sprintf("%s%d.m4s", path, msn))
		sum := ""
		for _, name := range list {
			_, body, err := r.get(path + name)
			if err != nil {
				t.Fatal(err)
			}
			sum += body
		}
		if whole != sum || whole == "" {
			t.Errorf("segment %d has %d bytes, its parts %d", msn, len(whole), len(sum))
		}
	}
	if frames, _ := h.probe("forsen/" + id + "/720p/index.m3u8"); frames != 175 {
		t.Errorf("ffprobe read %d frames of 175", frames)
	}
}

func names(parts []m3u8.Part) []string {
	var list []string
	for _, p := range parts {
		list = append(list, p.URI)
	}
	return list
}

func TestAStreamThatCannotBeCutIsRefusedWithAReason(t *testing.T) {
	moov := boxOf("ftyp", []byte("isom"))
	huge := binary.BigEndian.AppendUint32(nil, 1<<31)
	for name, c := range map[string]struct{ body, reason string }{
		"no boxes":         {"GET / HTTP/1.1\r\n\r\n", "no initialisation section"},
		"nothing":          {"", "no initialisation section"},
		"fragments first":  {string(moov) + string(boxOf("moof", nil)), "before the initialisation"},
		"a moov of 2 GiB":  {string(moov) + string(huge) + "moov", "of 2147483648 bytes"},
		"a moov cut off":   {string(moov) + string(boxOf("moov", make([]byte, 100))[:50]), "no initialisation section"},
		"a moov of no use": {string(moov) + string(boxOf("moov", nil)), "no track"},
	} {
		r := newRig(t, nil)
		if text := r.put("forsen/v/stream.mp4", c.body, 400); !strings.Contains(text, c.reason) {
			t.Errorf("%s: %q, want %q", name, text, c.reason)
		}
		if len(r.List()) != 0 || r.meters.byReason["stream"].Get()+r.meters.byReason["cut"].Get() != 1 {
			t.Errorf("%s: it was taken, or not counted", name)
		}
	}
}

func boxOf(kind string, payload []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(8+len(payload)))
	return slices.Concat(b, []byte(kind), payload)
}

func TestAFragmentThatClaimsManySamplesCostsNoMemory(t *testing.T) {
	trun := boxOf("trun", binary.BigEndian.AppendUint32([]byte{0, 0, 0, 0}, 1<<31))
	tfhd := boxOf("tfhd", []byte{0, 0, 0, 0, 0, 0, 0, 1})
	moof := boxOf("moof", boxOf("traf", slices.Concat(tfhd, trun)))
	var err error
	allocated := testing.AllocsPerRun(1, func() { _, _, err = readMoof(moof, 1, &mediaTrack{scale: 90000}) })
	if err == nil || !strings.Contains(err.Error(), "samples") {
		t.Errorf("%v", err)
	}
	if allocated > 1000 {
		t.Errorf("%v allocations", allocated)
	}
}

func FuzzFragments(f *testing.F) {
	f.Add(boxOf("moof", boxOf("traf", boxOf("tfhd", []byte{0, 0, 0, 0, 0, 0, 0, 1}))))
	f.Add(boxOf("moov", boxOf("trak", boxOf("tkhd", make([]byte, 84)))))
	f.Fuzz(func(t *testing.T, b []byte) {
		if tracks, lead, err := readMoov(b); err == nil && tracks[lead].scale == 0 {
			t.Error("a track without a time scale")
		}
		readMoof(b, 1, &mediaTrack{scale: 1})
		in := bytes.NewReader(b)
		for {
			x, err := readBox(in, 1<<20)
			if err != nil {
				break
			}
			if len(x.bytes) < 8 || len(x.bytes) > len(b) {
				t.Errorf("a box of %d bytes from %d", len(x.bytes), len(b))
			}
		}
	})
}

// film makes streams of one video track, in fragments of 5 frames at 25 a second.
type film struct {
	t  *testing.T
	at int // frames so far
}

func (f *film) init() []byte {
	f.t.Helper()
	var out seekablebuffer.Buffer
	sps := []byte{0x67, 0x42, 0xc0, 0x0a, 0xd9, 0x02, 0x04, 0x8b, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xf1, 0x22, 0x64}
	init := fmp4.Init{Tracks: []*fmp4.InitTrack{{ID: 1, TimeScale: 25, Codec: &codecs.H264{SPS: sps, PPS: []byte{0x68, 0xce, 0x38, 0x80}}}}}
	if err := init.Marshal(&out); err != nil {
		f.t.Fatal(err)
	}
	return out.Bytes()
}

// fragment is the next frames, the first of them a key frame or not.
func (f *film) fragment(frames int, key bool) []byte {
	f.t.Helper()
	track := &fmp4.PartTrack{ID: 1, BaseTime: uint64(f.at)}
	for i := range frames {
		track.Samples = append(track.Samples, &fmp4.Sample{Duration: 1, IsNonSyncSample: !key || i > 0, Payload: fmt.Appendf(nil, "frame %d", f.at+i)})
	}
	var out seekablebuffer.Buffer
	part := fmp4.Part{SequenceNumber: uint32(f.at), Tracks: []*fmp4.PartTrack{track}}
	if err := part.Marshal(&out); err != nil {
		f.t.Fatal(err)
	}
	f.at += frames
	return out.Bytes()
}

// seconds is so much film in fragments of 200 ms, a key frame every so many seconds.
func (f *film) seconds(n, key int) []byte {
	f.t.Helper()
	var b []byte
	for i := range n * 5 {
		b = append(b, f.fragment(5, i%(5*key) == 0)...)
	}
	return b
}

func TestSegmentsOfAStreamBeginWithKeyFrames(t *testing.T) {
	for key, want := range map[int]string{1: "2 2 2 2 2", 2: "2 2 2 2 2"} {
		r := newRig(t, func(c *Config) { c.PartTarget, c.SegmentTarget = time.Second, 2*time.Second })
		f := &film{t: t}
		r.put("forsen/v/stream.mp4", string(f.init())+string(f.seconds(10, key)), 200)
		_, m := r.ended("forsen")
		var lengths []string
		for _, s := range m.Segments {
			lengths = append(lengths, strconv.FormatFloat(s.Duration.Seconds(), 'f', -1, 64))
			for i, p := range s.Parts {
				if p.Independent != (i == 0 || key == 1) || p.Duration != time.Second {
					t.Errorf("a key frame every %d s: part %s is %+v", key, p.URI, p)
				}
			}
		}
		if got := strings.Join(lengths, " "); got != want || m.TargetDuration != 2*time.Second {
			t.Errorf("a key frame every %d s: segments of %s, want %s", key, got, want)
		}
	}
}

// ended is the only run in memory, and its playlist.
func (r *rig) ended(channel string) (id string, m *m3u8.Media) {
	r.t.Helper()
	c := r.find(channel)
	if c == nil || len(c.mu.runs) != 1 {
		r.t.Fatalf("not one run of %s", channel)
	}
	_, text, _ := r.get(channel + "/" + c.mu.runs[0].id + "/v/index.m3u8")
	m, err := m3u8.ParseMedia([]byte(text))
	if err != nil || !m.EndList {
		r.t.Fatalf("%v, and the end is %q", err, text)
	}
	return c.mu.runs[0].id, m
}

func TestAStreamBreaksTheRulesAndIsToldWhich(t *testing.T) {
	for name, c := range map[string]struct {
		body   func(f *film) []byte
		reason string
	}{
		"no key frame for long": {func(f *film) []byte { return f.seconds(10, 10) }, "no key frame within 2s"},
		"a fragment too long":   {func(f *film) []byte { return f.fragment(50, true) }, "a fragment of 2s is longer than a part may be, 1s"},
		"no media":              {func(f *film) []byte { return nil }, "without media"},
		"media alone":           {func(f *film) []byte { return boxOf("mdat", []byte("x")) }, "media without a fragment"},
		"a box too large":       {func(f *film) []byte { return binary.BigEndian.AppendUint32(nil, 1<<30) }, "broke off"},
	} {
		r := newRig(t, func(c *Config) { c.PartTarget, c.SegmentTarget = time.Second, 2*time.Second })
		f := &film{t: t}
		if text := r.put("forsen/v/stream.mp4", string(f.init())+string(c.body(f)), 400); !strings.Contains(text, c.reason) {
			t.Errorf("%s: %q, want %q", name, text, c.reason)
		}
	}
}

func TestAStreamThatBreaksOffEndsBySilenceAndItsPackagerBeginsAnotherRun(t *testing.T) {
	clocked(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.PartTarget, c.SegmentTarget = time.Second, 2*time.Second })
		f := &film{t: t}
		w := httptest.NewRecorder()
		body := string(f.init()) + string(f.seconds(5, 1))
		r.ServeHTTP(w, httptest.NewRequest("PUT", "/hls/forsen/v/stream.mp4", cut{strings.NewReader(body[:len(body)-3])}))
		if w.Code != 400 || r.meters.byReason["cut"].Get() != 1 {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
		first := r.run("forsen")
		time.Sleep(3 * time.Second)
		again := &film{t: t}
		r.put("forsen/v/stream.mp4", string(again.init())+string(again.seconds(4, 1)), 200)
		// The first run ended with what was whole: two segments. What had begun never shows.
		_, text, _ := r.get("forsen/" + first + "/v/index.m3u8")
		if m, err := m3u8.ParseMedia([]byte(text)); err != nil || !m.EndList || len(m.Segments) != 2 || len(m.Open.Parts) != 0 {
			t.Errorf("%v, the first run ended with %q", err, text)
		}
		if _, _, err := r.get("forsen/" + first + "/v/2.m4s"); err == nil {
			if status, _, _ := r.get("forsen/" + first + "/v/2.m4s"); status != 404 {
				t.Error("a segment that broke off was given out as whole")
			}
		}
		r.sweep(time.Now().Add(time.Minute))
		if n := len(r.all()); n != 0 {
			t.Errorf("%d channels are left", n)
		}
	})
}
