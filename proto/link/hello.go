package link

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Role is what a process does for its peer.
type Role uint8

// The roles.
const (
	RoleEdge  Role = iota + 1 // has clients
	RoleClue                  // decides
	RoleRelay                 // passes payloads on
	roleLast  = RoleRelay
)

// String is the role's name.
func (r Role) String() string {
	switch r {
	case RoleEdge:
		return "edge"
	case RoleClue:
		return "clue"
	case RoleRelay:
		return "relay"
	}
	return "unknown"
}

// Hello is what a process says of itself.
type Hello struct {
	Role       Role
	ID         uint64           // of the process: random, never 0
	Partitions int              // of the fleet's rooms, from 1 to PartitionsMax
	Env        string           // of the fleet: two of different names never talk; up to EnvBytesMax
	Name       string           // for logs; up to NameBytesMax
	Nonce      [NonceBytes]byte // random, new for every connection
}

// AppendHello appends a hello frame.
func AppendHello(dst []byte, h *Hello) ([]byte, error) {
	var c checks
	c.text("environment", h.Env, EnvBytesMax)
	c.text("node name", h.Name, NameBytesMax)
	switch {
	case c.err != nil:
		return dst, c.err
	case h.Partitions < 1 || h.Partitions > PartitionsMax:
		return dst, tooLong("set of partitions", h.Partitions, PartitionsMax)
	case h.Role < RoleEdge || h.Role > roleLast || h.ID == 0:
		return dst, fmt.Errorf("cannot encode hello of node %d in role %d", h.ID, h.Role)
	}
	from := len(dst)
	dst = append(begin(dst, KindHello), byte(h.Role))
	dst = binary.BigEndian.AppendUint64(dst, h.ID)
	dst = binary.AppendUvarint(dst, uint64(h.Partitions))
	dst = appendText(dst, h.Env)
	dst = appendText(dst, h.Name)
	return end(append(dst, h.Nonce[:]...), from), nil
}

// ParseHello reads the body of a hello frame. Its texts are copies.
func ParseHello(body []byte) (h Hello, err error) {
	c := cursor{s: string(body)}
	h.Role = Role(c.byte(byte(roleLast)))
	h.ID = c.fixed64()
	h.Partitions = int(c.number(PartitionsMax))
	h.Env = c.text(EnvBytesMax)
	h.Name = clean(c.text(NameBytesMax))
	copy(h.Nonce[:], c.bytes(NonceBytes))
	if h.Role == 0 || h.ID == 0 || h.Partitions == 0 {
		c.fail("value out of range")
	}
	if err := c.done(KindHello); err != nil {
		return Hello{}, err
	}
	return h, nil
}

// AppendRefuse appends a refuse frame, with a text for whoever runs the peer, cut to ReasonBytesMax.
func AppendRefuse(dst []byte, reason string) []byte {
	from := len(dst)
	dst = append(begin(dst, KindRefuse), reason[:min(len(reason), ReasonBytesMax)]...)
	return end(dst, from)
}

// ParseRefuse reads the body of a refuse frame.
func ParseRefuse(body []byte) *RefusedError { return &RefusedError{clean(string(body))} }

// clean makes a peer's text fit for a log.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}
