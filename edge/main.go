// Command edge is the server: sockets in, sockets out.
//
//	go run ./edge
//
// serves chat with defaults and nothing else. This package reads the configuration,
// picks the implementations, and runs them; see ARCHITECTURE.md for the rest.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/lmittmann/tint"
	"github.com/mattn/go-isatty"
)

// Exit codes.
const (
	exitOK      = 0 // drained, or had nothing to do
	exitFailure = 1 // ended unexpectedly
	exitUsage   = 2 // a flag, variable or config file is wrong
	exitFile    = 3 // a file that the configuration names cannot be read, or is in use
	exitAddress = 4 // an address cannot be listened on, or Redis cannot be used
	exitForced  = 5 // a second signal cut the drain short
)

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	o, k, code, ok := parse(args, os.Stdout, os.Stderr)
	if !ok {
		return code
	}
	if o.PrintConfig {
		printConfig(os.Stdout, k)
		return exitOK
	}
	if o.CheckConfig {
		o.alone() // the server that runs may have the file, and its Redis may be out of reach
	}
	log := newLog(o)
	s, err := newServer(o, log)
	if err != nil {
		return fail(err)
	}
	if o.CheckConfig {
		fmt.Println("configuration is good")
		return exitOK
	}
	s.leaveProcessor()
	if err := s.listen(); err != nil {
		return fail(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt, syscall.SIGHUP)
	go handleSignals(signals, s, cancel, log)
	err = s.run(ctx, func() {
		fmt.Println(s.addrs.ready())
	})
	if err != nil {
		return fail(err)
	}
	return exitOK
}

// handleSignals reloads on SIGHUP, drains on the first other signal, and ends the
// process on the second.
func handleSignals(signals <-chan os.Signal, s *server, drain context.CancelFunc, log *slog.Logger) {
	draining := false
	for sig := range signals {
		switch {
		case sig == syscall.SIGHUP:
			s.reload()
		case draining:
			log.Warn("second signal: ending at once", "signal", sig.String())
			os.Exit(exitForced)
		default:
			draining = true
			log.Info("draining; a second signal ends at once", "signal", sig.String())
			drain()
		}
	}
}

// fail prints the one line that says what is wrong, and returns the exit code.
func fail(err error) int {
	fmt.Fprintf(os.Stderr, "uproar: %v\n", err)
	var coded *codedError
	if errors.As(err, &coded) {
		return coded.code
	}
	return exitFailure
}

// codedError carries the exit code of a failure.
type codedError struct {
	error
	code int
}

func (e *codedError) Unwrap() error { return e.error }

func newLog(o *options) *slog.Logger { return slog.New(newFolded(logHandler(o))) }

func logHandler(o *options) slog.Handler {
	var level slog.Level
	_ = level.UnmarshalText([]byte(o.LogLevel)) // an enum of slog's own names
	opts := &slog.HandlerOptions{Level: level}
	switch {
	case o.LogFormat == "json":
		return slog.NewJSONHandler(os.Stderr, opts)
	case o.LogFormat == "auto" && isatty.IsTerminal(os.Stderr.Fd()):
		return tint.NewTextHandler(os.Stderr, &tint.Options{Level: level, TimeFormat: time.TimeOnly})
	}
	return slog.NewTextHandler(os.Stderr, opts)
}
