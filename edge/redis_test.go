package main

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/store/redistest"
)

// openRedis opens the store that a command line chooses.
func openRedis(t *testing.T, args ...string) error {
	t.Helper()
	o, _, code, ok := parse(args, io.Discard, io.Discard)
	if !ok {
		t.Fatalf("%q: exit code %d", args, code)
	}
	s, err := openStore(o, metrics.NewSet(), slog.New(slog.DiscardHandler))
	if err == nil {
		err = s.Close()
	}
	return err
}

func write(t *testing.T, content string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRedisIsReachedWithPasswordAndTLS(t *testing.T) {
	server, ca := redistest.StartTLS(t, "--requirepass", "secret")
	right, wrong := write(t, "secret\n"), write(t, "other\n")
	for _, c := range []struct {
		args []string
		want []string // in the error; none: no error
	}{
		{[]string{"--redis=" + server.TLS, "--redis-password-file=" + right, "--redis-tls", "--redis-ca=" + ca}, nil},
		{[]string{"--redis=" + server.Addr, "--redis-password-file=" + right}, nil},
		{[]string{"--redis=" + server.Addr, "--redis-password-file=" + right, "--redis-user=default"}, nil},
		{[]string{"--redis=" + server.Addr}, []string{"--redis-password-file", server.Addr}},
		{[]string{"--redis=" + server.Addr, "--redis-password-file=" + wrong}, []string{"check the password", wrong, server.Addr}},
		{[]string{"--redis=" + server.TLS, "--redis-password-file=" + right, "--redis-tls"}, []string{"certificate"}},
		{[]string{"--redis=" + server.TLS}, []string{"give --redis-tls", server.TLS}},
		{[]string{"--redis=" + server.TLS, "--redis-mode=cluster"}, []string{"give --redis-tls", server.TLS}},
		{[]string{"--redis=" + server.Addr, "--redis-tls", "--redis-ca=" + ca}, []string{"leave out --redis-tls", server.Addr}},
		{[]string{"--redis=127.0.0.1:1"}, []string{"cannot connect: dial tcp 127.0.0.1:1"}},
		{[]string{"--redis=127.0.0.1:1", "--redis-tls"}, []string{"cannot connect: dial tcp 127.0.0.1:1"}},
		{[]string{"--redis=" + server.Addr, "--redis-password-file=" + right + "x"}, []string{"--redis-password-file", right + "x"}},
		{[]string{"--redis=" + server.Addr, "--redis-password-file=" + write(t, "\n")}, []string{"--redis-password-file", "empty"}},
		{[]string{"--redis=" + server.TLS, "--redis-tls", "--redis-ca=" + right}, []string{"--redis-ca", right}},
	} {
		err := openRedis(t, c.args...)
		if (err == nil) != (c.want == nil) {
			t.Errorf("%q: %v", c.args, err)
			continue
		}
		for _, part := range c.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q: error %q lacks %q", c.args, err, part)
			}
		}
	}
}

func TestRedisFlagsThatContradictAreAMistake(t *testing.T) {
	for flag, says := range map[string]string{
		"--redis-ca=file": "--redis-ca: of no use without --redis-tls",
		"--env=A":         `environment "A" is not of [a-z0-9-]`,
	} {
		var errs strings.Builder
		_, _, code, ok := parse([]string{"--redis=127.0.0.1:1", flag}, io.Discard, &errs)
		if ok || code != exitUsage || !strings.Contains(errs.String(), says) {
			t.Errorf("%s: passed: %v, exit code %d, %q", flag, ok, code, errs.String())
		}
	}
}
