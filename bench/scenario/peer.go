package scenario

import (
	"fmt"
	"slices"
	"strings"

	"uproar/bench/peers"
)

// Peer is another server that stands beside Uproar in a Result, or would if it were
// installed: a report names both.
type Peer struct {
	Name    string `json:"name"`              // as in the column "target"
	Version string `json:"version,omitempty"` // "" when it is not installed
	Install string `json:"install,omitempty"` // the command that installs it; "" when it is part of this repository
	Tuned   string `json:"tuned,omitempty"`   // its configuration, a path in this repository
}

// Missing says that it was not installed, so that the Result has no row of it.
func (p Peer) Missing() bool { return p.Version == "" }

// Accompanied is a Result that has Peers.
type Accompanied interface {
	Peers() []Peer // in the order of the table
}

// Contest is a Config that measures several targets, one after the other.
type Contest interface {
	Config
	// Choose names the targets if nobody has: those that every run has or, with all,
	// every peer there is.
	Choose(all bool)
}

// roll is a remark for each peer: its version, or how it is installed.
func roll(company []Peer) []string {
	var remarks []string
	for _, p := range company {
		if p.Missing() {
			remarks = append(remarks, fmt.Sprintf("%s is not installed and was left out; to have it: %s", p.Name, p.Install))
		} else {
			remarks = append(remarks, fmt.Sprintf("%s is %s, set up by %s", p.Name, p.Version, p.Tuned))
		}
	}
	return remarks
}

// contestants are the targets of a run that names none: the standard ones of its scenario
// or, with all, every peer beside them.
func contestants(standard []string, all bool) []string {
	chosen := slices.Clone(standard)
	if all {
		for _, name := range peers.Names() {
			if !slices.Contains(chosen, name) {
				chosen = append(chosen, name)
			}
		}
	}
	return chosen
}

// failure is a remark of what a peer could not do. What the server said, below the first
// line, is for those who run it by itself.
func failure(what string, err error) string {
	why, _, _ := strings.Cut(err.Error(), "\n")
	return fmt.Sprintf("%s could not be measured: %s", what, strings.TrimSuffix(why, "; the server said:"))
}

// isOf says whether the target of that name is one of the peers.
func isOf(company []Peer, name string) bool {
	return slices.ContainsFunc(company, func(p Peer) bool { return p.Name == name })
}
