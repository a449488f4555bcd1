package link

import (
	"errors"
	"fmt"
)

// Limits of the wire, in bytes unless they say otherwise. A frame that is longer than its kind may be ends the
// connection as soon as its length is there, before its bytes have come.
const (
	// PayloadBytesMax bounds one payload, and one part of a found frame: what is published at once in one partition.
	// It is twice the longest part of exchange, so that one such part always travels, with what is around it.
	PayloadBytesMax = 2 << 20
	// TellBytesMax bounds an aside: exchange.AsideBytesMax.
	TellBytesMax = 64 << 10
	// BatchBytesMax bounds a batch, of submissions say. The writer begins another frame.
	BatchBytesMax = 256 << 10
	// BatchMax bounds the entries of a batch, and the parts in one found frame.
	BatchMax = 1024
	// PartitionsMax is how many partitions a fleet may have.
	PartitionsMax = 4096
	// RouteNodesMax bounds how deep the tree of relays may be, in nodes.
	RouteNodesMax = 16
	// ReasonBytesMax bounds the text of a refusal, which is cut to it, and the error in a found frame likewise.
	ReasonBytesMax = 256
	// NonceBytes and ProofBytes are exact.
	NonceBytes = 32
	ProofBytes = 32

	// EnvBytesMax and NameBytesMax bound what a hello says of its process.
	EnvBytesMax  = 64
	NameBytesMax = 128
	// RoomBytesMax bounds a room's name, and a login; chat itself allows 25.
	RoomBytesMax = 64
	// WordBytesMax bounds ids, nonces, colours and message ids.
	WordBytesMax = 128
	// DisplayBytesMax bounds a display name.
	DisplayBytesMax = 256
	// TextBytesMax bounds a line as typed: what one line of IRC holds.
	TextBytesMax = 4096
	// NoticeBytesMax bounds the text of a notice: twice the longest, the answer to /mods.
	NoticeBytesMax = 16 << 10
	// EventsBytesMax bounds the events of one decision.
	EventsBytesMax = 64 << 10
	// RoomsMax bounds the rooms of one admission.
	RoomsMax = 64

	entryBytesMax = 128 << 10 // of the longest entry of a batch, its length included
	foundHeadMax  = 1 << 10   // of a found frame without its parts
)

// FrameBytesMax bounds a frame with its head: a buffer of as many bytes holds any.
const FrameBytesMax = headBytes + PayloadBytesMax + foundHeadMax + 4*BatchMax

// ErrLimit is wrapped by what the append functions say of a value over its limit.
var ErrLimit = errors.New("over the limit of the link")

func tooLong(what string, n, limit int) error {
	return fmt.Errorf("cannot encode %s of length %d: %w, %d", what, n, ErrLimit, limit)
}
