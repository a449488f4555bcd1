package target

import (
	"context"
	"regexp"
	"time"

	"uproar/bench/load"
)

var edgeReady = regexp.MustCompile(`^ready irc=(\S+) http=(\S+) admin=(\S+)(?: link=(\S+))?`)

// BuildEdge builds the server of this module into dir and returns its path.
func BuildEdge(ctx context.Context, dir string) (string, error) {
	return GoProgram{Name: "uproar", Import: "uproar/edge"}.Build(ctx, dir)
}

// EdgeConfig is how a benchmark runs the server: free ports on loopback, and no
// limit of chat in the way.
type EdgeConfig struct {
	Path string
	Wire load.Wire // WebSocket or TCP

	PingInterval   time.Duration // 0 is 5 minutes; the server looks again after as long, so that it is the beat
	DrainTimeout   time.Duration // 0 leaves the server's default
	FanoutDelayMax time.Duration // 0 is 500 ms
	Args           []string      // further flags; they win over the above
}

func (c EdgeConfig) args() []string {
	if c.FanoutDelayMax == 0 {
		c.FanoutDelayMax = 500 * time.Millisecond
	}
	args := []string{
		"--irc-addr=127.0.0.1:0", "--http-addr=127.0.0.1:0", "--admin-addr=127.0.0.1:0",
		"--data=", "--rate-limit=0", "--rate-limit-mod=0", "--line-gap=0", "--duplicate-window=0",
		"--max-conns-per-ip=0", "--flood-limit=0", "--auth-limit=0",
		"--fanout-delay-max=" + c.FanoutDelayMax.String(),
	}
	if c.PingInterval > 0 {
		args = append(args, "--ping-interval="+c.PingInterval.String(), "--ping-timeout="+c.PingInterval.String())
	} else {
		args = append(args, "--ping-interval=5m")
	}
	if c.DrainTimeout > 0 {
		args = append(args, "--drain-timeout="+c.DrainTimeout.String())
	}
	return append(args, c.Args...)
}

// StartEdge runs the server and waits until it is ready.
func StartEdge(ctx context.Context, c EdgeConfig) (*Server, error) {
	p, m, err := StartProcess(ctx, "uproar", c.Path, c.args(), edgeReady)
	if err != nil {
		return nil, err
	}
	s := &Server{Process: p, Wire: c.Wire, Members: m[2], Publishers: m[1], Admin: m[3], Link: m[4]}
	if c.Wire == load.TCP {
		s.Members = m[1]
	}
	return s, nil
}
