package clue

import (
	"container/list"
	"sync"
)

// turns is the commands that wait. The next is of the room that has gone without a turn
// for longest, so a room with many commands waits for itself alone; and of each room one
// is under way at a time, so they are carried out in order. A personal command takes its
// issuer's turn, not the room's.
//
// A room may wait with as many as are still free, as in queue.
type turns struct {
	max  int
	more *sync.Cond // with mu

	mu struct {
		sync.Mutex
		rooms  map[string]*list.List // of *Submission; a room with one under way is there too
		ready  list.List             // of string: rooms with a command and none under way
		n      int                   // commands that wait
		closed bool
	}
}

func newTurns(commandsMax int) *turns {
	t := &turns{max: commandsMax}
	t.more = sync.NewCond(&t.mu)
	t.mu.rooms = make(map[string]*list.List)
	return t
}

// put appends a copy of sub and never waits. It fails with ErrStopped, ErrBusy or
// errRoomShare.
func (t *turns) put(sub *Submission) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	free := t.max - t.mu.n
	room := t.mu.rooms[sub.turn]
	switch {
	case t.mu.closed:
		return ErrStopped
	case free <= 0:
		return ErrBusy
	case room == nil:
		room = list.New()
		t.mu.rooms[sub.turn] = room
		t.mu.ready.PushBack(sub.turn)
		t.more.Signal()
	case room.Len() >= free:
		return errRoomShare
	}
	waits := *sub
	room.PushBack(&waits)
	t.mu.n++
	return nil
}

// take waits for a command. Its room has no other turn before done. It returns nil when
// the turns are closed and none is left to take.
func (t *turns) take() *Submission {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.mu.ready.Len() == 0 {
		if t.mu.closed {
			return nil // of a room with one under way, whoever is at it takes the rest
		}
		t.more.Wait()
	}
	room := t.mu.rooms[t.mu.ready.Remove(t.mu.ready.Front()).(string)]
	t.mu.n--
	return room.Remove(room.Front()).(*Submission)
}

// done ends a room's turn.
func (t *turns) done(room string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.mu.rooms[room].Len() == 0 {
		delete(t.mu.rooms, room)
		return
	}
	t.mu.ready.PushBack(room)
	t.more.Signal()
}

// close refuses all further commands. Those that wait can still be taken.
func (t *turns) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mu.closed = true
	t.more.Broadcast()
}

func (t *turns) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.mu.n
}
