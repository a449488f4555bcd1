package clue

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"uproar/core/chat"
)

// room is what a shard knows of one room in which somebody spoke lately.
type room struct {
	name   string
	id     string
	seq    uint64 // of its last line
	spoke  int64  // tick of its last line
	recent recent

	newer, older *room // the list of rooms, by when they spoke

	// Of the batch in progress: how many lines were accepted, and where the next one
	// goes in the array that is published from.
	batchLines, batchNext int
}

// rooms is the rooms of one shard. A room that is silent for the idle time is
// forgotten, and so is the room silent longest when there are too many.
//
// A room begins, and begins again after it was forgotten, with the wall clock in
// microseconds as its sequence number, and at least beyond every number of a room
// forgotten before. So numbers never repeat, across a restart neither, as long as a
// room stays below a million lines a second; a jump in them marks a new beginning,
// not a loss. They fit the 53 bits of a JavaScript number until the year 2255.
type rooms struct {
	byName         map[string]*room
	newest, oldest *room
	max            int
	idle           int64  // nanoseconds
	seqFloor       uint64 // no room begins below
	recentLines    int    // places in all rings
	recentMax      int
	meters         *meters
}

func newRooms(cfg *Config, m *meters) *rooms {
	return &rooms{
		byName:    make(map[string]*room),
		max:       max(1, cfg.RoomsMax/cfg.Shards),
		idle:      int64(cfg.RoomIdle),
		recentMax: cfg.RecentMax / cfg.Shards,
		meters:    m,
	}
}

// speak returns the room of that name as the one that spoke last.
func (rs *rooms) speak(name string, now time.Time, tick int64) *room {
	r := rs.byName[name]
	if r == nil {
		if len(rs.byName) >= rs.max {
			rs.forget(rs.oldest)
			rs.meters.forgotRooms.Inc()
		}
		name = strings.Clone(name) // the map must not keep a client's line alive
		r = &room{name: name, id: chat.StableID(name)}
		r.seq = max(uint64(now.UnixMicro()), rs.seqFloor)
		rs.byName[name] = r
	} else if r != rs.newest {
		rs.unlink(r)
	}
	r.spoke = tick
	if r != rs.newest {
		rs.link(r)
	}
	return r
}

// place is the room's next.
func (r *room) place(now time.Time) chat.Place {
	r.seq++
	return chat.Place{Room: r.name, RoomID: r.id, Seq: r.seq, Time: now}
}

// remember makes m a line that can be answered.
func (rs *rooms) remember(r *room, id uuid.UUID, m *chat.Message) {
	mayGrow := rs.recentLines < rs.recentMax
	if r.recent.add(id, m, mayGrow) {
		rs.recentLines++
	} else if !mayGrow && len(r.recent.ring) < recentLinesMax {
		rs.meters.forgotRecent.Inc()
	}
}

// sweep forgets the rooms that have been silent for the idle time.
func (rs *rooms) sweep(tick int64) {
	for rs.oldest != nil && tick-rs.oldest.spoke >= rs.idle {
		rs.forget(rs.oldest)
	}
}

func (rs *rooms) forget(r *room) {
	rs.unlink(r)
	delete(rs.byName, r.name)
	rs.recentLines -= len(r.recent.ring)
	rs.seqFloor = max(rs.seqFloor, r.seq)
}

func (rs *rooms) link(r *room) {
	r.older = rs.newest
	if rs.newest != nil {
		rs.newest.newer = r
	} else {
		rs.oldest = r
	}
	rs.newest = r
}

func (rs *rooms) unlink(r *room) {
	if r.newer != nil {
		r.newer.older = r.older
	} else {
		rs.newest = r.older
	}
	if r.older != nil {
		r.older.newer = r.newer
	} else {
		rs.oldest = r.newer
	}
	r.newer, r.older = nil, nil
}
