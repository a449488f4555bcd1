// Package m3u8 turns HLS playlists from bytes into values and back: media and multivariant
// playlists, whole and as delta updates, with the tags of low latency. The source of every
// rule is draft-pantos-hls-rfc8216bis-22, "the specification"; sections are its sections.
//
// Parsers are strict: a playlist that breaks section 4 is refused with an *Error that says
// the line. They hold nothing of their input, and take memory in proportion to it, which
// limits.go bounds. Nothing here starts a goroutine or reads a clock.
package m3u8
