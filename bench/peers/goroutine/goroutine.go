// Package goroutine is a chat server of this repository in the way most are written in
// Go: two goroutines for each connection, on gobwas/ws. What Uproar's event loops are
// worth shows beside it. The server is the program in the folder server.
package goroutine

import (
	"context"
	"regexp"

	"uproar/bench/load"
	"uproar/bench/target"
)

var program = target.GoProgram{Name: "goroutine", Import: "uproar/bench/peers/goroutine/server"}

// Peer needs nothing but what Uproar is built with.
var Peer = target.Peer{
	Name:    "goroutine",
	Help:    "two goroutines for each connection, gobwas/ws, shared frames, writev",
	Install: "go mod download",
	Tuned:   "bench/peers/goroutine/server",
	Version: func(ctx context.Context) (string, error) { return program.Versions(ctx, "github.com/gobwas/ws") },
	Start:   start,
}

var ready = regexp.MustCompile(`^ready members=(\S+) publishers=(\S+)`)

func start(ctx context.Context, dir string) (*target.Server, error) {
	path, err := program.Build(ctx, dir)
	if err != nil {
		return nil, err
	}
	p, m, err := target.StartProcess(ctx, "goroutine", path, nil, ready)
	if err != nil {
		return nil, err
	}
	return &target.Server{Process: p, Wire: load.Lines, Members: m[1], Publishers: m[2], Raw: true}, nil
}
