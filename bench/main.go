// Command bench measures the server from outside, next to the least that any
// server must do.
//
//	go run ./bench list
//	go run ./bench run fanout
//	go run ./bench --help
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/mattn/go-isatty"

	"uproar/bench/load"
	"uproar/bench/meter"
	"uproar/bench/origin"
	"uproar/bench/scenario"
	"uproar/bench/worker"
)

const description = `Measures the chat server from outside, as its own process, with real sockets on loopback.

Every delivery is checked for identity and order. Latency counts from the time a
line was due, whatever the server did (open loop). CPU is the server's user plus
system time per delivery; the generator shares the cores with it, so compare only
figures of one run: the bare C loop beside it is the ruler.

  go run ./bench list                              # every scenario
  go run ./bench run fanout                        # the grid: Uproar, the bare loop and a goroutine server in turns
  go run ./bench run fanout --row 1000x200 --duration 60s --target uproar,bare,bare-20ms
  go run ./bench peers fanout                      # the grid with every peer; names those that are not installed
  go run ./bench run idle --json results.jsonl     # memory per idle member
  go run ./bench run slow                          # 64 MB pass by a member that does not read
  go run ./bench run drain                         # SIGTERM under load
  go run ./bench run pokemon                       # 121,000 members of one room; --members 5000 for a first look
  go run ./bench run million                       # a million sockets, if the machine has 14 GB
  go run ./bench gate                              # budgets, and time against the commit before
  go run ./bench report                            # renders BENCHMARKS.md from bench/results

Ctrl-C stops the servers that were started.`

type flags struct {
	List listCommand `cmd:"" help:"List the scenarios."`
	Run  struct {
		kong.Plugins
	} `cmd:"" help:"Run a scenario."`
	Peers struct {
		kong.Plugins
	} `cmd:"" help:"Run a scenario with every peer in turns."`
	Gate   gateCommand   `cmd:"" help:"Fail when Uproar is over its budgets, or slower than the commit before."`
	Report reportCommand `cmd:"" help:"Render BENCHMARKS.md and its charts from bench/results, in the folder that holds both."`

	Server    string   `placeholder:"PATH" help:"Server binary to measure; built from ./edge when absent."`
	ServerArg []string `placeholder:"FLAG" sep:"none" help:"Further flag for the server, such as --server-arg=--loops=2; repeatable."`
	JSON      string   `name:"json" placeholder:"FILE" help:"Append one JSON line per run to FILE."`
}

func main() {
	worker.Run()
	origin.Run()
	f, k, configs, err := parser()
	if err != nil {
		panic(fmt.Sprintf("BUG: %v", err))
	}
	chosen, err := k.Parse(os.Args[1:])
	k.FatalIfErrorf(err)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // who asks twice ends it at once; the kernel ends its servers
	err = run(ctx, chosen, f, configs)
	switch {
	case err != nil && ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "bench: stopped")
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// parser returns the command line with every scenario in it, and the configurations by
// their commands, such as "run fanout".
func parser() (*flags, *kong.Kong, map[string]scenario.Config, error) {
	var f flags
	configs := map[string]scenario.Config{}
	f.Run.Plugins = kong.Plugins{scenarioCommands("run", scenario.All, configs)}
	f.Peers.Plugins = kong.Plugins{scenarioCommands("peers", contests(scenario.All), configs)}
	k, err := kong.New(&f, kong.Name("bench"), kong.Description(description), kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{NoExpandSubcommands: true}))
	return &f, k, configs, err
}

// run runs the chosen command with a workshop that is gone afterwards.
func run(ctx context.Context, chosen *kong.Context, f *flags, configs map[string]scenario.Config) error {
	if _, err := load.RaiseFileLimit(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "uproar-bench-")
	if err != nil {
		return fmt.Errorf("cannot make a folder for binaries: %w", err)
	}
	defer os.RemoveAll(dir)
	p := startProgress(os.Stderr, isatty.IsTerminal(os.Stderr.Fd()))
	defer p.stop()
	shop := &scenario.Workshop{Dir: dir, Edge: f.Server, EdgeArgs: f.ServerArg, Log: p.say, Left: p.left}
	s := &session{ctx: ctx, shop: shop, progress: p, json: f.JSON, command: commandLine(os.Args[1:]), environment: meter.ReadEnvironment()}
	config, ok := configs[chosen.Command()]
	if !ok {
		return chosen.Run(s)
	}
	verb, name, _ := strings.Cut(chosen.Command(), " ")
	if c, ok := config.(scenario.Contest); ok {
		c.Choose(verb == "peers")
	}
	return runScenario(s, name, config)
}

// session is what every command works with.
type session struct {
	ctx         context.Context
	shop        *scenario.Workshop
	progress    *progress // stopped before anything else is printed
	json        string
	command     string
	environment meter.Environment
}
