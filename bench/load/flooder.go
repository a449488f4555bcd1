package load

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// Flooder is a client that says the same as often as the server takes it, in a room where
// it may speak but seldom, reads what it is told, and comes back when it is thrown out.
type Flooder struct {
	Addr string // host:port, IRC over TCP
	Nick string
	Room string // "" is DefaultRoom

	lines, closed atomic.Int64
}

// Lines returns how many whole lines have been written.
func (f *Flooder) Lines() int64 { return f.lines.Load() }

// Closed returns how often the server has ended its connection.
func (f *Flooder) Closed() int64 { return f.closed.Load() }

// returnDelay is how long a Flooder waits before it comes back.
const returnDelay = 100 * time.Millisecond

// Run floods until ctx ends.
func (f *Flooder) Run(ctx context.Context) {
	room := f.Room
	if room == "" {
		room = DefaultRoom
	}
	line := fmt.Appendf(nil, "PRIVMSG %s :%s says this again and again\r\n", room, f.Nick)
	block := bytes.Repeat(line, 100)
	for ctx.Err() == nil {
		f.flood(ctx, block, len(line))
		if ctx.Err() == nil {
			f.closed.Add(1)
		}
		select {
		case <-ctx.Done():
		case <-time.After(returnDelay):
		}
	}
}

// flood is one connection.
func (f *Flooder) flood(ctx context.Context, block []byte, line int) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp4", f.Addr)
	if err != nil {
		return // the server may refuse it: it comes again
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	in := bufio.NewReader(conn)
	if register(ctx, conn, in, twitchLogin(f.Nick)) != nil {
		return
	}
	go io.Copy(io.Discard, in) // ends with the connection
	for {
		n, err := conn.Write(block)
		f.lines.Add(int64(n / line))
		if err != nil {
			return
		}
	}
}
