// Command bench measures the server from outside, next to the least that any
// server must do.
//
//	go run ./bench fanout
//	go run ./bench --help
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"uproar/bench/load"
	"uproar/bench/meter"
	"uproar/bench/report"
	"uproar/bench/scenario"
)

const description = `Measures the chat server from outside, as its own process, with real sockets on loopback.

Every delivery is checked for identity and order. Latency counts from the time a
line was due, whatever the server did (open loop). CPU is the server's user plus
system time per delivery; the generator shares the cores with it, so compare only
figures of one run: the bare C loop beside it is the ruler.

  go run ./bench fanout                        # the grid, Uproar and the bare loop in turns
  go run ./bench fanout --row 1000x200 --duration 10s --target uproar,bare,bare-20ms
  go run ./bench idle --json results.jsonl     # memory per idle member
  go run ./bench slow                          # 64 MB pass by a member that does not read
  go run ./bench drain                         # SIGTERM under load

Ctrl-C stops the servers that were started.`

type flags struct {
	Fanout fanoutFlags `cmd:"" help:"CPU and latency of one room's lines to all its members, against peers."`
	Idle   idleFlags   `cmd:"" help:"Memory of members that only answer PING."`
	Slow   slowFlags   `cmd:"" help:"What one member that stops reading costs the server and the others."`
	Drain  drainFlags  `cmd:"" help:"How members are sent away on SIGTERM."`

	Server    string   `placeholder:"PATH" help:"Server binary to measure; built from ./edge when absent."`
	ServerArg []string `placeholder:"FLAG" sep:"none" help:"Further flag for the server, such as --server-arg=--loops=2; repeatable."`
	JSON      string   `name:"json" placeholder:"FILE" help:"Append one JSON line per row to FILE."`
}

func main() {
	var f flags
	k := kong.Parse(&f, kong.Name("bench"), kong.Description(description), kong.UsageOnError())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, k, &f)
	switch {
	case err != nil && ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "bench: stopped")
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run runs the chosen command with a workshop that is gone afterwards.
func run(ctx context.Context, k *kong.Context, f *flags) error {
	if _, err := load.RaiseFileLimit(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "uproar-bench-")
	if err != nil {
		return fmt.Errorf("cannot make a folder for binaries: %w", err)
	}
	defer os.RemoveAll(dir)
	shop := &scenario.Workshop{Dir: dir, Edge: f.Server, EdgeArgs: f.ServerArg, Log: func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, format+"\n", args...)
	}}
	return k.Run(&session{ctx: ctx, shop: shop, json: f.JSON, environment: meter.ReadEnvironment()})
}

// session is what every command works with.
type session struct {
	ctx         context.Context
	shop        *scenario.Workshop
	json        string
	environment meter.Environment
}

// show prints a table and appends the results to the JSON file, if there is one.
func (s *session) show(name string, config any, header []string, cells [][]string, results ...any) error {
	e := s.environment
	fmt.Printf("%s on %s, %d cores, kernel %s, %s, commit %s\n", name, e.CPU, e.Cores, e.Kernel, e.Go, e.Commit)
	err := report.Table(os.Stdout, header, cells)
	if s.json == "" {
		return err
	}
	for _, r := range results {
		err = errors.Join(err, report.Append(s.json, report.Entry{Scenario: name, Environment: e, Config: config, Result: r}))
	}
	return err
}
