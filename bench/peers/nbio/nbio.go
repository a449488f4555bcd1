// Package nbio is a chat room on event loops in Go that are not Uproar's: those of nbio, by
// its broadcast example. The server is a program of the nested module bench/peers/others,
// so that the library is no part of the product.
package nbio

import (
	"context"
	"regexp"

	"uproar/bench/load"
	"uproar/bench/target"
)

var program = target.GoProgram{
	Name: "nbio", Module: "bench/peers/others", Import: "uproar/bench/peers/others/nbio",
}

// Peer writes each line to each member from the goroutine that has read it.
var Peer = target.Peer{
	Name:    "nbio",
	Help:    "event loops in Go, one write per member and line",
	Install: "go -C bench/peers/others mod download",
	Tuned:   "bench/peers/others/nbio/main.go",
	Version: func(ctx context.Context) (string, error) { return program.Versions(ctx, "github.com/lesismal/nbio") },
	Start:   start,
}

var ready = regexp.MustCompile(`^ready members=(\S+) publishers=(\S+)`)

func start(ctx context.Context, dir string) (*target.Server, error) {
	path, err := program.Build(ctx, dir)
	if err != nil {
		return nil, err
	}
	p, m, err := target.StartProcess(ctx, "nbio", path, nil, ready)
	if err != nil {
		return nil, err
	}
	return &target.Server{Process: p, Wire: load.Lines, Members: m[1], Publishers: m[2], Raw: true}, nil
}
