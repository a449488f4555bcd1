package video

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"uproar/core/hls/find"
	"uproar/edge/edgetest"
)

// TestNodesOfAFleetAnswerForEachOther has two nodes on one Redis, of which one ends.
func TestNodesOfAFleetAnswerForEachOther(t *testing.T) {
	if testing.Short() {
		t.Skip("starts redis-server and three servers")
	}
	t.Parallel()
	redis := edgetest.StartFleet(t, edgetest.Shape{}).Redis.Addr
	start := func(name string, args ...string) *edgetest.Server {
		return edgetest.Start(t, append([]string{
			"--redis=" + redis, "--env=" + edgetest.Env, "--hls-url=http://" + name + ".example.org", "--video-dir=",
		}, args...)...)
	}
	origin := start("origin", "--roles=origin,hls")
	nodes := map[string]*edgetest.Server{}
	for _, name := range []string{"one", "two"} {
		nodes[name] = start(name, "--roles=hls", "--hls-upstream="+origin.HTTP)
	}
	used := map[string]bool{}
	await(t, "both nodes give both for some channel, and the same one", func() bool {
		clear(used)
		for i := range 20 {
			channel := fmt.Sprint("channel", i)
			a, b := ask(t, nodes["one"], channel, ""), ask(t, nodes["two"], channel, "")
			if a.URL != b.URL {
				return false
			}
			used[a.URL[:strings.Index(a.URL, ".")]] = true
		}
		return used["http://one"] && used["http://two"] && !used["http://origin"]
	})
	there := ask(t, nodes["one"], "channel0", "")
	if again := ask(t, nodes["one"], "channel0", there.Node); again != there {
		t.Errorf("who is at %+v is sent to %+v", there, again)
	}
	nodes["two"].Terminate()
	nodes["two"].Wait(t, 10*time.Second)
	await(t, "nobody is sent to a node that has ended", func() bool {
		for i := range 20 {
			if a := ask(t, nodes["one"], fmt.Sprint("channel", i), ""); !strings.HasPrefix(a.URL, "http://one.example.org/hls/") {
				return false
			}
		}
		return true
	})
	player := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := player.Get("http://" + nodes["one"].HTTP + "/find/den?redirect&token=abc&sig=def")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if to := resp.Header.Get("Location"); resp.StatusCode != http.StatusFound || to != "http://one.example.org/hls/den/index.m3u8?token=abc&sig=def" {
		t.Errorf("a player is sent to %q, status %d", to, resp.StatusCode)
	}
}

// ask asks a server for the node of a viewer.
func ask(t *testing.T, s *edgetest.Server, channel, at string) (a find.Answer) {
	t.Helper()
	resp, err := http.Get("http://" + s.HTTP + "/find/" + channel + "?at=" + at)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || json.Unmarshal(body, &a) != nil || a.Channel != channel {
		t.Fatalf("status %d, %s, %v", resp.StatusCode, body, err)
	}
	return a
}
