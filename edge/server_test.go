package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// gnet keeps one pool of workers for the process; it is not ours to stop.
		goleak.IgnoreAnyFunction("github.com/panjf2000/ants/v2.(*poolCommon).purgeStaleWorkers"),
		goleak.IgnoreAnyFunction("github.com/panjf2000/ants/v2.(*poolCommon).ticktock"))
}

func optionsOf(t *testing.T, args ...string) *options {
	t.Helper()
	var errs strings.Builder
	base := []string{"--irc-addr=127.0.0.1:0", "--http-addr=127.0.0.1:0", "--admin-addr=127.0.0.1:0", "--drain-timeout=2s", "--data="}
	o, _, code, ok := parse(append(base, args...), io.Discard, &errs)
	if !ok {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	return o
}

// inProcess runs a server in this process; stop drains it and returns what run did.
func inProcess(t *testing.T, args ...string) (s *server, stop func() error) {
	t.Helper()
	s, err := newServer(optionsOf(t, args...), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done, ready := make(chan error, 1), make(chan struct{})
	go func() { done <- s.run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-done:
		t.Fatalf("not ready: %v", err)
	}
	return s, func() error { cancel(); return <-done }
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text)
}

// TestDrainUnderLoadLeavesNothingBehind drains a server while lines flow: every member
// reads RECONNECT and then the end, and goleak finds no goroutine in TestMain.
func TestDrainUnderLoadLeavesNothingBehind(t *testing.T) {
	s, stop := inProcess(t, "--rate-limit=0", "--duplicate-window=0", "--max-conns-per-ip=0")
	const members = 200
	ended := make(chan error, members)
	joined := make(chan error, members)
	for i := range members {
		go func() { ended <- member(s.addrs.irc, i, joined) }()
	}
	for range members {
		if err := <-joined; err != nil {
			t.Fatal(err)
		}
	}
	speaker, err := net.Dial("tcp", s.addrs.irc)
	if err != nil {
		t.Fatal(err)
	}
	defer speaker.Close()
	fmt.Fprint(speaker, "PASS oauth:x\r\nNICK speaker\r\n")
	go func() {
		for i := 0; ; i++ {
			if _, err := fmt.Fprintf(speaker, "PRIVMSG #room :line %d\r\n", i); err != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	go func() { _, _ = io.Copy(io.Discard, speaker) }()
	if status, _ := get(t, "http://"+s.addrs.admin+"/readyz"); status != http.StatusOK {
		t.Errorf("ready: %d", status)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		_, text := get(t, "http://"+s.addrs.admin+"/metrics")
		if strings.Contains(text, `uproar_connections{port="irc"} 201`) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("metrics do not count 201 connections")
		}
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	for range members {
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
}

// member joins a room and reads until the end, which RECONNECT must announce.
func member(addr string, i int, joined chan<- error) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		joined <- err
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	fmt.Fprintf(c, "NICK justinfan%d\r\nJOIN #room\r\n", i)
	last := ""
	lines := bufio.NewScanner(c)
	for lines.Scan() {
		last = lines.Text()
		if strings.Contains(last, " 366 ") {
			joined <- nil
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("member %d: %w", i, err)
	}
	if last != ":tmi.twitch.tv RECONNECT" {
		return fmt.Errorf("member %d: the last line was %q", i, last)
	}
	return nil
}

func TestAddressInUseIsNamed(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, flag := range []string{"--irc-addr", "--http-addr", "--admin-addr"} {
		s, err := newServer(optionsOf(t, flag+"="+taken.Addr().String()), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		err = s.listen()
		var coded *codedError
		if !errors.Is(err, unix.EADDRINUSE) || !strings.Contains(err.Error(), taken.Addr().String()) ||
			!errors.As(err, &coded) || coded.code != exitAddress {
			t.Errorf("%s: %v", flag, err)
		}
		s.admin.Close()
	}
}

func TestWrongFlagsAreExplained(t *testing.T) {
	for _, tc := range []struct{ flag, says string }{
		{"--nosuch", "unknown flag --nosuch"},
		{"--irc-addr=6667", `--irc-addr: cannot read "6667" as host:port`},
		{"--rate-limit=fast", `cannot parse rate "fast"`},
		{"--auth=tokens", "--auth tokens: which? name a file with --tokens"},
		{"--ping-interval=0s", "--ping-interval: 0s is not a time above 0"},
		{"--outbox-bytes=0", "--outbox-bytes"},
		{"--loops=300", "--loops: 300 is not 0 to 256"},
		{"--server-name=two words", `--server-name: "two words" is no host name`},
		{"--flood-limit=5/10us", "--flood-limit: a window of 10µs is not 1ms to 24h"},
		{"--max-conns=-3", "--max-conns: -3 is negative"},
		{"--fanout-duty=NaN", "--fanout-duty: NaN is not 0 to 1000"},
		{"--config=/nosuch.yaml", "cannot use --config: open /nosuch.yaml"},
		{"--irc-addr=:66670", `--irc-addr: cannot read ":66670" as host:port`},
		{"--tokens=file", "--tokens: of no use without --auth tokens"},
		{"--line-gap=-1s", "--line-gap: -1s is negative"},
		{"--duplicate-window=-1s", "--duplicate-window: -1s is negative"},
		{"--redis=6379", "cannot use --redis"},
		{"--redis=a:1,a:1", "the address is there twice"},
		{"--redis-mode=cluster", "--redis-mode: of no use without --redis"},
		{"--redis-user=chat", "--redis-user: of no use without --redis"},
		{"--redis-password-file=file", "--redis-password-file: of no use without --redis"},
		{"--redis-tls", "--redis-tls: of no use without --redis"},
		{"--redis-ca=file", "--redis-ca: of no use without --redis"},
	} {
		var errs strings.Builder
		_, _, code, ok := parse([]string{tc.flag}, io.Discard, &errs)
		if ok || code != exitUsage || !strings.Contains(errs.String(), tc.says) {
			t.Errorf("%s: exit %d, %q", tc.flag, code, errs.String())
		}
		if lines := strings.Count(errs.String(), "\n"); lines != 1 {
			t.Errorf("%s: %d lines: %q", tc.flag, lines, errs.String())
		}
	}
}

func TestUnreadableTokenFileIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	_, err := newServer(optionsOf(t, "--auth=tokens", "--tokens="+path), slog.New(slog.DiscardHandler))
	var coded *codedError
	if !errors.As(err, &coded) || coded.code != exitFile || !strings.Contains(err.Error(), path) {
		t.Fatalf("%v", err)
	}
}

func TestPrintedConfigIsAConfig(t *testing.T) {
	var errs strings.Builder
	o, k, _, ok := parse([]string{"--data=", "--rate-limit=7/3s", "--irc-addr=127.0.0.1:7000", "--fanout-duty=2.5", "--redis=127.0.0.1:1,127.0.0.1:2"}, io.Discard, &errs)
	if !ok {
		t.Fatal(errs.String())
	}
	path := filepath.Join(t.TempDir(), "uproar.yaml")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	printConfig(f, k)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	again, _, _, ok := parse([]string{"--config=" + path}, io.Discard, &errs)
	if !ok {
		text, _ := os.ReadFile(path)
		t.Fatalf("%s\n%s", errs.String(), text)
	}
	again.Config = o.Config
	if !reflect.DeepEqual(again, o) {
		t.Fatalf("read back\n%+v\nwrote\n%+v", *again, *o)
	}
}

func TestFlagWinsOverVariableWinsOverFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "uproar.yaml")
	if err := os.WriteFile(path, []byte("max-conns-per-ip: 5\nrooms-max: 5\nloops: 5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("UPROAR_MAX_CONNS_PER_IP", "7")
	t.Setenv("UPROAR_ROOMS_MAX", "7")
	o := optionsOf(t, "--config="+path, "--max-conns-per-ip=9")
	if o.MaxConnsPerIP != 9 || o.RoomsMax != 7 || o.Loops != 5 {
		t.Fatalf("max-conns-per-ip %d, rooms-max %d, loops %d", o.MaxConnsPerIP, o.RoomsMax, o.Loops)
	}
}

func TestWrongConfigFileIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "uproar.yaml")
	for text, says := range map[string]string{
		"irc-adr: :7000\n": `unknown key "irc-adr"`,
		"help: true\n":     `unknown key "help"`,
		"- not\n- a map\n": "cannot unmarshal",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var errs strings.Builder
		_, _, code, ok := parse([]string{"--config=" + path}, io.Discard, &errs)
		if ok || code != exitUsage || !strings.Contains(errs.String(), says) || !strings.Contains(errs.String(), path) ||
			strings.Count(errs.String(), "\n") != 1 {
			t.Fatalf("%q: exit %d, %q", text, code, errs.String())
		}
	}
}

func TestAddressWithoutAHostServesBothFamilies(t *testing.T) {
	s, stop := inProcess(t, "--irc-addr=:0")
	_, port, err := net.SplitHostPort(s.addrs.irc)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "::1"} {
		c, err := net.Dial("tcp", net.JoinHostPort(host, port))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(c, "PING\r\n")
		if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || line != "PONG :tmi.twitch.tv\r\n" {
			t.Errorf("over %s: %q, %v", host, line, err)
		}
		_ = c.Close()
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}
