package target

import "uproar/bench/load"

// Server is a process that a swarm and publishers can connect to.
type Server struct {
	*Process
	Wire       load.Wire
	Members    string // address for members
	Publishers string // address for publishers
	Raw        bool   // publishers send whole lines, unregistered
	Admin      string // metrics; "" when it has none
	Link       string // where other processes of a fleet reach it; "" when they do not
}
