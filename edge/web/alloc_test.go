//go:build !race

package web

import "testing"

func TestAllocHit(t *testing.T) {
	h := newHouse(t, nil)
	for name, head := range map[string]string{
		"playlist":        request("GET", rendition+"index.m3u8", "Accept-Encoding: gzip\r\n", "User-Agent: x\r\n"),
		"blocking reload": request("GET", rendition+"index.m3u8?_HLS_msn=3"),
		"segment":         request("GET", rendition+"1.m4s"),
		"range":           request("GET", rendition+"1.m4s", "Range: bytes=0-9007199254740991\r\n"),
		"not modified":    request("GET", rendition+"1.m4s", "If-None-Match: \"100000\"\r\n"),
		"head":            request("HEAD", rendition+"1.m4s"),
	} {
		v, in := h.seat(), []byte(head)
		h.hit(v, in)
		if n := testing.AllocsPerRun(200, func() { h.hit(v, in) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestAllocSignedHit(t *testing.T) {
	h := newHouse(t, func(cfg *Config) { cfg.Secret = secret })
	token, sig, err := Sign(secret, Right{Channel: "forsen", Expires: 1 << 40})
	if err != nil {
		t.Fatal(err)
	}
	v, in := h.seat(), []byte(request("GET", rendition+"1.m4s?token="+token+"&sig="+sig))
	h.hit(v, in)
	if n := testing.AllocsPerRun(200, func() { h.hit(v, in) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
