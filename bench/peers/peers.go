// Package peers lists the servers that Uproar is measured beside. Each has a package of
// its own with its tuned configuration, and says how it is installed; the ruler, the bare
// loop, stands apart (bench/peers/bare).
package peers

import (
	"uproar/bench/peers/centrifuge"
	"uproar/bench/peers/goroutine"
	"uproar/bench/peers/inspircd"
	"uproar/bench/peers/nbio"
	"uproar/bench/peers/nchan"
	"uproar/bench/peers/nginx"
	"uproar/bench/peers/ngircd"
	"uproar/bench/peers/varnish"
	"uproar/bench/target"
)

// All is every peer, in the order in which they take turns.
var All = []target.Peer{goroutine.Peer, centrifuge.Default, centrifuge.Tuned, nbio.Peer, nchan.Peer, inspircd.Peer, ngircd.Peer}

// Caches are what a node of the video tier is measured beside, in the order in which they
// take turns.
var Caches = []target.Cache{nginx.Cache, varnish.Cache}

// FindCache returns the cache of that name.
func FindCache(name string) (target.Cache, bool) {
	for _, c := range Caches {
		if c.Name == name {
			return c, true
		}
	}
	return target.Cache{}, false
}

// CacheNames are those of Caches.
func CacheNames() []string {
	names := make([]string, len(Caches))
	for i, c := range Caches {
		names[i] = c.Name
	}
	return names
}

// Find returns the peer of that name.
func Find(name string) (target.Peer, bool) {
	for _, p := range All {
		if p.Name == name {
			return p, true
		}
	}
	return target.Peer{}, false
}

// Names are those of All.
func Names() []string {
	names := make([]string, len(All))
	for i, p := range All {
		names[i] = p.Name
	}
	return names
}
