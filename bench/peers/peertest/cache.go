package peertest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"uproar/bench/target"
)

// AsksOnce has 20 clients ask a cache for one thing at a time: its upstream is asked once,
// and all of them have it. Then it stops the cache.
func AsksOnce(t *testing.T, c target.Cache) {
	if version, err := c.Version(t.Context()); err != nil {
		t.Skipf("%s is not installed (%v); to have it: %s", c.Name, err, c.Install)
	} else if version == "" {
		t.Error("it has no version")
	}
	var asked atomic.Int64
	body := bytes.Repeat([]byte("0123456789"), 10_000)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("Cache-Control", "max-age=60")
		w.Write(body)
	}))
	defer upstream.Close()
	server, err := c.Start(t.Context(), target.CacheConfig{Dir: t.TempDir(), Upstream: upstream.Listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Kill()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			answer, err := http.Get("http://" + server.Members + "/hls/bench/b1/r1/1.m4s")
			if err != nil {
				t.Error(err)
				return
			}
			defer answer.Body.Close()
			if got, err := io.ReadAll(answer.Body); err != nil || !bytes.Equal(got, body) {
				t.Errorf("%s, %d bytes, %v", answer.Status, len(got), err)
			}
		})
	}
	all.Wait()
	if n := asked.Load(); n != 1 {
		t.Errorf("its upstream was asked %d times", n)
	}
	pids, err := server.Pids()
	if err != nil {
		t.Fatal(err)
	}
	server.Stop(5 * time.Second)
	for _, pid := range pids {
		if err := unix.Kill(pid, 0); !errors.Is(err, unix.ESRCH) {
			t.Errorf("process %d is still there: %v", pid, err)
		}
	}
}
