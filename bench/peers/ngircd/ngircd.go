// Package ngircd is ngIRCd from Debian, a small IRC daemon in C with one event loop, as a
// peer: members and publishers are IRC over TCP. Its configuration, ngircd.conf.tmpl, takes
// away what protects a public server (penalties, lookups, limits). It collects what one turn
// of its loop brought and sends it with one write per member. It cannot hide joins: each is
// told to all members, so that a room takes a time to fill that grows with its square. A
// line of more than 512 bytes is cut, so that texts must be shorter than 440.
//
// It writes a few lines about each connection to its standard output, which cannot be
// turned off. apt starts it as a service where there is a service manager; the harness has
// no use for that one, and it may be stopped.
package ngircd

import (
	"context"
	_ "embed"
	"regexp"
	"text/template"

	"uproar/bench/load"
	"uproar/bench/target"
)

//go:embed ngircd.conf.tmpl
var config string

var daemon = target.Daemon{
	Name: "ngircd", VersionArg: "--version", Version: regexp.MustCompile(`(?i)^ngircd (\d[0-9.]*)`),
	Config: template.Must(template.New("ngircd.conf").Parse(config)),
	Args:   func(site target.DaemonSite) []string { return []string{"--nodaemon", "--config", site.Config} },
	Ready:  regexp.MustCompile(`Server ".*" .*ready\.$`),
}

// Peer is ngIRCd.
var Peer = target.Peer{
	Name:    "ngircd",
	Help:    "ngIRCd, C, one event loop, IRC over TCP",
	Install: "apt-get install -y ngircd",
	Tuned:   "bench/peers/ngircd/ngircd.conf.tmpl",
	Version: func(ctx context.Context) (string, error) {
		version, err := daemon.Installed(ctx)
		return "ngIRCd " + version, err
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
	return &target.Server{Process: p, Wire: load.IRC, Members: site.Addr(), Publishers: site.Addr(),
		Prefix: "NICK!~" + load.PublisherUser + "@" + site.Host, Window: backlog}, nil
}

// backlog is how many connections may wait to be accepted (it is fixed in ngIRCd's conn.c,
// listen(2)): who comes beyond it tries again a second later, and then less and less often.
const backlog = 10
