package main

import (
	"log/slog"
	"runtime"
	"testing"
)

func TestLoopsLeaveAProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	const fleet = "--exchange=127.0.0.1:1"
	for _, c := range []struct {
		set  string // GOMAXPROCS
		args []string
		want int
	}{
		{"", nil, 3},
		{"", []string{"--loops=1"}, 2},
		{"2", nil, 2},
		{"", []string{"--roles=edge", "--clue=127.0.0.1:1", fleet}, 3},
		{"", []string{"--roles=edge", "--clue=127.0.0.1:1", fleet, "--loops=1"}, 2},
		{"", []string{"--roles=edge,exchange", "--clue=127.0.0.1:1", fleet, "--link-addr=127.0.0.1:0", "--upstream=127.0.0.1:1"}, 5},
		{"2", []string{"--roles=edge", "--clue=127.0.0.1:1", fleet}, 2},
	} {
		t.Setenv("GOMAXPROCS", c.set)
		runtime.GOMAXPROCS(2)
		s, err := newServer(optionsOf(t, c.args...), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		s.leaveProcessor()
		if got := runtime.GOMAXPROCS(0); got != c.want {
			t.Errorf("%q with GOMAXPROCS=%q: %d processors, want %d", c.args, c.set, got, c.want)
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}
}
