package target

import "context"

// Cache is somebody else's HTTP cache that does the same work as a node of the video tier.
// Like a Peer it is a variable of a package of its own under bench/peers; it stands in
// peers.Caches.
type Cache struct {
	Name    string // as --target has it
	Help    string // what it is and how it is set up, in a phrase
	Install string // as a Peer's
	Tuned   string // as a Peer's
	Version func(ctx context.Context) (string, error)
	// Start runs it in front of an upstream, as a Peer's does. The Server's Members is where
	// viewers connect.
	Start func(ctx context.Context, c CacheConfig) (*Server, error)
}

// CacheConfig is where a cache runs.
type CacheConfig struct {
	Dir      string // for files
	Upstream string // host:port, over HTTP
	Workers  int    // processes or event loops; 0 is one for each core
}

// StartCache is a Cache's Start for one that is a Daemon.
func (d Daemon) StartCache(ctx context.Context, c CacheConfig) (*Server, error) {
	site, err := d.Site(c.Dir)
	if err != nil {
		return nil, err
	}
	site.Upstream, site.Workers = c.Upstream, c.Workers
	p, err := d.Start(ctx, site)
	if err != nil {
		return nil, err
	}
	return &Server{Process: p, Members: site.Addr()}, nil
}
