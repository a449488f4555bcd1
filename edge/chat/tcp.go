package chat

import "uproar/edge/engine"

// tcp is a session over plain IRC.
type tcp struct{ Session }

// OpenTCP begins a session on a connection of the IRC port.
func (h *Hub) OpenTCP(c *engine.Conn) engine.Handler {
	t := &tcp{}
	t.Start(c, WireTCP)
	return t
}

// Data implements engine.Handler.
func (t *tcp) Data(_ *engine.Conn, in []byte) int {
	used := t.Feed(in, false)
	t.Flush()
	return used
}

// Refusal is what a client of the IRC port is told that is not admitted.
func Refusal(r engine.Reason) []byte {
	return []byte("ERROR :Closing link: " + r.Text() + "\r\n")
}
