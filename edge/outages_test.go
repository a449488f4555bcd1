package main

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

func TestOutageIsLoggedWithItsCauseAndItsEnd(t *testing.T) {
	var out bytes.Buffer
	o := newOutages(slog.New(newFolded(slog.NewTextHandler(&out, nil))))
	redis, withoutClients := o.redis(true), o.redis(false)
	redis("10.0.0.1:6379", true, errors.New("no answer"))
	withoutClients("10.0.0.2:6379", true, errors.New("refused"))
	redis("10.0.0.1:6379", false, nil)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 {
		t.Fatalf("logged %q, want 3 lines", lines)
	}
	for i, want := range [][]string{
		{"level=ERROR", "redis 10.0.0.1:6379 fails", "only those may speak whom this process knows", "no answer"},
		{"level=ERROR", "redis 10.0.0.2:6379 fails", "nobody may speak", "refused"},
		{"level=INFO", "redis 10.0.0.1:6379 is well again", "after="},
	} {
		for _, part := range want {
			if !strings.Contains(lines[i], part) {
				t.Errorf("line %q lacks %q", lines[i], part)
			}
		}
	}
}
