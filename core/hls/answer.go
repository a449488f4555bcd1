package hls

import "time"

// Request is what a viewer asks of a Node.
type Request struct {
	Path   Path
	Reload Reload // of a KindMedia, else NoReload
	Gzip   bool   // the viewer takes Content-Encoding: gzip, of playlists
	Hops   int    // nodes that the request has passed, by CDN-Loop; a Node refuses what goes round
}

// Answer is what a Node says to a Request. When Wait is set it says nothing yet: the Waiter
// is woken, and the caller asks again with the same Request.
type Answer struct {
	Wait   bool
	Status int // of HTTP: 200, or 400, 404, 502, 503, 504, 508

	ContentType  string
	CacheControl string
	ETag         string    // strong, in quotes; empty: none
	LastModified time.Time // zero: none
	Expires      time.Time // when the planned removal is known; zero: none
	Age          time.Duration
	CacheStatus  string        // the value of RFC 9211's header; constant text
	Gzip         bool          // Content-Encoding: gzip
	Varies       bool          // Vary: Accept-Encoding
	RetryAfter   time.Duration // 0: none

	// The body is Bytes, which nobody changes any more, or else Object. The caller owns one
	// reference to Object and gives it back by Release, once no byte of it can be needed.
	Bytes  []byte
	Object *Object
}

// Desk is where the waiters of one event loop are told that it is time to ask again.
type Desk interface {
	// Wake is called by any goroutine, with no lock held, once for many waiters. It must
	// not wait. The slice belongs to the Desk from now on.
	Wake(ready []*Waiter)
}

// State says what Object.At found.
type State uint8

const (
	StateBytes  State = iota // here they are
	StateWait                // not yet: Await
	StateEnd                 // the object is whole and this is its end
	StateBroken              // the rest will never come: break the connection off
)
