// Package centrifuge is a chat room on the library of that name, of which Centrifugo is
// made. The server is a program of the nested module bench/peers/others, so that the
// library is no part of the product.
package centrifuge

import (
	"context"
	"regexp"

	"uproar/bench/load"
	"uproar/bench/target"
)

var program = target.GoProgram{
	Name: "centrifuge", Module: "bench/peers/others", Import: "uproar/bench/peers/others/centrifuge",
}

// Default is the library as it comes, with queues that are large enough for the work.
var Default = peer("centrifuge", "centrifuge as it comes, but for larger queues; JSON protocol")

// Tuned is set up as its documentation advises for many members of a busy channel.
var Tuned = peer("centrifuge-tuned", "centrifuge with a write delay of 20 ms, timers instead of goroutines, shared buffers", "--tuned")

func peer(name, help string, args ...string) target.Peer {
	return target.Peer{
		Name: name, Help: help,
		Install: "go -C bench/peers/others mod download",
		Tuned:   "bench/peers/others/centrifuge/main.go",
		Version: func(ctx context.Context) (string, error) {
			return program.Versions(ctx, "github.com/centrifugal/centrifuge")
		},
		Start: func(ctx context.Context, dir string) (*target.Server, error) { return start(ctx, dir, name, args) },
	}
}

var ready = regexp.MustCompile(`^ready members=(\S+) publishers=(\S+)`)

func start(ctx context.Context, dir, name string, args []string) (*target.Server, error) {
	path, err := program.Build(ctx, dir)
	if err != nil {
		return nil, err
	}
	p, m, err := target.StartProcess(ctx, name, path, args, ready)
	if err != nil {
		return nil, err
	}
	hello := load.Hello{Path: "/connection/websocket", Channel: "bench"}
	return &target.Server{Process: p, Wire: load.Centrifuge, Hello: hello, Members: m[1], Publishers: m[2], Raw: true}, nil
}
