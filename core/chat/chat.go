// Package chat is the vocabulary of Uproar: the values that clue decides on, the
// exchange carries and an edge delivers. It holds no behaviour beyond what keeps
// these values well formed, starts nothing and knows neither sockets nor stores.
//
// Every value here is immutable once it has been handed over: a *Message is read
// by many event loops at the same time without a lock.
package chat

// Limits of the vocabulary, in the units that Twitch's clients expect.
const (
	TextRunesMax  = 500 // code points of one line; the rest is cut
	LoginBytesMax = 25  // bytes of a login or a room name
	NonceBytesMax = 64  // bytes of a client-nonce
)

// User is one account as an edge and clue see it: a snapshot, never modified.
type User struct {
	ID        string // decimal, stable for the login
	Login     string // lower case, 1 to LoginBytesMax bytes of [a-z0-9_]
	Display   string // what people read; equals Login but for case
	Color     string // "#RRGGBB", or empty when never chosen
	Anonymous bool   // justinfan: reads, never speaks, is never announced
}
