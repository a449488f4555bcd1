package main

import (
	"io"
	"net"
	"sync"
	"time"

	"github.com/gobwas/ws"
)

const (
	queueMax     = 4096 // frames that wait for a member; one more, and it is dropped
	writeTimeout = 10 * time.Second
	helloTimeout = 10 * time.Second
	inputMax     = 4096 // bytes of a member's message
)

var (
	upgrader  = ws.Upgrader{ReadBufferSize: 1024, WriteBufferSize: 512}
	welcome   = textFrame([]byte(":goroutine 366 member #bench :End of /NAMES list\r\n"))
	pingFrame = ws.MustCompileFrame(ws.NewPingFrame(nil))
)

// member is one connection: the goroutine that joins it reads, another writes.
type member struct {
	conn net.Conn
	wake chan struct{} // has one when something waits
	gone chan struct{} // closed when the reader has ended

	mu struct {
		sync.Mutex
		waiting net.Buffers // frames, shared with other members
	}
}

// join serves a connection until it ends.
func join(c net.Conn, r *room, pingInterval time.Duration) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(helloTimeout))
	if _, err := upgrader.Upgrade(c); err != nil {
		return
	}
	c.SetDeadline(time.Time{})
	m := &member{conn: c, wake: make(chan struct{}, 1), gone: make(chan struct{})}
	defer close(m.gone)
	go m.write(pingInterval)
	m.queue(welcome)
	r.add(m)
	defer r.remove(m)
	m.read()
}

// queue has the writer send frame. It returns false when too much waits.
func (m *member) queue(frame []byte) bool {
	m.mu.Lock()
	if len(m.mu.waiting) == queueMax {
		m.mu.Unlock()
		return false
	}
	m.mu.waiting = append(m.mu.waiting, frame)
	first := len(m.mu.waiting) == 1
	m.mu.Unlock()
	if first {
		m.wake <- struct{}{} // never blocks: the writer has taken the one before
	}
	return true
}

// read answers what a member sends until its connection ends.
func (m *member) read() {
	for {
		h, err := ws.ReadHeader(m.conn)
		if err != nil || h.Length > inputMax || !h.Masked {
			return
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(m.conn, payload); err != nil {
			return
		}
		ws.Cipher(payload, h.Mask, 0)
		switch h.OpCode {
		case ws.OpPing:
			if !m.queue(ws.MustCompileFrame(ws.NewPongFrame(payload))) {
				return
			}
		case ws.OpClose:
			return
		}
	}
}

// write sends what waits, all at once, until the reader has ended.
func (m *member) write(pingInterval time.Duration) {
	ping := time.NewTicker(pingInterval)
	defer ping.Stop()
	var spare net.Buffers
	for {
		select {
		case <-m.wake:
		case <-ping.C:
			if !m.queue(pingFrame) {
				m.conn.Close()
			}
			continue
		case <-m.gone:
			return
		}
		m.mu.Lock()
		taken := m.mu.waiting
		m.mu.waiting = spare[:0]
		m.mu.Unlock()
		if err := m.send(taken); err != nil {
			m.conn.Close()
			<-m.gone
			return
		}
		clear(taken)
		spare = taken
	}
}

// send writes frames by one system call, if the socket takes them all.
func (m *member) send(frames net.Buffers) (err error) {
	m.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	if len(frames) == 1 {
		_, err = m.conn.Write(frames[0])
		return err
	}
	_, err = frames.WriteTo(m.conn) // changes frames, a copy of the slice's head
	return err
}
