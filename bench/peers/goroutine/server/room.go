package main

import (
	"sync"
	"sync/atomic"
)

// room knows its members and gives each every frame.
type room struct {
	mu struct {
		sync.Mutex
		members map[*member]struct{}
	}
	dropped atomic.Int64 // members that did not read
}

func newRoom() *room {
	r := &room{}
	r.mu.members = map[*member]struct{}{}
	return r
}

func (r *room) add(m *member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mu.members[m] = struct{}{}
}

func (r *room) remove(m *member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.mu.members, m)
}

// broadcast queues frame for every member; nobody may change it any more.
func (r *room) broadcast(frame []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for m := range r.mu.members {
		if !m.queue(frame) {
			delete(r.mu.members, m)
			r.dropped.Add(1)
			m.conn.Close() // ends its reader, which ends its writer
		}
	}
}
