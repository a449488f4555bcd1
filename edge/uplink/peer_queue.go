package uplink

import (
	"net"
	"sync"
	"time"

	wire "uproar/proto/link"
)

// spareBytesMax is the largest buffer that is kept between writes.
const spareBytesMax = 256 << 10

// queue is what waits to be sent on the connection of the moment. Everybody puts, one goroutine sends.
type queue struct {
	bytesMax int
	wake     chan struct{} // capacity 1
	mu       struct {
		sync.Mutex
		conn    net.Conn // nil: down
		waiting []byte
		sending int   // bytes that the sender has taken and the socket not yet
		last    bool  // nothing more comes: the sender ends when it has sent what waits
		err     error // why the connection was closed from this side
	}
}

func (q *queue) init(bytesMax int) { q.bytesMax, q.wake = bytesMax, make(chan struct{}, 1) }

// open begins with a connection that has just been made.
func (q *queue) open(conn net.Conn) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.mu.conn, q.mu.waiting, q.mu.sending, q.mu.last, q.mu.err = conn, q.mu.waiting[:0], 0, false, nil
}

// put appends frames, if then there is still room for spare bytes.
func (q *queue) put(frames []byte, spare int) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.mu.conn == nil:
		return ErrDown
	case len(q.mu.waiting)+q.mu.sending+len(frames)+spare > q.bytesMax:
		return ErrBusy
	}
	q.mu.waiting = append(q.mu.waiting, frames...)
	q.hurry()
	return nil
}

// ping appends a ping; the sender alone does, so it needs no bound but one per tick.
func (q *queue) ping(id uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.mu.waiting = wire.AppendPing(q.mu.waiting, wire.Ping{ID: id})
}

// fail closes the connection. The first reason counts.
func (q *queue) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.mu.conn == nil {
		return
	}
	if q.mu.err == nil {
		q.mu.err = err
	}
	_ = q.mu.conn.Close()
}

// close refuses all from now on, and has the sender end behind what waits and the words.
func (q *queue) close(words []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.mu.conn = nil
	q.mu.waiting = append(q.mu.waiting, words...)
	q.mu.last = true
	q.hurry()
}

// failure is why this side closed the connection, or nil.
func (q *queue) failure() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.mu.err
}

func (q *queue) hurry() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take hands over what waits, for what was taken before.
func (q *queue) take(spare []byte) (out []byte, last bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	out, q.mu.waiting = q.mu.waiting, spare[:0]
	q.mu.sending = len(out)
	return out, q.mu.last
}

// send writes what waits on conn, and a ping now and then, until close or an error.
func (q *queue) send(conn net.Conn, pingEvery, writeTimeout time.Duration) {
	ticks := time.NewTicker(pingEvery)
	defer ticks.Stop()
	var spare []byte
	for pings := uint64(1); ; {
		out, last := q.take(spare)
		if len(out) > 0 {
			_ = conn.SetWriteDeadline(time.Now().Add(writeTimeout))
			if _, err := conn.Write(out); err != nil {
				q.fail(err)
				return
			}
			if spare = out; cap(spare) > spareBytesMax {
				spare = nil
			}
			continue
		}
		if spare = out; last {
			return
		}
		select {
		case <-q.wake:
		case <-ticks.C:
			q.ping(pings)
			pings++
		}
	}
}
