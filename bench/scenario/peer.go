package scenario

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
