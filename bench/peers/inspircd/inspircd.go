// Package inspircd is InspIRCd from Debian, an IRC daemon in C++ with one event loop, as
// a peer: members and publishers are IRC over TCP. Its configuration, inspircd.conf.tmpl,
// takes away what protects a public server (throttles, lookups, limits) and hides joins,
// and loads no module beyond that. It sends each line when it comes, all that one turn of
// its loop brought with one write per member. A line of more than 512 bytes is cut, so that
// texts must be shorter than 440.
//
// Who has sent NICK and USER is let in once a second, with all others: that is what a
// connection takes, whatever else it costs. apt starts it as a service where there is a
// service manager; the harness has no use for that one, and it may be stopped.
package inspircd

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"text/template"

	"uproar/bench/load"
	"uproar/bench/target"
)

//go:embed inspircd.conf.tmpl
var config string

var daemon = target.Daemon{
	Name: "inspircd", VersionArg: "--version", Version: regexp.MustCompile(`InspIRCd-(\d\S*)`),
	Config: template.Must(template.New("inspircd.conf").Parse(config)),
	Args: func(site target.DaemonSite) []string {
		return []string{"--nofork", "--nopid", "--nolog", "--runasroot", "--config=" + site.Config}
	},
	Ready: regexp.MustCompile(`^InspIRCd is now running as `),
}

// Peer is InspIRCd.
var Peer = target.Peer{
	Name:    "inspircd",
	Help:    "InspIRCd, C++, one event loop, IRC over TCP",
	Install: "apt-get install -y inspircd",
	Tuned:   "bench/peers/inspircd/inspircd.conf.tmpl",
	Version: func(ctx context.Context) (string, error) {
		version, err := daemon.Installed(ctx)
		return "InspIRCd " + version, err
	},
	Start: func(ctx context.Context, dir string) (*target.Server, error) {
		site, err := daemon.Site(dir)
		if err != nil {
			return nil, err
		}
		return start(ctx, site)
	},
}

func start(ctx context.Context, site target.DaemonSite) (*target.Server, error) {
	p, err := daemon.Start(ctx, site)
	if err != nil {
		return nil, err
	}
	if strings.Contains(p.Output(), "failed to bind") { // it runs without a port as well
		p.Kill()
		return nil, fmt.Errorf("cannot start %q: %w; it said:\n%s", p.Name, errPort, p.Output())
	}
	return &target.Server{Process: p, Wire: load.IRC, Members: site.Addr(), Publishers: site.Addr(),
		Prefix: "NICK!" + load.PublisherUser + "@" + site.Host, Window: backlog}, nil
}

// backlog is how many connections wait to be accepted. All of them are let in together,
// once a second.
const backlog = 4096

var errPort = errors.New("its port is taken")
