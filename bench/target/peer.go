package target

import "context"

// Peer is somebody else's server that does the same work as Uproar, so that both can be
// measured in one run. Each is a variable of a package of its own under bench/peers, and
// stands in peers.All.
type Peer struct {
	Name string // as --target has it
	Help string // what it is and how it is set up, in a phrase
	// Install is the shell command that installs it, on Debian. It is shown to whoever
	// lacks the peer, never run.
	Install string
	Tuned   string // its configuration: a file or folder of this repository
	// Version is what is installed. An error says that the peer is not, and why.
	Version func(ctx context.Context) (string, error)
	// Start runs it with all its processes in the foreground and returns once members and
	// publishers can connect. Files go to dir, which lives as long as the run: it is the
	// same for each start, and for other peers. Whoever starts it calls Stop.
	Start func(ctx context.Context, dir string) (*Server, error)
}
