// Package feed is how publishers reach a peer: over TCP, by whole lines.
package feed

import (
	"bufio"
	"net"
)

// Line is called with each line of a publisher, CR LF included, which it may keep. Lines
// of one publisher come one after the other.
type Line func(line []byte)

// Accept serves publishers until l is closed.
func Accept(l net.Listener, take Line) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go serve(c, take)
	}
}

func serve(c net.Conn, take Line) {
	defer c.Close()
	lines := bufio.NewReaderSize(c, 64<<10)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		take(line)
	}
}
