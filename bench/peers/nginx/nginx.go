// Package nginx is nginx from Debian with proxy_cache, as a peer of a node of the video tier.
// Its configuration, nginx.conf.tmpl, keeps its cache in memory (tmpfs), has one request at
// a time fetch what is missing (proxy_cache_lock) and takes what else makes it fast:
// sendfile, an open file cache, connections to the upstream that stay, no log.
//
// A response goes to those who wait for it once it is whole, at the next look at the lock,
// every 500 ms (src/http/ngx_http_file_cache.c).
package nginx

import (
	"context"
	_ "embed"
	"regexp"
	"syscall"
	"text/template"

	"uproar/bench/target"
)

//go:embed nginx.conf.tmpl
var config string

var daemon = target.Daemon{
	Name: "nginx", VersionArg: "-v", Version: regexp.MustCompile(`nginx/(\S+)`),
	Config:  template.Must(template.New("nginx.conf").Parse(config)),
	Args:    func(site target.DaemonSite) []string { return []string{"-e", "/dev/stdout", "-c", site.Config} },
	Ready:   regexp.MustCompile(`start worker process \d+`),
	Orphan:  syscall.SIGTERM,
	Scratch: true,
}

// Cache is nginx.
var Cache = target.Cache{
	Name:    "nginx",
	Help:    "nginx with proxy_cache and proxy_cache_lock, C, a worker for each core",
	Install: "apt-get install -y nginx",
	Tuned:   "bench/peers/nginx/nginx.conf.tmpl",
	Version: func(ctx context.Context) (string, error) {
		version, err := daemon.Installed(ctx)
		return "nginx " + version, err
	},
	Start: daemon.StartCache,
}
