//go:build !race

package web

import "testing"

// allocates is the least that hits allocate of some counts: what other goroutines allocate
// meanwhile, those of the Node among them, counts too.
func allocates(t *testing.T, cfg func(*Config), head string) (least float64) {
	t.Helper()
	h := newHouse(t, cfg)
	v, in := h.seat(), []byte(head)
	h.hit(v, in)
	least = testing.AllocsPerRun(200, func() { h.hit(v, in) })
	for range 9 {
		least = min(least, testing.AllocsPerRun(200, func() { h.hit(v, in) }))
	}
	return least
}

func TestAllocHit(t *testing.T) {
	for name, head := range map[string]string{
		"playlist":        request("GET", rendition+"index.m3u8", "Accept-Encoding: gzip\r\n", "User-Agent: x\r\n"),
		"blocking reload": request("GET", rendition+"index.m3u8?_HLS_msn=3"),
		"segment":         request("GET", rendition+"1.m4s"),
		"range":           request("GET", rendition+"1.m4s", "Range: bytes=0-9007199254740991\r\n"),
		"not modified":    request("GET", rendition+"1.m4s", "If-None-Match: \"100000\"\r\n"),
		"head":            request("HEAD", rendition+"1.m4s"),
	} {
		if n := allocates(t, nil, head); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestAllocSignedHit(t *testing.T) {
	token, sig, err := Sign(secret, Right{Channel: "forsen", Expires: 1 << 40})
	if err != nil {
		t.Fatal(err)
	}
	if n := allocates(t, func(cfg *Config) { cfg.Secret = secret }, request("GET", rendition+"1.m4s?token="+token+"&sig="+sig)); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
