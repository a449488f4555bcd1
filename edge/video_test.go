package main

import (
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSecretOfAddressesIsLongEnough(t *testing.T) {
	for _, args := range []string{
		"--hls-secret-file=" + write(t, "short\n"), "--hls-secret-file=/nosuch", "--geoip=/nosuch.mmdb", "--geoip=" + write(t, "no MaxMind file"),
	} {
		flag, path, _ := strings.Cut(args, "=")
		_, err := newServer(optionsOf(t, args), slog.New(slog.DiscardHandler))
		var coded *codedError
		if !errors.As(err, &coded) || coded.code != exitFile || !strings.Contains(err.Error(), flag) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", args, err)
		}
	}
}

// TestIdleServerMakesNoFolderForVideo starts a server with default roles where it may write.
func TestIdleServerMakesNoFolderForVideo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "video")
	s, stop := inProcess(t, "--video-dir="+dir)
	if status, body := get(t, "http://"+s.addrs.http+"/api/streams"); status != http.StatusOK || body != "{\"streams\":[]}\n" {
		t.Errorf("streams: %d %s", status, body)
	}
	if status, body := get(t, "http://"+s.addrs.http+"/find/den"); status != http.StatusOK || !strings.Contains(body, `"url":"/hls/den/index.m3u8"`) {
		t.Errorf("find: %d %s", status, body)
	}
	if status, _ := get(t, "http://"+s.addrs.http+"/hls/den/index.m3u8"); status != http.StatusNotFound {
		t.Errorf("a channel that is not live: %d", status)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder: %v", err)
	}
}

func TestProcessOfVideoAloneHasNoChat(t *testing.T) {
	s, stop := inProcess(t, "--roles=origin,hls", "--video-dir=")
	if s.addrs.irc != "" || s.addrs.http == "" {
		t.Errorf("listens on %+v", s.addrs)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.addrs.http+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("a WebSocket for chat: %d", resp.StatusCode)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

func TestFolderOfVideoIsTakenUpByWhoIsAloneThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "video")
	open := func(want bool) *videoDir {
		t.Helper()
		d := &videoDir{path: path}
		alone, err := d.open()
		if err != nil || alone != want {
			t.Errorf("alone: %v, %v; want %v", alone, err, want)
		}
		if err := d.share(); err != nil {
			t.Error(err)
		}
		return d
	}
	a, b := open(true), open(true) // there is no folder yet
	for _, d := range []*videoDir{a, b, a} {
		if err := d.enter(); err != nil {
			t.Fatal(err)
		}
	}
	c := open(false)
	a.close()
	b.close()
	d := open(false)
	c.close()
	d.close()
	open(true).close()
}
