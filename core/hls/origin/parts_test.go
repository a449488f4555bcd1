package origin

import (
	"strings"
	"testing"
	"time"

	"uproar/core/hls"
	"uproar/proto/m3u8"
)

// lowLatency is a playlist of a packager that makes parts: two complete segments, so many
// parts of the third, and the next part announced.
func lowLatency(open int) string {
	s := "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:2\n#EXT-X-PART-INF:PART-TARGET=1\n#EXT-X-SERVER-CONTROL:PART-HOLD-BACK=3\n#EXT-X-MAP:URI=\"init.mp4\"\n" +
		"#EXTINF:2,\n0.m4s\n#EXT-X-PART:DURATION=1,URI=\"1.0.m4s\"\n#EXT-X-PART:DURATION=1,URI=\"1.1.m4s\"\n#EXTINF:2,\n1.m4s\n"
	for i := range open {
		s += "#EXT-X-PART:DURATION=1,URI=\"2." + string(rune('0'+i)) + ".m4s\"\n"
	}
	return s + "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"2." + string(rune('0'+open)) + ".m4s\"\n"
}

func TestPartsOfAPackagerAreAnnouncedHeldAndListed(t *testing.T) {
	dir := t.TempDir()
	clocked(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.Dir = dir })
		for _, name := range []string{"init.mp4", "0.m4s", "1.0.m4s", "1.1.m4s", "1.m4s"} {
			r.put("forsen/v/"+name, name, 200)
		}
		r.put("forsen/v/index.m3u8", lowLatency(0), 200)
		path := "forsen/" + r.run("forsen") + "/v/"
		type answer struct {
			status int
			text   string
			err    error
		}
		ask := func(path string, reload hls.Reload) chan answer {
			got := make(chan answer, 1)
			go func() {
				status, text, err := r.getReload(path, reload)
				got <- answer{status, text, err}
			}()
			return got
		}
		part, list := ask(path+"2.0.m4s", hls.NoReload), ask(path+"index.m3u8", hls.Reload{MSN: 2, Part: 0})
		time.Sleep(time.Second)
		if len(part)+len(list) != 0 {
			t.Fatal("what is to come was answered")
		}
		r.put("forsen/v/2.0.m4s", "the part", 200)
		r.put("forsen/v/index.m3u8", lowLatency(1), 200)
		if got := <-part; got.status != 200 || got.text != "the part" || got.err != nil {
			t.Errorf("the part that was announced: %+v", got)
		}
		got := <-list
		if m, err := m3u8.ParseMedia([]byte(got.text)); got.status != 200 || err != nil || len(m.Open.Parts) != 1 || !m.Control.CanBlockReload || m.Control.CanSkipUntil != 12*time.Second {
			t.Errorf("%v, the playlist is %+v", err, got)
		}
		r.wantStatus(path+"2.7.m4s", 404)

		// Parts are not on disk: after a restart the complete segment stands alone, and
		// the packager goes on.
		next := newRig(t, func(c *Config) { c.Dir = dir })
		next.put("forsen/v/2.1.m4s", "x", 200)
		next.put("forsen/v/index.m3u8", lowLatency(2), 200)
		_, text, _ := next.get(path + "index.m3u8")
		if strings.Contains(text, "1.1.m4s") || !strings.Contains(text, `URI="2.0.m4s",GAP=YES`) || !strings.Contains(text, "URI=\"2.1.m4s\"\n") {
			t.Errorf("after the restart: %q", text)
		}
	})
}
