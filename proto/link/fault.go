package link

import (
	"errors"
	"fmt"
)

// ErrMagic says that the peer does not speak this protocol at all.
var ErrMagic = errors.New("cannot decode link: the peer is no node of a fleet")

// VersionError says that the peer speaks another version. Its preface told; nothing behind that was read.
type VersionError struct{ Ours, Theirs uint16 }

func (e *VersionError) Error() string {
	return fmt.Sprintf("cannot speak with a peer of link version %d: this process speaks version %d", e.Theirs, e.Ours)
}

// FrameError says that a frame breaks the protocol. The connection is to be ended: what follows cannot be trusted.
type FrameError struct {
	Kind   Kind
	Reason string
}

func (e *FrameError) Error() string {
	return fmt.Sprintf("cannot decode frame %q: %s", e.Kind, e.Reason)
}

// RefusedError is the peer's refusal, in its words, without control bytes.
type RefusedError struct{ Reason string }

func (e *RefusedError) Error() string { return fmt.Sprintf("the peer refuses: %q", e.Reason) }
