package page_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"uproar/edge/web/page"
)

// fake serves the page and plays a server that shows, when told to, what the real
// one shows only under faults: gaps, refusals, rooms as hot as can be.
type fake struct {
	URL string

	mu struct {
		sync.Mutex
		conns   map[*websocket.Conn]string // -> room joined, "" before
		refusal string                     // NOTICE sent instead of USERSTATE
		joins   int
		pauses  bool   // refuses WebSockets
		video   string // folder of the stream of every channel; "": none is live
		outage  int    // status of every answer about video; 0: none
	}
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{}
	f.mu.conns = map[*websocket.Conn]string{}
	server := httptest.NewServer(f)
	f.URL = server.URL
	t.Cleanup(func() {
		f.cut(true)
		server.Close()
	})
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != "" {
		f.talk(w, r)
		return
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, "/hls/"); ok {
		f.show(w, r, rest)
		return
	}
	asset, ok := page.Find(r.URL.Path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", asset.ContentType)
	w.Header().Set("Content-Security-Policy", asset.Policy)
	w.Header().Set("Cache-Control", asset.Cache)
	w.Header().Set("ETag", asset.ETag)
	_, _ = w.Write(asset.Body)
}

// show serves a file of the stream.
func (f *fake) show(w http.ResponseWriter, r *http.Request, path string) {
	f.mu.Lock()
	folder, outage := f.mu.video, f.mu.outage
	f.mu.Unlock()
	_, name, _ := strings.Cut(path, "/")
	switch {
	case outage != 0:
		http.Error(w, "out of order", outage)
	case folder == "":
		http.NotFound(w, r)
	default:
		w.Header().Set("Cache-Control", "no-store")
		http.ServeFileFS(w, r, os.DirFS(folder), name)
	}
}

// stream shows the stream in folder, or none, or answers with a status alone.
func (f *fake) stream(folder string, outage int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.video, f.mu.outage = folder, outage
}

func (f *fake) talk(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	pauses := f.mu.pauses
	f.mu.Unlock()
	if pauses {
		http.Error(w, "away", http.StatusServiceUnavailable)
		return
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"irc"}})
	if err != nil {
		return
	}
	defer conn.CloseNow()
	f.mu.Lock()
	f.mu.conns[conn] = ""
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.mu.conns, conn)
		f.mu.Unlock()
	}()
	nick := ""
	for {
		_, data, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		f.answer(conn, &nick, string(data))
	}
}

func (f *fake) answer(conn *websocket.Conn, nick *string, line string) {
	tags := ""
	if strings.HasPrefix(line, "@") {
		tags, line, _ = strings.Cut(line[1:], " ")
	}
	verb, rest, _ := strings.Cut(line, " ")
	switch verb {
	case "NICK":
		*nick = rest
		write(conn, ":tmi.twitch.tv 001 "+rest+" :Welcome, GLHF!", ":tmi.twitch.tv 376 "+rest+" :>")
	case "PING":
		write(conn, ":tmi.twitch.tv PONG tmi.twitch.tv "+rest)
	case "JOIN":
		f.mu.Lock()
		f.mu.conns[conn] = rest
		f.mu.joins++
		f.mu.Unlock()
		write(conn, fmt.Sprintf(":%[1]s!%[1]s@%[1]s.tmi.twitch.tv JOIN %[2]s", *nick, rest),
			"@emote-only=0;followers-only=-1;r9k=0;room-id=1;slow=0;subs-only=0 :tmi.twitch.tv ROOMSTATE "+rest)
	case "PRIVMSG":
		room, _, _ := strings.Cut(rest, " ")
		f.mu.Lock()
		refusal := f.mu.refusal
		f.mu.refusal = ""
		f.mu.Unlock()
		if refusal != "" {
			write(conn, fmt.Sprintf("@msg-id=%s :tmi.twitch.tv NOTICE %s :Your message was not sent.", refusal, room))
			return
		}
		write(conn, fmt.Sprintf("@%s;color=#2E8B57;display-name=%s;id=own :tmi.twitch.tv USERSTATE %s", tags, *nick, room))
	}
}

// say sends lines to everyone in #room, in one frame.
func (f *fake) say(room string, lines ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for conn, joined := range f.mu.conns {
		if joined == "#"+room {
			write(conn, lines...)
		}
	}
}

// refuseNext answers the next line with a NOTICE of that id.
func (f *fake) refuseNext(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.refusal = id
}

// cut ends every link; pauses tells whether new ones are refused from now on.
func (f *fake) cut(pauses bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.pauses = pauses
	for conn := range f.mu.conns {
		_ = conn.CloseNow()
	}
}

func (f *fake) resume() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.pauses = false
}

func (f *fake) joins() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mu.joins
}

func write(conn *websocket.Conn, lines ...string) {
	// A link that is gone is seen by its reader.
	_ = conn.Write(context.Background(), websocket.MessageText, []byte(strings.Join(lines, "\r\n")+"\r\n"))
}

// privmsg is a relayed line. extra are more tags, each ending in ";".
func privmsg(room, login, colour, extra, text string) string {
	return fmt.Sprintf("@%sbadge-info=;color=%s;display-name=%s;emotes=;id=%s-%d;tmi-sent-ts=1790000000000 :%s!%s@%s.tmi.twitch.tv PRIVMSG #%s :%s",
		extra, colour, login, login, len(text), strings.ToLower(login), login, login, room, text)
}
