// Package nchan is nchan from Debian, a module that makes nginx a message broker, as a
// peer: members are WebSockets that are sent whole lines, one text frame and one write
// each. Its configuration, nginx.conf.tmpl, has a worker for each core and takes the least
// memory for each connection.
//
// nchan knows no IRC: it registers nobody, reads nothing of what it distributes and keeps
// no names, so that it does less than a chat server. Publishers send text frames on a
// WebSocket too. That costs it less than HTTP, where each message is a request with heads
// to parse and to write, and it takes them as fast as they come.
//
// apt starts nginx as a service where there is a service manager; the harness has no use
// for that one, and it may be stopped.
package nchan

import (
	"context"
	_ "embed"
	"fmt"
	"os/exec"
	"regexp"
	"syscall"
	"text/template"

	"uproar/bench/load"
	"uproar/bench/target"
)

//go:embed nginx.conf.tmpl
var config string

var daemon = target.Daemon{
	Name: "nginx", VersionArg: "-v", Version: regexp.MustCompile(`nginx/(\S+)`),
	Config: template.Must(template.New("nginx.conf").Parse(config)),
	Args:   func(site target.DaemonSite) []string { return []string{"-e", "/dev/stdout", "-c", site.Config} },
	Ready:  regexp.MustCompile(`start worker process \d+`),
	Orphan: syscall.SIGTERM,
}

// Peer is nchan.
var Peer = target.Peer{
	Name:    "nchan",
	Help:    "nchan, a module of nginx, C, a worker for each core, WebSocket, no IRC",
	Install: "apt-get install -y nginx libnginx-mod-nchan",
	Tuned:   "bench/peers/nchan/nginx.conf.tmpl",
	Version: version,
	Start: func(ctx context.Context, dir string) (*target.Server, error) {
		site, err := daemon.Site(dir)
		if err != nil {
			return nil, err
		}
		return start(ctx, site)
	},
}

// version asks Debian for that of the module: it does not tell before it serves.
func version(ctx context.Context) (string, error) {
	server, err := daemon.Installed(ctx)
	if err != nil {
		return "", err
	}
	module, err := exec.CommandContext(ctx, "dpkg-query", "--show", "--showformat=${Version}", "libnginx-mod-nchan").Output()
	if err != nil {
		return "", fmt.Errorf("cannot find package libnginx-mod-nchan: %w", err)
	}
	return fmt.Sprintf("nchan %s on nginx %s", module, server), nil
}

func start(ctx context.Context, site target.DaemonSite) (*target.Server, error) {
	p, err := daemon.Start(ctx, site)
	if err != nil {
		return nil, err
	}
	return &target.Server{Process: p, Wire: load.Lines, Hello: load.Hello{Path: "/sub", Silent: true}, Members: site.Addr(),
		Publishers: site.Addr(), Raw: true, Upgrade: "/pub"}, nil
}
