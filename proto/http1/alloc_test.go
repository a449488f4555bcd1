//go:build !race

package http1

import "testing"

func TestAllocParseIsFree(t *testing.T) {
	in := []byte("GET /hls/room/live.m3u8?_HLS_msn=12 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: keep-alive, Upgrade\r\nContent-Length: 0\r\n\r\n")
	r := new(Request)
	wantAllocs(t, "Parse", func() {
		if n, err := r.Parse(in); n != len(in) || err != nil {
			t.Fatal("wrong head")
		}
		if !r.HasToken("connection", "upgrade") || r.Header("host") == nil || !r.KeepAlive() {
			t.Fatal("wrong headers")
		}
		if _, ok := QueryValue(r.Query, "_HLS_msn"); !ok {
			t.Fatal("no query")
		}
	})
}

func TestAllocFaultIsFree(t *testing.T) {
	in, r := []byte("GET / HTTP/1.1\r\n\r\n"), new(Request)
	wantAllocs(t, "fault", func() {
		if _, err := r.Parse(in); err != errHostMissing {
			t.Fatal("wrong error")
		}
	})
}

func TestAllocResponseIsFree(t *testing.T) {
	dst, etag := make([]byte, 0, 512), "W/12"
	wantAllocs(t, "response", func() {
		out := AppendResponseHead(dst, 200, "video/mp4", 1<<20, Field{"ETag", etag}, ConnectionClose)
		if len(out) > cap(dst) {
			t.Fatal("dst too small")
		}
	})
}

func wantAllocs(t *testing.T, what string, f func()) {
	t.Helper()
	if n := testing.AllocsPerRun(100, f); n != 0 {
		t.Errorf("%s: %v allocations, want 0", what, n)
	}
}
