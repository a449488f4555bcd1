package hls_test

import (
	"errors"
	"testing"
	"time"

	"uproar/core/hls"
	"uproar/core/hls/hlstest"
	"uproar/proto/m3u8"
)

// FuzzLive: whatever a source says, one thing after another, what viewers are given keeps the
// rules, and every refusal says which was broken.
func FuzzLive(f *testing.F) {
	text := func(second int) []byte { return m3u8.AppendMedia(nil, channel(second)) }
	delta := func(second int) []byte {
		return m3u8.AppendDelta(nil, channel(second), m3u8.Skip{Segments: 4}, nil)
	}
	f.Add(text(40), text(41), text(60))
	f.Add(text(60), delta(61), text(40))
	f.Add(text(60), text(62), append(text(62), "#EXT-X-ENDLIST\n"...))
	f.Fuzz(func(t *testing.T, a, b, c []byte) {
		var live hls.Live
		var whole hlstest.Log
		now := time.Unix(1_000_000, 0)
		for _, text := range [][]byte{a, b, a, c, b} {
			m, err := m3u8.ParseMedia(text)
			if err != nil {
				continue
			}
			before := live.Version()
			now = now.Add(time.Second)
			if err := live.Update(m, now); err != nil {
				var rule *hls.RuleError
				var fault *m3u8.Error
				if !errors.Is(err, hls.ErrOlder) && !errors.Is(err, hls.ErrDelta) && !errors.As(err, &rule) && !errors.As(err, &fault) {
					t.Fatalf("refused with %T: %v", err, err)
				}
				if live.Version() != before {
					t.Fatal("a refused playlist changed the version")
				}
				continue
			}
			v := live.Version()
			if err := whole.Add(v.Full.Bytes); err != nil {
				t.Fatalf("%v, after\n%s\n%s\n%s", err, a, b, c)
			}
			checkVersion(t, &live, v, now)
		}
	})
}

// checkVersion: a delta update stands for its playlist, what is listed is known, and the edge
// is answered at once while the next is waited for.
func checkVersion(t *testing.T, live *hls.Live, v *hls.Version, now time.Time) {
	t.Helper()
	if v.Delta.Bytes != nil {
		delta, err := m3u8.ParseMedia(v.Delta.Bytes)
		if err != nil {
			t.Fatalf("%v, of the delta update\n%s", err, v.Delta.Bytes)
		}
		if whole, ok := delta.Whole(v.Media); !ok || whole.LastMSN() != v.LastMSN() {
			t.Fatalf("a delta update is not whole:\n%s", v.Delta.Bytes)
		}
	}
	for i := range v.Media.Segments {
		if item, ok := live.Find(v.Media.Segments[i].URI, now); !ok || !item.Listed {
			t.Fatalf("%s is listed and not known", v.Media.Segments[i].URI)
		}
	}
	if d := v.Decide(hls.Reload{MSN: v.LastMSN(), Part: -1}, now, now); d.Verdict != hls.VerdictAnswer {
		t.Fatalf("the last segment: verdict %d", d.Verdict)
	}
	if next := v.Next(); next != hls.NoReload {
		if d := v.Decide(next, now, now); d.Verdict != hls.VerdictWait {
			t.Fatalf("the next version: verdict %d", d.Verdict)
		}
	}
}
