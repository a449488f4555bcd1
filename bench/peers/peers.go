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
	"uproar/bench/peers/ngircd"
	"uproar/bench/target"
)

// All is every peer, in the order in which they take turns.
var All = []target.Peer{goroutine.Peer, centrifuge.Default, centrifuge.Tuned, nbio.Peer, nchan.Peer, inspircd.Peer, ngircd.Peer}

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
