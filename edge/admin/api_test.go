package admin

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/chat"
	"uproar/core/clue"
	"uproar/core/hls"
	"uproar/core/store"
)

// port is a running admin port.
type port struct {
	t    *testing.T
	addr string
}

// serve runs the port on a store that is well, at an address with port 0.
func serve(t *testing.T, s Store, addr string) *port {
	t.Helper()
	return serveWithin(t, 10*time.Second, s, addr)
}

// serveWithin gives the store this time for each call.
func serveWithin(t *testing.T, timeout time.Duration, s Store, addr string) *port {
	t.Helper()
	return serveLogged(t, slog.New(slog.DiscardHandler), timeout, s, addr)
}

func serveLogged(t *testing.T, log *slog.Logger, timeout time.Duration, s Store, addr string) *port {
	t.Helper()
	return serveConfig(t, Config{Addr: addr, Log: log, Store: s, StoreTimeout: timeout, Changed: func(store.Key) {}})
}

func serveConfig(t *testing.T, cfg Config) *port {
	t.Helper()
	cfg.Metrics, cfg.Ready, cfg.HotRooms = metrics.NewSet(), func() bool { return true }, hot
	return run(t, New(cfg))
}

// run serves until the test ends.
func run(t *testing.T, server *Server) *port {
	t.Helper()
	bound, err := server.Listen()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return &port{t, bound}
}

func hot() []clue.HotRoom {
	return []clue.HotRoom{{Room: "den", Shard: 1, LinesPerSecond: 12.3456, Share: 0.75}, {Room: "lair"}}
}

func memory(t *testing.T) *store.Embedded {
	t.Helper()
	s, err := store.Open("")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ask sends a request, as JSON unless a header says otherwise; "Host" is one too.
func (p *port) ask(method, path, body string, headers ...string) (*http.Response, string) {
	p.t.Helper()
	req, err := http.NewRequest(method, "http://"+p.addr+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp, strings.TrimSpace(string(text))
}

// want requires status 200 and exactly this record.
func (p *port) want(method, path, body, record string) {
	p.t.Helper()
	if resp, text := p.ask(method, path, body); resp.StatusCode != http.StatusOK || text != record {
		p.t.Errorf("%s %s %s\n got %d %s\nwant 200 %s", method, path, body, resp.StatusCode, text, record)
	}
}

// wantRefusal requires this status and an error that says so.
func (p *port) wantRefusal(status int, says, method, path, body string, headers ...string) *http.Response {
	p.t.Helper()
	resp, text := p.ask(method, path, body, headers...)
	var refused struct{ Error string }
	if err := json.Unmarshal([]byte(text), &refused); err != nil || resp.StatusCode != status || !strings.Contains(refused.Error, says) {
		p.t.Errorf("%s %s %.80s %q\n got %d %s\nwant %d and an error that says %q", method, path, body, headers, resp.StatusCode, text, status, says)
	}
	return resp
}

const noModes = `"modes":{"slow_seconds":0,"followers_only":false,"followers_for_seconds":0,"subscribers_only":false,"emote_only":false,"unique":false}`

func TestPatchSetsWhatItNamesAndNullClears(t *testing.T) {
	p := serve(t, memory(t), "127.0.0.1:0")
	for _, step := range []struct{ method, path, body, record string }{
		{"GET", "/api/rooms/den", "", `{"room":"den","created":false,"suspended":false,"terms":[],"hold_terms":false,"no_links":false,` + noModes + `}`},
		{"PATCH", "/api/rooms/den", `{"created":true,"terms":["Spam*"]}`, `{"room":"den","created":true,"suspended":false,"terms":["spam*"],"hold_terms":false,"no_links":false,` + noModes + `}`},
		{"PATCH", "/api/rooms/den", `{"suspended":true,"hold_terms":true,"no_links":true}`, `{"room":"den","created":true,"suspended":true,"terms":["spam*"],"hold_terms":true,"no_links":true,` + noModes + `}`},
		{"PATCH", "/api/rooms/den", `{"suspended":false,"terms":null,"hold_terms":null,"no_links":null}`, `{"room":"den","created":true,"suspended":false,"terms":[],"hold_terms":false,"no_links":false,` + noModes + `}`},
		{"PATCH", "/api/rooms/den", `{}`, `{"room":"den","created":true,"suspended":false,"terms":[],"hold_terms":false,"no_links":false,` + noModes + `}`},
		{"PATCH", "/api/rooms/den/members/robin", `{"subscriber":true,"follows":"2024-02-29T12:00:00.5+01:00"}`, `{"room":"den","login":"robin","subscriber":true,"follows":"2024-02-29T11:00:00.5Z","roles":["subscriber"],"ban":null,"timeout":null}`},
		{"PATCH", "/api/rooms/den/members/robin", `{"follows":null}`, `{"room":"den","login":"robin","subscriber":true,"follows":null,"roles":["subscriber"],"ban":null,"timeout":null}`},
		{"PATCH", "/api/rooms/den/members/robin", `{"subscriber":null}`, `{"room":"den","login":"robin","subscriber":false,"follows":null,"roles":[],"ban":null,"timeout":null}`},
		{"PATCH", "/api/accounts/robin", `{"verified":true,"banned":true}`, `{"login":"robin","verified":true,"banned":true,"color":null}`},
		{"PATCH", "/api/accounts/robin", `{"banned":null}`, `{"login":"robin","verified":true,"banned":false,"color":null}`},
	} {
		p.want(step.method, step.path, step.body, step.record)
	}
}

// TestEachChangeIsLoggedByItsMessage: the log folds messages of one text.
func TestEachChangeIsLoggedByItsMessage(t *testing.T) {
	var log bytes.Buffer
	p := serveLogged(t, slog.New(slog.NewTextHandler(&log, nil)), 10*time.Second, memory(t), "127.0.0.1:0")
	p.ask("PATCH", "/api/accounts/ann", `{"banned": true, "verified": true}`)
	p.ask("PATCH", "/api/accounts/bob", `{"banned": true}`)
	for _, message := range []string{
		`msg="the API changed account \"ann\": banned, verified"`, `msg="the API changed account \"bob\": banned"`,
	} {
		if !strings.Contains(log.String(), message) {
			t.Errorf("the log lacks %s:\n%s", message, log.String())
		}
	}
}

// The process must not decide by what it knew before once the answer is out.
func TestChangeIsToldBeforeItsAnswer(t *testing.T) {
	changed := make(chan store.Key, 10)
	p := serveConfig(t, Config{
		Addr: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler), Store: memory(t), StoreTimeout: 10 * time.Second,
		Changed: func(k store.Key) { changed <- k },
	})
	p.ask("GET", "/api/accounts/robin", "")
	p.ask("PATCH", "/api/accounts/robin", `{}`)
	p.ask("PATCH", "/api/accounts/robin", `{"banned":1}`)
	p.ask("PATCH", "/api/accounts/robin", `{"banned":true}`)
	if len(changed) != 1 {
		t.Fatalf("told of %d changes, want 1", len(changed))
	}
	if k := <-changed; k != (store.Key{Kind: store.KindAccount, Login: "robin"}) {
		t.Errorf("told of %v", k)
	}
}

func TestWhatCommandsSetIsShown(t *testing.T) {
	s := memory(t)
	until := time.Date(2100, 1, 2, 3, 4, 5, 0, time.UTC)
	color := "#FF7F50"
	for k, c := range map[store.Key]store.Change{
		{Kind: store.KindRoom, Room: "den"}:                   {Mode: &store.ModeValue{Mode: chat.ModeSlow, Modes: chat.Modes{Slow: time.Minute}}},
		{Kind: store.KindMember, Room: "den", Login: "den"}:   {Grant: chat.VIP},
		{Kind: store.KindMember, Room: "den", Login: "eve"}:   {Ban: &store.Ban{Reason: "spam <b>"}},
		{Kind: store.KindMember, Room: "den", Login: "robin"}: {Ban: &store.Ban{Until: until, Reason: "calm down"}},
		{Kind: store.KindAccount, Login: "robin"}:             {Color: &color},
	} {
		if err := s.Change(t.Context(), k, c); err != nil {
			t.Fatal(err)
		}
	}
	p := serve(t, s, "127.0.0.1:0")
	p.want("GET", "/api/rooms/den", "", `{"room":"den","created":false,"suspended":false,"terms":[],"hold_terms":false,"no_links":false,`+strings.Replace(noModes, `seconds":0`, `seconds":60`, 1)+`}`)
	p.want("GET", "/api/rooms/den/members/den", "", `{"room":"den","login":"den","subscriber":false,"follows":null,"roles":["broadcaster","vip"],"ban":null,"timeout":null}`)
	p.want("GET", "/api/rooms/den/members/eve", "", `{"room":"den","login":"eve","subscriber":false,"follows":null,"roles":[],"ban":{"reason":"spam <b>"},"timeout":null}`)
	p.want("GET", "/api/rooms/den/members/robin", "", `{"room":"den","login":"robin","subscriber":false,"follows":null,"roles":[],"ban":null,"timeout":{"until":"2100-01-02T03:04:05Z","reason":"calm down"}}`)
	p.want("GET", "/api/accounts/robin", "", `{"login":"robin","verified":false,"banned":false,"color":"#FF7F50"}`)
}

func TestHottestRoomsAreListed(t *testing.T) {
	p := serve(t, memory(t), "127.0.0.1:0")
	p.want("GET", "/api/hot", "", `{"rooms":[{"room":"den","shard":1,"lines_per_second":12.35,"share":0.75},{"room":"lair","shard":0,"lines_per_second":0,"share":0}]}`)
}

func TestRefusalSaysWhatToDo(t *testing.T) {
	p := serve(t, memory(t), "127.0.0.1:0")
	const room, member, account = "/api/rooms/den", "/api/rooms/den/members/robin", "/api/accounts/robin"
	for _, c := range []struct {
		status             int
		says               string
		method, path, body string
	}{
		{400, `cannot set "nosuch": can set created, hold_terms, no_links, suspended, terms`, "PATCH", room, `{"nosuch":1}`},
		{400, `cannot set "modes": can set`, "PATCH", room, `{"created":true,"modes":{}}`},
		{400, `cannot set "Created": can set`, "PATCH", room, `{"Created":true}`},
		{400, `cannot set "created": want true, false or null`, "PATCH", room, `{"created":"yes"}`},
		{400, `cannot set "terms": want a list of strings, or null`, "PATCH", room, `{"terms":"spam"}`},
		{400, `cannot set "terms": want a list of strings, or null`, "PATCH", room, `{"terms":["spam",null]}`},
		{400, `want words`, "PATCH", room, `{"terms":[" * "]}`},
		{400, `want words`, "PATCH", room, `{"terms":["\u0000"]}`},
		{400, `want at most 64 bytes`, "PATCH", room, `{"terms":["` + strings.Repeat("é", 33) + `"]}`},
		{400, `want at most 500`, "PATCH", room, `{"terms":[` + manyTerms(501, 3) + `]}`},
		{400, `cannot read the body as one JSON object, as in {"created": null}`, "PATCH", room, `null`},
		{400, `one JSON object`, "PATCH", room, `[]`},
		{400, `one JSON object`, "PATCH", room, ``},
		{400, `one JSON object`, "PATCH", room, `{} {}`},
		{400, `want UTF-8`, "PATCH", room, "{\"terms\":[\"\xff\"]}"},
		{400, `cannot set "follows": want null or a time of RFC 3339`, "PATCH", member, `{"follows":1700000000}`},
		{400, `cannot set "follows"`, "PATCH", member, `{"follows":"yesterday"}`},
		{400, `cannot set "follows"`, "PATCH", member, `{"follows":"0001-01-01T00:00:00Z"}`},
		{400, `cannot set "follows"`, "PATCH", member, `{"follows":"2999-01-01T00:00:00Z"}`},
		{400, `cannot set "roles": can set follows, subscriber`, "PATCH", member, `{"roles":["moderator"]}`},
		{400, `cannot set "color": can set banned, verified`, "PATCH", account, `{"color":"#FF0000"}`},
		{400, `cannot find "Den": a room or login is 1 to 25 of a-z`, "GET", "/api/rooms/Den", ``},
		{400, `cannot find "#den"`, "PATCH", "/api/rooms/%23den", `{"created":true}`},
		{400, `cannot find "_robin"`, "GET", "/api/rooms/den/members/_robin", ``},
		{404, `want /api/rooms/{room}`, "GET", "/api/rooms", ``},
		{405, `want GET, HEAD, PATCH`, "PUT", room, `{"created":true}`},
		{405, `want GET, HEAD, PATCH`, "POST", account, `{}`},
		{405, `want GET, HEAD`, "PATCH", "/api/hot", `{}`},
	} {
		p.wantRefusal(c.status, c.says, c.method, c.path, c.body)
	}
	for _, contentType := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json/"} {
		p.wantRefusal(415, "want Content-Type: application/json", "PATCH", room, `{"created":true}`, "Content-Type", contentType)
	}
	p.want("GET", room, "", `{"room":"den","created":false,"suspended":false,"terms":[],"hold_terms":false,"no_links":false,`+noModes+`}`)
}

// manyTerms are n terms of these bytes each, as the inside of a JSON list.
func manyTerms(n, bytesEach int) string {
	terms := make([]string, n)
	for i := range terms {
		terms[i] = fmt.Sprintf("%q", fmt.Sprintf("%0*d", bytesEach, i))
	}
	return strings.Join(terms, ",")
}

func TestTermsComeOutAsTheRulesCompareThem(t *testing.T) {
	p := serve(t, memory(t), "127.0.0.1:0")
	resp, text := p.ask("PATCH", "/api/rooms/den", `{"terms":["  Two   WORDS ","two words","ÄRGER*","*phish*","f*ck","***"]}`)
	if want := `"terms":["two words","ärger*","*phish*","f*ck","***"]`; resp.StatusCode != http.StatusOK || !strings.Contains(text, want) {
		t.Errorf("got %d %s, want %s", resp.StatusCode, text, want)
	}
}

func TestAllTermsThatARoomMayHaveFit(t *testing.T) {
	p := serve(t, memory(t), "127.0.0.1:0")
	escaped := make([]string, store.TermsMax) // as a client that writes ASCII alone does
	for i := range escaped {
		escaped[i] = fmt.Sprintf(`"%04d%s"`, i, strings.Repeat(`\u00e9`, (store.TermBytesMax-4)/2))
	}
	for _, terms := range []string{manyTerms(store.TermsMax, store.TermBytesMax), strings.Join(escaped, ", ")} {
		if resp, text := p.ask("PATCH", "/api/rooms/den", `{"terms":[`+terms+`]}`); resp.StatusCode != http.StatusOK {
			t.Errorf("%d %s", resp.StatusCode, text)
		}
	}
	p.wantRefusal(413, "want at most", "PATCH", "/api/rooms/den", `{"terms":["`+strings.Repeat("x", bodyBytesMax)+`"]}`)
}

func TestPageInABrowserIsKeptOut(t *testing.T) {
	s := memory(t)
	p := serve(t, s, "127.0.0.1:0")
	const path, body = "/api/accounts/robin", `{"verified":true}`
	for _, headers := range [][]string{
		{"Origin", "https://evil.example"},
		{"Origin", "null"},
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site", "Origin", "http://localhost:8080"}, // the chat page
	} {
		p.wantRefusal(403, "another origin", "PATCH", path, body, headers...)
	}
	for _, host := range []string{"evil.example", "evil.example:9090", "127.0.0.1.evil.example", "localhost.evil.example:80"} {
		p.wantRefusal(403, "localhost", "PATCH", path, body, "Host", host)
		p.wantRefusal(403, "localhost", "GET", path, "", "Host", host, "Sec-Fetch-Site", "same-origin")
	}
	for _, host := range []string{"localhost", "LocalHost:9090", "127.0.0.1", "127.0.0.1:9090", "[::1]", "[::1]:9090"} {
		if resp, text := p.ask("PATCH", path, body, "Host", host); resp.StatusCode != http.StatusOK {
			t.Errorf("Host %s: %d %s", host, resp.StatusCode, text)
		}
	}
}

func TestOffLoopbackEveryHostIsTaken(t *testing.T) {
	p := serve(t, memory(t), "0.0.0.0:0")
	_, number, err := net.SplitHostPort(p.addr)
	if err != nil {
		t.Fatal(err)
	}
	p.addr = "127.0.0.1:" + number
	if resp, text := p.ask("PATCH", "/api/accounts/robin", `{"verified":true}`, "Host", "chat.internal.example"); resp.StatusCode != http.StatusOK {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
	p.wantRefusal(403, "another origin", "PATCH", "/api/accounts/robin", `{"verified":true}`, "Origin", "https://evil.example")
}

// away is a store that does not answer, or that fails in its own way.
type away struct {
	err error // of Change; nil: none until the context ends
}

func (a away) Fetch(ctx context.Context, b *store.Batch) {
	<-ctx.Done()
	b.Reads[0].Err = fmt.Errorf("%w: %w", store.ErrUnavailable, ctx.Err())
}

func (a away) Change(ctx context.Context, k store.Key, _ store.Change) error {
	if a.err != nil {
		return fmt.Errorf("cannot change %s: %w", k, a.err)
	}
	<-ctx.Done()
	return fmt.Errorf("cannot change %s: %w: %w", k, store.ErrUnavailable, ctx.Err())
}

func TestStoreThatIsAwayIsWaitedForNoLongerThanItsTimeout(t *testing.T) {
	p := serveWithin(t, 50*time.Millisecond, away{}, "127.0.0.1:0")
	for method, body := range map[string]string{"GET": "", "PATCH": `{"created":true}`} {
		resp := p.wantRefusal(503, "store unavailable", method, "/api/rooms/den", body)
		if got := resp.Header.Get("Retry-After"); got != "1" {
			t.Errorf("%s: Retry-After is %q, want 1", method, got)
		}
	}
	p = serveWithin(t, 50*time.Millisecond, away{errors.New("READONLY")}, "127.0.0.1:0")
	p.wantRefusal(503, "READONLY", "PATCH", "/api/rooms/den", `{"created":true}`)
	p = serveWithin(t, 50*time.Millisecond, away{store.ErrFull}, "127.0.0.1:0")
	p.wantRefusal(507, "store full", "PATCH", "/api/rooms/den", `{"created":true}`)
}

func TestBodyThatDoesNotComeIsGivenUp(t *testing.T) {
	t.Parallel() // it waits for bodyTimeout
	p := serve(t, memory(t), "127.0.0.1:0")
	conn, err := net.Dial("tcp", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(6 * bodyTimeout))
	fmt.Fprint(conn, "PATCH /api/rooms/den HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusRequestTimeout {
		t.Errorf("got %s, want 408", resp.Status)
	}
}

func TestPushThatTakesLongerThanOtherRequestsIsAnswered(t *testing.T) {
	const pages = 100 * time.Millisecond
	server := New(Config{
		Addr: "127.0.0.1:0", Metrics: metrics.NewSet(), Ready: func() bool { return true }, Log: slog.New(slog.DiscardHandler),
		Video: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusOK)
		}),
	})
	server.http.WriteTimeout = pages
	p := run(t, server)
	body, more := io.Pipe()
	req, err := http.NewRequest(http.MethodPut, "http://"+p.addr+hls.Prefix+"den/720p/stream.mp4", body)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for range 3 { // what is tested is that time passes
			time.Sleep(pages)
			fmt.Fprint(more, "moof")
		}
		_ = more.Close()
	}()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("no answer came: %v", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("got %s", resp.Status)
	}
}

func FuzzPatch(f *testing.F) {
	f.Add([]byte(`{"created":true,"terms":["a*","b c"],"follows":"2024-02-29T12:00:00Z","subscriber":null}`))
	f.Add([]byte(`{"terms":["*","` + strings.Repeat("İ", 40) + `"]}`))
	f.Add([]byte(`{"follows":null,"banned":false`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for kind, res := range map[store.Kind]*resource{store.KindRoom: &rooms, store.KindMember: &members, store.KindAccount: &accounts} {
			c, _, err := parsePatch(bytes.ToValidUTF8(body, nil), res.fields)
			if err != nil {
				continue
			}
			k := store.Key{Kind: kind}
			if kind != store.KindAccount {
				k.Room = "den"
			}
			if kind != store.KindRoom {
				k.Login = "robin"
			}
			if err := c.Validate(k); err != nil {
				t.Errorf("%s is taken for %s, but: %v", body, k, err)
			}
		}
	})
}
