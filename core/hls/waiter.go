package hls

// Waiter is one viewer's place in line for an answer. It belongs to its caller, waits for
// one thing at a time, and is zero but for Desk and Mark when it does not.
type Waiter struct {
	Desk Desk
	Mark uint64 // the caller's own: which connection
}

// Object is the bytes of one segment, whole or still coming.
type Object struct{}
