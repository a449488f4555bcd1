package clue

import (
	"strings"
	"sync"
	"time"

	"uproar/core/chat"
	"uproar/core/clue/command"
)

// raidsMax bounds the raids that are remembered; beyond, one that has not ended can be
// started again.
const raidsMax = 4096

// raids are those of the last command.RaidFor: under way while they can be called off, or
// called off.
type raids struct {
	mu struct {
		sync.Mutex
		byRoom map[string]raid // by the room that raids
	}
}

type raid struct {
	target string // empty: called off
	until  time.Time
}

// began remembers a raid, or that one is called off: the room may begin no other before
// its time, or two commands in turn would flood the rooms of others.
func (rs *raids) began(room string, r *chat.Raid, now time.Time) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if r.Off {
		if one, known := rs.mu.byRoom[room]; known {
			rs.mu.byRoom[room] = raid{"", one.until}
		}
		return
	}
	for name, other := range rs.mu.byRoom {
		if !now.Before(other.until) {
			delete(rs.mu.byRoom, name)
		}
	}
	if rs.mu.byRoom == nil {
		rs.mu.byRoom = make(map[string]raid)
	}
	if len(rs.mu.byRoom) < raidsMax {
		rs.mu.byRoom[strings.Clone(room)] = raid{r.Target, now.Add(command.RaidFor)}
	}
}

// undo forgets what began remembered, since nobody has been shown it.
func (rs *raids) undo(room string, r *chat.Raid) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if one, known := rs.mu.byRoom[room]; known && r.Off {
		rs.mu.byRoom[room] = raid{r.Target, one.until}
	} else {
		delete(rs.mu.byRoom, room)
	}
}

// of is the room that a room is raiding, or empty, and whether it has called one off.
func (rs *raids) of(room string, now time.Time) (target string, off bool) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if r, ok := rs.mu.byRoom[room]; ok && now.Before(r.until) {
		return r.target, r.target == ""
	}
	return "", false
}
