// Package link is the wire format between the processes of one fleet: edges, clue and the relays of the exchange.
//
// # A connection
//
// Each side begins with a preface: a magic and the version (6 bytes). All that follows are frames: four bytes of
// length, big endian, of what comes behind them; one byte of kind; a body. Frames are laid end to end, and one write
// may hold many. The handshake comes first:
//
//	dialer                          listener
//	preface, hello  ------------->
//	                <-------------  preface, hello
//	proof           ------------->
//	                <-------------  proof
//
// A proof is an HMAC-SHA256 with the fleet's shared secret over both hellos, and so over both nonces, and over the
// side that makes it. The secret never travels, and the listener proves nothing to a stranger. What follows is
// neither encrypted nor signed: links belong on a network that is private. Either side may say refuse, with a text,
// and close.
//
// Then whoever wants lines of some partitions sends want, the whole set of them each time, and gets subscribed and
// payload frames. Whoever missed some asks since, and gets found. What it tells with tell comes back
// as a payload to all who want that partition, if nothing is in the way. Submissions and admissions go to a clue process in
// batches; decisions and answers come back, in any order, with the ticket of the question.
//
// # The package
//
// It does no I/O, reads no clock, starts no goroutine and needs no lock: a Decoder and a Handshake belong to one
// connection, everything else keeps nothing. The append functions grow the caller's dst, and where they return an
// error, what they return beside it is dst as it was. Every length has a bound, for the writer and for the reader, in
// limits.go. Numbers inside bodies are uvarints unless said otherwise, in their shortest form; texts have their
// length in front.
package link

// Version is what this package speaks. The preface and the refuse frame are the same in all versions; nothing else
// is: processes of two versions do not talk, see VersionError.
const Version = 1

// magic begins a connection. Its first byte is none that begins text, TLS or HTTP.
const magic = "\xf5UPL"

// prefaceBytes is the length of the preface: magic, and the version in two bytes, big endian.
const prefaceBytes = len(magic) + 2
