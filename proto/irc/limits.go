// Package irc is the wire format of Twitch-flavoured IRC: bytes to values and values to bytes.
//
// It does no I/O, reads no clock, starts no goroutine and keeps no state between calls, so every function may be
// used from any goroutine. What a parse returns are sub-slices of the caller's input: they are valid as long as
// the caller leaves that input alone. Nothing here allocates; the append functions grow the caller's dst.
package irc

import "errors"

// Limits of the wire. Each one has an overflow action, written beside it.
const (
	// LineBytesMax bounds one line without its line end, tags and body together. It is our own bound: what the
	// two limits below allow, doubled. A peer that sends more without LF gets ErrLineTooLong and is closed.
	LineBytesMax = 16 << 10

	// ClientTagBytesMax bounds the tags that a client sends, '@' and the space behind them included
	// (https://ircv3.net/specs/extensions/message-tags, "Size limit": 4096, that is 4094 bytes of data).
	// Beyond it Parse returns ErrTagsTooLong: answer 417, drop the line, keep the connection.
	ClientTagBytesMax = 4096

	// ServerTagBytesMax bounds the tags that a server sends, '@' and the space included (same page: 8191).
	ServerTagBytesMax = 8191

	// BodyBytesMax bounds a line behind its tags. Twitch reads 4096 bytes and chops the rest; so does Parse.
	BodyBytesMax = 4096

	// ParamsMax is the number of parameters of a command (RFC 2812 section 2.3.1). The last one takes the rest.
	ParamsMax = 15
)

var (
	// ErrEmpty says that a line holds no command. IRC ignores such a line (RFC 2812 section 2.3.1).
	ErrEmpty = errors.New("cannot parse line: no command")

	// ErrTagsTooLong says that the tags pass the limit of their direction. The answer is numeric 417.
	ErrTagsTooLong = errors.New("cannot parse line: tags too long")

	// ErrForbiddenByte says that a line holds NUL, CR or LF. Such a line is dropped, never relayed.
	ErrForbiddenByte = errors.New("cannot parse line: forbidden byte")

	// ErrLineTooLong says that more than LineBytesMax bytes stand without a line end. The connection ends.
	ErrLineTooLong = errors.New("cannot split line: too long")
)
