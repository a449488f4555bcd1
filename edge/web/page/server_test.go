package page_test

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"testing"

	"uproar/edge/edgetest"
	"uproar/edge/web/page"
)

func TestServerServesThePageUnderItsPolicy(t *testing.T) {
	server := edgetest.Start(t)
	response, err := http.Get("http://" + server.HTTP + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
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
