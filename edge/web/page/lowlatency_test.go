package page_test

import (
	"fmt"
	"testing"
	"time"
)

// Two people watch in parts, and talk, for 15 s. They are at most half as far behind as those are at least
// who play whole segments: three of them (section 4.4.3.8).
func TestLowLatencyPlaysInPartsThroughThreeTiers(t *testing.T) {
	const part, segment = 400 * time.Millisecond, 2 * time.Second
	const seconds = 15
	chromium := browser(t)
	s := startTiers(t, fmt.Sprintf("--video-part=%v", part), fmt.Sprintf("--video-segment=%v", segment))
	pushFragments(t, "http://"+s.origin.Admin+"/hls/speedrun", int(segment.Seconds()*fps))
	awaitLive(t, "http://"+s.presence.HTTP+"/hls/speedrun/", 2)
	soon := func(p *tab, name string) string {
		age, whole := p.number(clockAge), 3*segment.Seconds()
		if says := p.number(latency); age > whole/2 || says > whole/2 {
			return fmt.Sprintf("the picture is %.2f s old, and %.1f s behind live as the page says; in whole segments it is %v s at least", age, says, whole)
		}
		return ""
	}
	inParts := func(p *tab, name string) string {
		parts, reloads := p.number(asked(`[/]p\d+\.m4s$`)), p.number(asked("_HLS_part="))
		whole := p.number(asked(`[/]\d+\.m4s$`))
		t.Logf("%s has asked for %v parts, %v whole segments, and by %v blocking reloads for playlists", name, parts, whole, reloads)
		if least := seconds / part.Seconds() * 0.9; parts < least || reloads < least {
			return fmt.Sprintf("%v parts and %v blocking reloads, want %v each", parts, reloads, least)
		}
		return ""
	}
	watchTwice(t, chromium, s.presence, seconds, soon, inParts)
}

// asked counts what the page has asked for, by the end of its address.
func asked(pattern string) string {
	return fmt.Sprintf("performance.getEntriesByType('resource').filter(({ name }) => /%s/.test(name)).length", pattern)
}
