package battery

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func httpPlain(t *testing.T, w world) {
	for _, tc := range []struct {
		request string
		status  int
	}{
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200},
		{"GET /no/such HTTP/1.1\r\nHost: a\r\n\r\n", 404},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 405},
		{"nonsense\r\n\r\n", 400},
	} {
		conn, _, resp := w.request(t, tc.request)
		if resp.StatusCode != tc.status {
			t.Errorf("%.20q got %s, want %d", tc.request, resp.Status, tc.status)
		}
		if tc.status == 200 {
			body, err := io.ReadAll(resp.Body)
			if kind := resp.Header.Get("Content-Type"); err != nil || !strings.HasPrefix(kind, "text/html") || !strings.Contains(strings.ToLower(string(body)), "<!doctype html") {
				t.Errorf("GET / is %q of %d bytes (%v), want the page", kind, len(body), err)
			}
		}
		conn.Close()
	}
}

func httpBadUpgrade(t *testing.T, w world) {
	good := upgradeRequest("")
	for name, tc := range map[string]struct {
		request  string
		statuses []int
	}{
		"wrong-version": {strings.Replace(good, "Version: 13", "Version: 8", 1), []int{426}},
		"no-version":    {strings.Replace(good, "Sec-WebSocket-Version: 13\r\n", "", 1), []int{426, 400}},
		"no-key":        {strings.Replace(good, "Sec-WebSocket-Key: "+upgradeKey+"\r\n", "", 1), []int{400}},
		"short-key":     {strings.Replace(good, upgradeKey, "c2hvcnQ=", 1), []int{400}},
		"post":          {strings.Replace(good, "GET", "POST", 1), []int{405, 400}},
		"http-1.0":      {strings.Replace(good, "HTTP/1.1", "HTTP/1.0", 1), []int{400, 426, 505}},
		"wrong-path":    {strings.Replace(good, "GET / ", "GET /nope ", 1), []int{404}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, resp := w.request(t, tc.request)
			found := false
			for _, status := range tc.statuses {
				found = found || resp.StatusCode == status
			}
			if !found {
				t.Errorf("got %s, want %v", resp.Status, tc.statuses)
			}
			if resp.StatusCode == 426 && resp.Header.Get("Sec-WebSocket-Version") != "13" {
				t.Errorf("426 with Sec-WebSocket-Version %q, want 13", resp.Header.Get("Sec-WebSocket-Version"))
			}
		})
	}
	t.Run("good-in-single-bytes", func(t *testing.T) {
		conn, err := net.Dial("tcp", w.srv.HTTP)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(2 * patience))
		for i := range len(good) {
			if _, err := conn.Write([]byte(good[i : i+1])); err != nil {
				t.Fatal(err)
			}
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || resp.StatusCode != 101 {
			t.Errorf("got %v (%v), want 101", resp, err)
		}
	})
	t.Run("frame-behind-the-head", func(t *testing.T) { // in the same segment
		conn, in, resp := w.request(t, good+string(text("PING").encode()))
		if resp.StatusCode != 101 {
			t.Fatalf("got %s, want 101", resp.Status)
		}
		c := &frameConn{t: t, conn: conn, in: in}
		c.want(text("PONG :tmi.twitch.tv\r\n"))
	})
}

// httpHalfHandshake holds half a head, a whole silence, and half a head that
// drips: all three are closed, and counted.
func httpHalfHandshake(t *testing.T, w world) {
	w = w.own(t, "--header-timeout=1s")
	half := upgradeRequest("")[:60]
	for name, start := range map[string]string{"half": half, "silent": "", "drip": half} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", w.srv.HTTP)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, start)
			ended := make(chan error, 1)
			_ = conn.SetReadDeadline(time.Now().Add(2 * patience))
			go func() {
				_, err := io.Copy(io.Discard, conn)
				ended <- err
			}()
			tick := time.NewTicker(200 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case err := <-ended:
					if isTimeout(err) {
						t.Errorf("still open after %v", 2*patience)
					}
					return
				case <-tick.C:
					if name == "drip" {
						_, _ = io.WriteString(conn, "x")
					}
				}
			}
		})
	}
	w.wantClosed(t, 3, "header_timeout")
	inTwitchMode(w.dialFrames(t, "irc"))
}

// httpBigHeader sends a head of 1 MiB: 431, or the end.
func httpBigHeader(t *testing.T, w world) {
	before := w.residentBytes(t)
	for range 10 {
		conn, err := net.Dial("tcp", w.srv.HTTP)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(patience))
		head := strings.TrimSuffix(upgradeRequest(""), "\r\n") + "X-Big: " + strings.Repeat("x", 1<<20)
		_, writeErr := io.WriteString(conn, head) // without an end
		answer, err := io.ReadAll(conn)
		if isTimeout(err) {
			t.Fatalf("still open after 1 MiB of header (%v)", writeErr)
		}
		if len(answer) > 0 && !strings.HasPrefix(string(answer), "HTTP/1.1 431 ") {
			t.Errorf("answered with %.60q, want 431", answer)
		}
		conn.Close()
	}
	w.wantFlatMemory(t, before, 32<<20)
}

func wsOrigin(t *testing.T, w world) {
	conn, in, resp := w.request(t, upgradeRequest("Origin: https://overlay.example\r\n"))
	if resp.StatusCode != 101 {
		t.Fatalf("an overlay of another site got %s, want 101", resp.Status)
	}
	inTwitchMode(&frameConn{t: t, conn: conn, in: in})
}

// refusedStatus is what the HTTP port answers to an upgrade; 0 when it closes
// without a word.
func (w world) refusedStatus(t testing.TB) int {
	t.Helper()
	conn, err := net.Dial("tcp", w.srv.HTTP)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	_, _ = io.WriteString(conn, upgradeRequest(""))
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0
	}
	return resp.StatusCode
}
