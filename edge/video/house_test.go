package video

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"uproar/edge/edgetest"
)

// house is a broadcast through an origin, two nodes above and a point of presence.
type house struct {
	t      *testing.T
	origin *edgetest.Server
	first  [2]*edgetest.Server
	pop    *edgetest.Server
	packer *packager

	originArgs []string
}

const channel = "den"

// newHouse starts the tiers. slow, if it is not nil, stands between the nodes above and the
// origin, whose further flags are the last.
func newHouse(t *testing.T, slow func(t *testing.T, to string) *slowLink, origin ...string) (*house, *slowLink) {
	t.Helper()
	h := &house{t: t}
	serves, admin := freeAddr(t), freeAddr(t)
	open := []string{"--max-conns-per-ip=0", "--flood-limit=0"}
	h.originArgs = append([]string{"--roles=origin,hls", "--http-addr=" + serves, "--admin-addr=" + admin, "--video-dir=" + t.TempDir()}, append(open, origin...)...)
	h.origin = edgetest.Start(t, h.originArgs...)
	var link *slowLink
	above := serves
	if slow != nil {
		link = slow(t, serves)
		above = link.addr
	}
	for i := range h.first {
		h.first[i] = edgetest.Start(t, append([]string{"--roles=hls", "--hls-upstream=" + above}, open...)...)
	}
	h.pop = edgetest.Start(t, append([]string{
		"--roles=edge,clue,exchange,hls", "--hls-upstream=" + h.first[0].HTTP + "," + h.first[1].HTTP,
	}, open...)...)
	return h, link
}

// startOrigin starts it again, where it was.
func (h *house) startOrigin() { h.origin = edgetest.Start(h.t, h.originArgs...) }

// serving is which of the nodes above the point of presence asks for the channel.
func (h *house) serving() *edgetest.Server {
	h.t.Helper()
	for _, n := range h.first {
		if metric(h.t, h.pop, fmt.Sprintf("uproar_hls_upstream_channels{node=%q}", n.HTTP)) > 0 {
			return n
		}
	}
	h.t.Fatal("no node above serves the channel")
	return nil
}

// metric reads one of a server's.
func metric(t *testing.T, s *edgetest.Server, name string) float64 {
	t.Helper()
	resp, err := http.Get("http://" + s.Admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			value, err := strconv.ParseFloat(rest, 64)
			if err != nil {
				t.Fatal(err)
			}
			return value
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

// freeAddr was free just now, and stays so while a server is away: Linux gives connections
// ports of the other parity first.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// await polls until it holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("20 s have passed, and not: %s", what)
		}
	}
}

// has reports whether a path answers 200.
func has(url string) bool {
	resp, err := http.Get(url)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err == nil && resp.StatusCode == http.StatusOK
}
