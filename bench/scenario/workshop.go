package scenario

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"uproar/bench/load"
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
// "bare", or "bare-20ms" for batches of 20 ms.
func (w *Workshop) Start(ctx context.Context, name string) (*target.Server, error) {
	switch name {
	case "uproar":
		return w.EdgeServer(ctx, target.EdgeConfig{Wire: load.WebSocket})
	case "uproar-tcp":
		return w.EdgeServer(ctx, target.EdgeConfig{Wire: load.TCP})
	case "bare":
		return w.BareServer(ctx, 0)
	}
	if ms, ok := strings.CutPrefix(name, "bare-"); ok {
		if n, err := strconv.Atoi(strings.TrimSuffix(ms, "ms")); err == nil && strings.HasSuffix(ms, "ms") && n > 0 {
			return w.BareServer(ctx, time.Duration(n)*time.Millisecond)
		}
	}
	return nil, fmt.Errorf("cannot start target %q: want uproar, uproar-tcp, bare or bare-<N>ms", name)
}
