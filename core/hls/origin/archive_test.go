package origin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"uproar/core/hls"
	"uproar/proto/m3u8"
)

// broadcastOf is a whole broadcast, from its start to its end and out of memory.
func (r *rig) broadcastOf(channel, mark string, segments int) (id string) {
	r.t.Helper()
	r.push(channel, mark, 0, segments-1)
	id = r.run(channel)
	r.put(channel+"/v/index.m3u8", playlist(max(0, segments-5), segments-1, true), 200)
	time.Sleep(30 * time.Second)
	r.sweep(time.Now())
	return id
}

func TestABroadcastThatEndedIsServedAsAWhole(t *testing.T) {
	dir := t.TempDir()
	clocked(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.Dir = dir })
		id := r.broadcastOf("forsen", "a", 20)
		for _, o := range []*rig{r, newRig(t, func(c *Config) { c.Dir = dir })} {
			if n := o.held.Load(); n != 0 {
				t.Errorf("%d bytes are in memory", n)
			}
			_, text, _ := o.get("forsen/" + id + "/v/index.m3u8")
			m, err := m3u8.ParseMedia([]byte(text))
			if err != nil || m.Type != m3u8.TypeVOD || !m.EndList || len(m.Segments) != 20 || m.MediaSequence != 0 {
				t.Fatalf("%v: %q", err, text)
			}
			for i, s := range m.Segments {
				o.want("forsen/"+id+"/v/"+s.URI, segment("a", i))
			}
			o.want("forsen/"+id+"/v/"+m.Segments[0].Map.URI, "init")
			if _, text, _ := o.get("forsen/" + id + "/index.m3u8"); !strings.Contains(text, "\nv/index.m3u8\n") {
				t.Errorf("the multivariant playlist is %q", text)
			}
			o.wantStatus("forsen/index.m3u8", 404)
		}
	})
}

func TestTheOldestBroadcastLeavesTheArchiveFirst(t *testing.T) {
	dir := t.TempDir()
	clocked(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.Dir, c.ArchiveAgeMax = dir, 24*time.Hour })
		oldest := r.broadcastOf("forsen", "a", 5)
		middle := r.broadcastOf("nymn", "b", 5)
		newest := r.broadcastOf("forsen", "c", 5)
		r.cfg.ArchiveBytesMax = 0
		for _, k := range r.keptBroadcasts() {
			r.cfg.ArchiveBytesMax += k.bytes
		}
		r.cfg.ArchiveBytesMax--
		r.push("live", "d", 0, 3)
		r.trimArchive(time.Now())
		r.wantStatus("forsen/"+oldest+"/v/index.m3u8", 404)
		r.wantStatus("nymn/"+middle+"/v/index.m3u8", 200)
		r.wantStatus("forsen/"+newest+"/v/index.m3u8", 200)
		r.cfg.ArchiveBytesMax = 1 << 30
		for _, id := range []string{middle, newest} {
			// Files of a disk have times of the disk's clock, not of the test's.
			for _, channel := range []string{"nymn", "forsen"} {
				filepath.Walk(filepath.Join(dir, channel, id), func(p string, _ os.FileInfo, err error) error {
					if err == nil {
						os.Chtimes(p, time.Now(), time.Now())
					}
					return nil
				})
			}
		}
		r.sizes.ended = map[string]kept{}
		r.trimArchive(time.Now().Add(23 * time.Hour))
		r.wantStatus("nymn/"+middle+"/v/index.m3u8", 200)
		r.trimArchive(time.Now().Add(25 * time.Hour))
		r.wantStatus("nymn/"+middle+"/v/index.m3u8", 404)
		r.wantStatus("live/"+r.run("live")+"/v/index.m3u8", 200)
		if left := r.disk.folders(); len(left) != 1 || left[0] != "live" {
			t.Errorf("%v are left", left)
		}
	})
}

func TestALiveBroadcastTooLargeForTheArchiveGoesOnWithoutIt(t *testing.T) {
	dir := t.TempDir()
	clocked(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.Dir, c.ArchiveBytesMax = dir, 10 })
		r.push("forsen", "a", 0, 3)
		r.trimArchive(time.Now())
		before, _ := r.disk.size()
		r.push("forsen", "a", 4, 9)
		if after, _ := r.disk.size(); after != before {
			t.Errorf("%d bytes became %d", before, after)
		}
		r.want("forsen/"+r.run("forsen")+"/v/9.m4s", "a 9")
	})
}

func TestARestartKeepsIdsOfRunsInOrderWhateverTheClockSays(t *testing.T) {
	dir := t.TempDir()
	var first string
	clocked(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		first = newRig(t, func(c *Config) { c.Dir = dir }).broadcastOf("forsen", "a", 5)
	})
	clocked(t, func(t *testing.T) { // an hour before
		r := newRig(t, func(c *Config) { c.Dir = dir })
		r.push("forsen", "b", 0, 1)
		if second := r.run("forsen"); second <= first {
			t.Errorf("the run after %s is %s", first, second)
		}
	})
}

func TestWhatACrashLeavesHalfWrittenIsNotServed(t *testing.T) {
	dir := t.TempDir()
	clocked(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.Dir = dir })
		r.push("forsen", "a", 0, 4)
		id := r.run("forsen")
		at := filepath.Join(dir, "forsen", id, "v")
		os.WriteFile(filepath.Join(at, tempPrefix+"5.m4s"), []byte("half"), 0o644)
		journal, _ := os.ReadFile(filepath.Join(at, journalName))
		os.WriteFile(filepath.Join(at, journalName), append(journal, `{"MSN":5,"Seg`...), 0o644)
		next := newRig(t, func(c *Config) { c.Dir = dir })
		next.wantStatus("forsen/"+id+"/v/5.m4s", 404)
		next.push("forsen", "a", 5, 6)
		if got := next.run("forsen"); got != id {
			t.Fatalf("run %s became %s", id, got)
		}
		next.put("forsen/v/index.m3u8", playlist(2, 6, true), 200)
		time.Sleep(30 * time.Second)
		next.sweep(time.Now())
		_, text, _ := next.get("forsen/" + id + "/v/index.m3u8")
		if m, err := m3u8.ParseMedia([]byte(text)); err != nil || len(m.Segments) != 7 || strings.Contains(text, "DISCONTINUITY\n") {
			t.Errorf("%v: %q", err, text)
		}
	})
}

func TestADiskThatFailsDoesNotStopTheStream(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, func(c *Config) { c.Dir = dir })
	os.WriteFile(filepath.Join(dir, "forsen"), nil, 0o644) // a file where the folder belongs
	r.push("forsen", "a", 0, 3)
	r.want("forsen/"+r.run("forsen")+"/v/3.m4s", "a 3")
	if r.meters.diskErrors.Get() == 0 {
		t.Error("nothing was counted")
	}
}

func TestAnEntityTagIsTheSameWhileAFileComesAndFromDisk(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, func(c *Config) { c.Dir = dir })
	r.push("forsen", "a", 0, 2)
	p := hls.Path{Kind: hls.KindSegment, Channel: "forsen", Broadcast: r.run("forsen"), Rendition: "v", Name: "1.m4s"}
	tag := func(o *rig, p hls.Path) string {
		f, err := o.Fetch(t.Context(), p, hls.NoReload)
		if err != nil || f.Status != 200 {
			t.Fatalf("%v %v", f, err)
		}
		f.Body.Close()
		return f.ETag
	}
	memory, disk := tag(r, p), tag(newRig(t, func(c *Config) { c.Dir = dir }), p)
	other := p
	other.Name = "2.m4s"
	if len(memory) < 4 || memory[0] != '"' || memory != disk || memory == tag(r, other) {
		t.Errorf("%s in memory, %s from disk, %s is another's", memory, disk, tag(r, other))
	}
}
