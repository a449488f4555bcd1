package link

import (
	"encoding/binary"
	"slices"
)

// Route is the way from a node up to the root of the exchange: its own id, that of the node above it, and so on. A
// node sends it to those below when the handshake is done and whenever it changes. Who finds itself in the route of a
// node above is part of a loop, and lets go: ErrLoop.
type Route []uint64

// Has reports whether a node is on the route.
func (r Route) Has(id uint64) bool { return slices.Contains(r, id) }

// AppendRoute appends a route frame.
func AppendRoute(dst []byte, r Route) ([]byte, error) {
	if len(r) > RouteNodesMax {
		return dst, tooLong("route", len(r), RouteNodesMax)
	}
	from := len(dst)
	dst = begin(dst, KindRoute)
	for _, id := range r {
		dst = binary.BigEndian.AppendUint64(dst, id)
	}
	return end(dst, from), nil
}

// ParseRoute reads the body of a route frame.
func ParseRoute(body []byte) (Route, error) {
	if len(body)%8 != 0 || len(body) > 8*RouteNodesMax {
		return nil, &FrameError{KindRoute, "wrong length"}
	}
	r := make(Route, 0, len(body)/8)
	for ; len(body) > 0; body = body[8:] {
		r = append(r, binary.BigEndian.Uint64(body))
	}
	return r, nil
}
