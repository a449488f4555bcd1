package redistest

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Proxy stands in front of a server and makes it slow: each byte arrives one way after
// delay, however many follow.
type Proxy struct {
	Addr string

	to    string
	delay atomic.Int64 // time.Duration
	conns struct {
		sync.Mutex
		all    []net.Conn
		closed bool
	}
}

// proxyQueueMax bounds the pieces of one direction that are under way.
const proxyQueueMax = 1024

// StartProxy delays what goes to the server and what comes from it by delay each.
func StartProxy(t testing.TB, to *Server, delay time.Duration) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("cannot listen: %v", err)
	}
	p := &Proxy{Addr: listener.Addr().String(), to: to.Addr}
	p.SetDelay(delay)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { p.serve(client) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		p.close()
		all.Wait()
	})
	return p
}

// SetDelay is the delay, each way, of what comes from now on. Any goroutine may call it.
func (p *Proxy) SetDelay(delay time.Duration) { p.delay.Store(int64(delay)) }

func (p *Proxy) serve(client net.Conn) {
	server, err := net.DialTimeout("tcp", p.to, time.Second)
	if err != nil {
		client.Close()
		return
	}
	p.conns.Lock()
	closed := p.conns.closed
	p.conns.all = append(p.conns.all, client, server)
	p.conns.Unlock()
	if closed {
		p.close()
	}
	var both sync.WaitGroup
	both.Go(func() { p.pass(client, server) })
	both.Go(func() { p.pass(server, client) })
	both.Wait()
}

// close ends what goes through.
func (p *Proxy) close() {
	p.conns.Lock()
	defer p.conns.Unlock()
	p.conns.closed = true
	for _, conn := range p.conns.all {
		conn.Close()
	}
}

// pass ends with either connection, and ends both.
func (p *Proxy) pass(from, to net.Conn) {
	type piece struct {
		bytes []byte
		due   time.Time
	}
	queue := make(chan piece, proxyQueueMax)
	go func() {
		defer close(queue)
		for {
			buffer := make([]byte, 16<<10)
			n, err := from.Read(buffer)
			if err != nil {
				return
			}
			queue <- piece{buffer[:n], time.Now().Add(time.Duration(p.delay.Load()))}
		}
	}()
	for one := range queue {
		time.Sleep(time.Until(one.due))
		_, _ = to.Write(one.bytes) // on a closed one nothing arrives, which is the point
	}
	from.Close()
	to.Close()
}
