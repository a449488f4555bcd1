package report

import (
	"testing"

	"uproar/bench/scenario"
)

func TestVideoIsJudgedByNginx(t *testing.T) {
	hit := scenario.HLSHitResult{Rows: []scenario.HLSHitRow{
		{Target: "uproar", Object: "playlist", Connections: 50, Answers: 1, ToNginx: 0.6}, {Target: "nginx", Object: "playlist", Connections: 50, Answers: 1, ToNginx: 1},
		{Target: "uproar", Object: "segment 1 MB", Connections: 1000, Answers: 1, ToNginx: 1.2}}}
	herd := scenario.HLSHerdResult{Rows: []scenario.HLSHerdRow{
		{Target: "uproar", Object: "playlist", Viewers: 10_000, Answers: 1, Upstream: 1, ToNginx: 0.15}, {Target: "uproar", Object: "segment 100 KB", Viewers: 10_000, Answers: 1, Upstream: 2, ToNginx: 0.3}}}
	slow := scenario.HLSSlowResult{Rows: []scenario.HLSSlowRow{{Target: "uproar", Viewers: 1000, Segment: 4 << 20, Each: 950, Served: 1000}}}
	live := &scenario.HLSLiveResult{Players: 2000, Seconds: 120, Started: 2000, Stalls: 1, StalledOf: 1}
	got := judged(t, runs{made(t, "hls-hit", "a", 0, hit)}, runs{made(t, "hls-herd", "a", 0, herd)}, runs{made(t, "hls-slow", "a", 0, slow)}, runs{made(t, "hls-live", "a", 0, live)})
	for name, want := range map[string]goal{
		"video, playlist, 50 connections: CPU of a hit":        {got: "0.60 times nginx's", met: true, reached: true},
		"video, segment 1 MB, 1,000 connections: CPU of a hit": {got: "1.20 times nginx's"},
		"video, hits": {got: "so it is", met: true},
		"video, 10,000 wait for the next playlist: p99":                          {got: "0.15 times nginx's", met: true},
		"video, 10,000 wait for the next segment 100 KB: p99":                    {got: "0.30 times nginx's"},
		"video, 10,000 wait: requests upstream":                                  {got: "segment 100 KB: 1 answers, 0 wrong, 0 connections broken, 2 requests upstream for one object: "},
		"video: process memory of a viewer that reads nothing of a 4 MB segment": {got: "950 bytes", met: true},
		"video: stalled viewers that read again":                                 {got: "so it is", met: true},
		"video, 2,000 players for two minutes over three tiers":                  {got: "1 stalls of 1 players"},
	} {
		if g := got[name]; g.got != want.got || g.met != want.met || g.reached != want.reached {
			t.Errorf("%s: %+v, want %+v", name, g, want)
		}
	}
	if len(got) != 9 {
		t.Errorf("%d goals: %+v", len(got), got)
	}
}

func TestSmallerVideoIsNotJudged(t *testing.T) {
	herd := scenario.HLSHerdResult{Rows: []scenario.HLSHerdRow{{Target: "uproar", Object: "playlist", Viewers: 100, Upstream: 1, Answers: 1, ToNginx: 0.1}}}
	slow := scenario.HLSSlowResult{Rows: []scenario.HLSSlowRow{{Target: "uproar", Viewers: 1000, Segment: 1 << 20, Each: 950}}}
	live := &scenario.HLSLiveResult{Players: 2000, Seconds: 20, Started: 2000}
	if got := judged(t, runs{made(t, "hls-herd", "a", 0, herd)}, runs{made(t, "hls-slow", "a", 0, slow)}, runs{made(t, "hls-live", "a", 0, live)}); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}
