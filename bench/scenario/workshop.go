package scenario

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"uproar/bench/load"
	"uproar/bench/peers"
	"uproar/bench/peers/bare"
	"uproar/bench/target"
)

// Workshop builds servers when they are first needed. Not for concurrent use.
type Workshop struct {
	Dir      string   // for binaries; the caller removes it
	Edge     string   // path of the server; "" builds it from this module
	EdgeArgs []string // further flags for the server
	Log      func(format string, args ...any)
	Left     func(d time.Duration) // told by Expect; nil when nobody listens

	bare string
}

// Expect says that the scenario will take about d from now on. It may be corrected as
// often as there is news.
func (w *Workshop) Expect(d time.Duration) {
	if w.Left != nil {
		w.Left(d)
	}
}

// edgePath is Uproar's program.
func (w *Workshop) edgePath(ctx context.Context) (string, error) {
	if w.Edge == "" {
		path, err := target.BuildEdge(ctx, w.Dir)
		if err != nil {
			return "", err
		}
		w.Edge = path
	}
	return w.Edge, nil
}

// EdgeServer starts Uproar.
func (w *Workshop) EdgeServer(ctx context.Context, c target.EdgeConfig) (*target.Server, error) {
	path, err := w.edgePath(ctx)
	if err != nil {
		return nil, err
	}
	c.Path, c.Args = path, append(c.Args, w.EdgeArgs...)
	return target.StartEdge(ctx, c)
}

// BareServer starts the bare loop.
func (w *Workshop) BareServer(ctx context.Context, window time.Duration) (*target.Server, error) {
	if w.bare == "" {
		path, err := bare.Build(ctx, w.Dir)
		if err != nil {
			return nil, err
		}
		w.bare = path
	}
	return bare.Start(ctx, w.bare, window)
}

// Start starts the server that a report would call name: "uproar", "uproar-tcp",
// "bare", "bare-20ms" for batches of 20 ms, or a peer of that name.
func (w *Workshop) Start(ctx context.Context, name string) (*target.Server, error) {
	switch name {
	case "uproar":
		return w.EdgeServer(ctx, target.EdgeConfig{Wire: load.WebSocket})
	case "uproar-tcp":
		return w.EdgeServer(ctx, target.EdgeConfig{Wire: load.TCP})
	}
	if window, ok := bareWindow(name); ok {
		return w.BareServer(ctx, window)
	}
	if p, ok := peers.Find(name); ok {
		return p.Start(ctx, w.Dir)
	}
	return nil, unknownTarget(name)
}

func unknownTarget(name string) error {
	return fmt.Errorf("cannot start target %q: want uproar, uproar-tcp, bare, bare-<N>ms, %s", name, strings.Join(peers.Names(), ", "))
}

// bareWindow is the window of the bare loop of that name.
func bareWindow(name string) (time.Duration, bool) {
	if name == "bare" {
		return 0, true
	}
	number, windowed := strings.CutPrefix(name, "bare-")
	number, milliseconds := strings.CutSuffix(number, "ms")
	n, err := strconv.Atoi(number)
	return time.Duration(n) * time.Millisecond, windowed && milliseconds && err == nil && n > 0
}

// muster parts targets into those that can be started and, with their versions or the
// commands that install them, the peers among all.
func (w *Workshop) muster(ctx context.Context, targets []string) (present []string, company []Peer, err error) {
	for _, name := range targets {
		_, bare := bareWindow(name)
		if bare || name == "uproar" || name == "uproar-tcp" {
			present = append(present, name)
			continue
		}
		p, ok := peers.Find(name)
		if !ok {
			return nil, nil, unknownTarget(name)
		}
		one := Peer{Name: name, Install: p.Install, Tuned: p.Tuned}
		if present, err = w.enlist(ctx, present, &one, p.Version); err != nil {
			return nil, nil, err
		}
		company = append(company, one)
	}
	return present, company, nil
}

// enlist finds the version of one peer and, if it is installed, adds its name to present.
func (w *Workshop) enlist(ctx context.Context, present []string, one *Peer, version func(context.Context) (string, error)) ([]string, error) {
	found, err := version(ctx)
	if ctx.Err() != nil {
		return present, ctx.Err()
	}
	if err != nil {
		w.Log("%s is left out: %v", one.Name, err)
		return present, nil
	}
	one.Version = found
	return append(present, one.Name), nil
}
