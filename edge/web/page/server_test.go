package page_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"uproar/edge/edgetest"
	"uproar/edge/web/page"
)

func TestServerServesThePageUnderItsPolicy(t *testing.T) {
	server := edgetest.Start(t)
	request, err := http.NewRequest(http.MethodGet, "http://"+server.HTTP+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept-Encoding", "identity")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body := read(t, response.Body)
	want, _ := page.Find("/")
	if response.StatusCode != http.StatusOK || !bytes.Equal(body, want.Body) {
		t.Errorf("GET / gave %s and %d bytes, want the page of %d bytes", response.Status, len(body), len(want.Body))
	}
	for header, value := range map[string]string{
		"Content-Security-Policy": want.Policy,
		"Content-Type":            want.ContentType,
		"Cache-Control":           want.Cache,
		"ETag":                    want.ETag,
	} {
		if got := response.Header.Get(header); got != value {
			t.Errorf("GET / has %s %q, want %q", header, got, value)
		}
	}
}

// A browser's view of what is sent compressed, and of what it has already.
func TestServerCompressesThePageForThoseThatTakeIt(t *testing.T) {
	server := edgetest.Start(t)
	ask := func(path string, headers ...string) *http.Response {
		request, err := http.NewRequest(http.MethodGet, "http://"+server.HTTP+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(headers); i += 2 {
			request.Header.Set(headers[i], headers[i+1])
		}
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = response.Body.Close() })
		return response
	}
	for _, path := range []string{"/", "/forsen", "/assets/app.js", "/assets/hls.light.min.mjs"} {
		want, _ := page.Find(path)
		plain := ask(path, "Accept-Encoding", "identity")
		packed := ask(path, "Accept-Encoding", "br, gzip;q=0.5")
		if got := read(t, plain.Body); !bytes.Equal(got, want.Body) || plain.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s came with %d bytes and coding %q", path, len(got), plain.Header.Get("Content-Encoding"))
		}
		inflated, err := gzip.NewReader(packed.Body)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if got := read(t, inflated); !bytes.Equal(got, want.Body) || packed.Header.Get("Content-Encoding") != "gzip" {
			t.Errorf("%s came compressed with %d bytes and coding %q", path, len(got), packed.Header.Get("Content-Encoding"))
		}
		if plain.Header.Get("ETag") == packed.Header.Get("ETag") || plain.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: a cache could take one coding for the other", path)
		}
		again := ask(path, "Accept-Encoding", "gzip", "If-None-Match", packed.Header.Get("ETag"))
		if again.StatusCode != http.StatusNotModified || len(read(t, again.Body)) != 0 {
			t.Errorf("%s: asked again, it answers %s", path, again.Status)
		}
	}
	if policy := ask("/forsen").Header.Get("Content-Security-Policy"); !strings.HasSuffix(policy, "media-src 'self' blob:") {
		t.Errorf("the page to watch may not play: %s", policy)
	}
}

func read(t *testing.T, r io.Reader) []byte {
	t.Helper()
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestTwoPagesSeeEachOther(t *testing.T) {
	server := edgetest.Start(t)
	chromium := browser(t)
	address := "http://" + server.HTTP + "/?room=lobby"
	alice := open(t, chromium, desktop, address)
	bob := open(t, chromium, look{360, 740, "dark", true}, address)
	reader := open(t, chromium, desktop, address)
	alice.waitOnline()
	bob.waitOnline()
	reader.waitOnline()
	alice.call("alice")
	bob.call("bob")

	alice.say("hello bob")
	bob.waitForLog("alice: hello bob")
	bob.say("hello  alice, 50 % <b>off</b> ünïcode")
	alice.waitForLog("bob: hello alice, 50 % <b>off</b> ünïcode")
	reader.waitForLog("alice: hello bob")
	reader.waitForLog("bob: hello alice")
	alice.say("/me waves")
	bob.waitFor("document.querySelector('.row.action .text')?.innerText === 'waves'")
	alice.waitFor("document.querySelectorAll('.row.own').length === 2")

	for name, p := range map[string]*tab{"alice": alice, "bob": bob, "reader": reader} {
		if n := p.number("document.querySelectorAll('.row.line').length"); n != 3 {
			t.Errorf("%s sees %v lines, want 3", name, n)
		}
	}
	if !regexp.MustCompile(`(?m)^uproar_deflate_out_bytes_total [1-9]`).MatchString(metrics(t, server)) {
		t.Error("nothing was compressed for a browser that offers it")
	}
}

func metrics(t *testing.T, server *edgetest.Server) string {
	t.Helper()
	response, err := http.Get("http://" + server.Admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestServerRefusalReachesThePage(t *testing.T) {
	server := edgetest.Start(t)
	p := open(t, browser(t), desktop, "http://"+server.HTTP+"/?room=lobby")
	p.waitOnline()
	p.call("alice")
	p.say("twice")
	p.waitForLog("alice: twice")
	p.say("twice")
	p.waitForLog("identical to the previous one")
	p.waitFor("document.getElementById('message').value === 'twice'")
}

func TestDrainedServerIsTold(t *testing.T) {
	server := edgetest.Start(t)
	p := open(t, browser(t), desktop, "http://"+server.HTTP+"/?room=lobby")
	p.waitOnline()
	server.Terminate()
	p.waitFor("document.getElementById('alert').innerText.includes('Disconnected')")
	if code := server.Wait(t, waitLimit); code != 0 {
		t.Errorf("server ended with %d, want 0", code)
	}
}
