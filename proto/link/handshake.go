package link

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
)

// Errors of a handshake, beside those of the frames. The side that finds one says refuse with its text, and closes.
var (
	// ErrSecret says that the peer does not have our secret.
	ErrSecret = errors.New("cannot trust the peer: its proof does not fit this fleet's secret")
	// ErrLoop says that a process has reached itself, at once or through relays.
	ErrLoop = errors.New("cannot link a process to itself: the relays form a loop")
)

// Side is one end of a connection.
type Side string

// The sides. The names are part of what is proved, so that no proof can be sent back to where it came from.
const (
	Dialer   Side = "dialer"
	Listener Side = "listener"
)

// Handshake is one side's way to a trusted link. It belongs to one connection.
//
//	out := h.Begin(nil)              // send it
//	for each frame but KindNone:
//		out, done, err := h.Take(nil, frame)
//		// err: send AppendRefuse(nil, err.Error()) and close, unless it is a *RefusedError
//		// send out; once done: decoder.Trust(), h.Peer() is who it is
type Handshake struct {
	side   Side
	secret []byte
	own    []byte // our hello frame, as it is proved
	us     Hello
	peer   Hello
	theirs []byte // the peer's hello frame; nil until it has come
	done   bool
}

// NewHandshake begins one. The nonce of us must be of crypto/rand and of this connection alone. The secret is the
// fleet's, and is not changed; it should be random and of 32 bytes, since whoever can pose as a listener may guess at
// it at leisure. An empty one proves nothing, but that both sides have none.
func NewHandshake(side Side, us Hello, secret []byte) (*Handshake, error) {
	own, err := AppendHello(nil, &us)
	if err != nil {
		return nil, err
	}
	return &Handshake{side: side, secret: secret, own: own, us: us}, nil
}

// Peer is who the other side says it is, and since the handshake is done it is true.
func (h *Handshake) Peer() *Hello { return &h.peer }

// Begin appends what the side says at once. The listener's is the preface alone.
func (h *Handshake) Begin(dst []byte) []byte {
	dst = AppendPreface(dst)
	if h.side == Dialer {
		dst = append(dst, h.own...)
	}
	return dst
}

// Take takes the peer's next frame, and appends the answer. done says that both sides have proved themselves: what
// is appended then is still to be sent. No frame may follow an error, or done.
func (h *Handshake) Take(dst []byte, f Frame) (out []byte, done bool, err error) {
	switch {
	case f.Kind == KindRefuse:
		return dst, false, ParseRefuse(f.Body)
	case f.Kind == KindHello && h.theirs == nil:
		dst, err = h.meet(dst, f.Body)
		return dst, false, err
	case f.Kind == KindProof && h.theirs != nil && !h.done:
		if !hmac.Equal(f.Body, h.proof(h.other())) {
			return dst, false, ErrSecret
		}
		h.done = true
		if h.side == Listener {
			dst = h.appendProof(dst)
		}
		return dst, true, nil
	}
	return dst, false, &FrameError{f.Kind, "out of turn"}
}

// meet takes the peer's hello.
func (h *Handshake) meet(dst, body []byte) ([]byte, error) {
	peer, err := ParseHello(body)
	if err != nil {
		return dst, err
	}
	switch {
	case peer.ID == h.us.ID:
		return dst, ErrLoop
	case peer.Env != h.us.Env:
		return dst, fmt.Errorf("cannot link environment %q to environment %q", peer.Env, h.us.Env)
	case peer.Partitions != h.us.Partitions:
		return dst, fmt.Errorf("cannot link a fleet of %d partitions to one of %d", peer.Partitions, h.us.Partitions)
	}
	h.peer = peer
	h.theirs = end(append(begin(nil, KindHello), body...), 0)
	if h.side == Listener {
		return append(dst, h.own...), nil
	}
	return h.appendProof(dst), nil
}

func (h *Handshake) appendProof(dst []byte) []byte {
	from := len(dst)
	return end(append(begin(dst, KindProof), h.proof(h.side)...), from)
}

// proof is what side has to send: it binds the secret to both hellos of this version.
func (h *Handshake) proof(side Side) []byte {
	dialer, listener := h.own, h.theirs
	if h.side == Listener {
		dialer, listener = listener, dialer
	}
	mac := hmac.New(sha256.New, h.secret)
	for _, part := range [][]byte{AppendPreface(nil), []byte(side), {0}, dialer, listener} {
		mac.Write(part) // never fails
	}
	return mac.Sum(nil)
}

func (h *Handshake) other() Side {
	if h.side == Dialer {
		return Listener
	}
	return Dialer
}
