package ws

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
)

// Protocol is a subprotocol of the upgrade.
type Protocol uint8

// The subprotocols that the chat port speaks. With ProtocolNone the response has no header for it, and the stream is
// that of ProtocolIRC: text frames, every line with CRLF.
const (
	ProtocolNone   Protocol = iota
	ProtocolIRC             // what Twitch and tmi.js call it
	ProtocolText            // https://ircv3.net/specs/extensions/websocket: one line per text message, no CRLF
	ProtocolBinary          // the same, in binary messages
)

// Name returns the name on the wire, empty for ProtocolNone.
func (p Protocol) Name() string {
	switch p {
	case ProtocolIRC:
		return "irc"
	case ProtocolText:
		return "text.ircv3.net"
	case ProtocolBinary:
		return "binary.ircv3.net"
	}
	return ""
}

// Op returns the opcode of the messages that the server sends.
func (p Protocol) Op() Op {
	if p == ProtocolBinary {
		return OpBinary
	}
	return OpText
}

// Negotiate picks the first known name of a Sec-WebSocket-Protocol header, in the client's order, since the client
// lists them by preference (RFC 6455 section 4.1). Names compare byte for byte.
func Negotiate(offered []byte) Protocol {
	for len(offered) > 0 {
		var name []byte
		name, offered, _ = bytes.Cut(offered, []byte{','})
		name = bytes.Trim(name, " \t")
		for p := ProtocolIRC; p <= ProtocolBinary; p++ {
			if string(name) == p.Name() {
				return p
			}
		}
	}
	return ProtocolNone
}

const (
	// KeyBytes is the length of a Sec-WebSocket-Key: 16 random bytes in base64 (RFC 6455 section 4.1).
	KeyBytes = 24

	// acceptGUID is what the key is hashed with (RFC 6455 section 1.3).
	acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
)

// ValidKey reports whether key is a Sec-WebSocket-Key: 24 bytes that decode to 16.
func ValidKey(key []byte) bool {
	if len(key) != KeyBytes {
		return false
	}
	var raw [18]byte
	n, err := base64.StdEncoding.Decode(raw[:], key)
	return err == nil && n == 16
}

// AppendAccept appends the Sec-WebSocket-Accept of key (RFC 6455 section 4.2.2, item 5.4).
func AppendAccept(dst, key []byte) []byte {
	var buf [KeyBytes + len(acceptGUID)]byte
	sum := sha1.Sum(append(append(buf[:0], key...), acceptGUID...))
	return base64.StdEncoding.AppendEncode(dst, sum[:])
}

// AppendUpgradeResponse appends the whole head that accepts an upgrade. key is the client's, seen by ValidKey.
func AppendUpgradeResponse(dst, key []byte, p Protocol, d Deflate) []byte {
	dst = append(dst, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	dst = AppendAccept(dst, key)
	if p != ProtocolNone {
		dst = append(dst, "\r\nSec-WebSocket-Protocol: "...)
		dst = append(dst, p.Name()...)
	}
	if d != DeflateNone {
		dst = append(dst, "\r\nSec-WebSocket-Extensions: "...)
		dst = append(dst, d.Name()...)
	}
	return append(dst, "\r\n\r\n"...)
}
