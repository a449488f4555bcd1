// Package varnish is Varnish from Debian, as a peer of a node of the video tier. Its
// configuration, default.vcl.tmpl, hands on what comes from the upstream while it comes
// (do_stream) and has as many threads as there may be answers on their way: one for each.
//
// Those who ask for what is being fetched wait in a list, without a thread, until the head
// of the response has come; they are let go some at a time, each wakes others (rush_exponent).
package varnish

import (
	"context"
	_ "embed"
	"path/filepath"
	"regexp"
	"text/template"

	"uproar/bench/target"
)

//go:embed default.vcl.tmpl
var config string

var daemon = target.Daemon{
	Name: "varnishd", VersionArg: "-V", Version: regexp.MustCompile(`varnish-(\d[0-9.]*)`),
	Config: template.Must(template.New("default.vcl").Parse(config)),
	Args: func(site target.DaemonSite) []string {
		return []string{"-F", "-j", "none", "-n", filepath.Join(site.Scratch, "state"), "-a", site.Addr(), "-f", site.Config,
			"-s", "default,4g", "-s", "Transient=default,1g", "-T", "none",
			"-p", "thread_pools=2", "-p", "thread_pool_min=200", "-p", "thread_pool_max=6000", "-p", "thread_pool_add_delay=0",
			"-p", "thread_queue_limit=20000", "-p", "listen_depth=16384",
			"-p", "timeout_idle=600", "-p", "send_timeout=600", "-p", "idle_send_timeout=600"}
	},
	Scratch: true,
}

// Cache is Varnish.
var Cache = target.Cache{
	Name:    "varnish",
	Help:    "Varnish, C, a thread for each answer on its way",
	Install: "apt-get install -y varnish",
	Tuned:   "bench/peers/varnish/default.vcl.tmpl",
	Version: func(ctx context.Context) (string, error) {
		version, err := daemon.Installed(ctx)
		return "Varnish " + version, err
	},
	Start: daemon.StartCache,
}
