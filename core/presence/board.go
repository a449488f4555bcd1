package presence

import (
	"cmp"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/exchange"
)

// Config is what a Board needs. All of it must be set.
type Config struct {
	Edge       uint64 // of this process: a random number
	Partitions int    // of the fleet
	// Tell is exchange.Feed's.
	Tell    func(partition int, aside []byte)
	Metrics *metrics.Set
}

// Board is where all edges post who is in their rooms.
type Board struct {
	cfg    Config
	own    Own
	start  time.Time
	bounds bounds
	meters meters
	teller teller
	mu     struct {
		sync.Mutex
		partitions []partition
		edges      map[uint64]*edge // others
		rooms      int              // of all partitions
		entries    int              // of all rooms
		names      int              // of all entries
		version    uint64           // the last that was given to a room
	}
}

// bounds are those of the constants; tests have their own.
type bounds struct{ edges, roomsPerEdge, entries, names, ownRooms int }

// partition is what is known of the rooms of one partition.
type partition struct {
	rooms map[string]*room
	echo  echo
}

// edge is another edge that was heard of.
type edge struct {
	heard   time.Duration
	entries int
}

// room is who is in a room on other edges.
type room struct {
	name    string
	entries []entry // by edge
	version uint64  // of names, hidden and hosts
	seats   int
	named   int
	names   int // in the entries' lists
	hidden  int // entries with names that are not listed
	hosts   int // entries that have the broadcaster
}

// entry is what one edge has told last of a room. One without seats stays until it
// expires, so that what was told before and comes late does not count.
type entry struct {
	edge         uint64
	heard        time.Duration
	names        string // as in a report
	number       uint32 // of the aside
	seats, named uint32
	flags        byte
}

// NewBoard makes a Board that knows of nobody. Attach comes before anything else.
func NewBoard(cfg Config) *Board {
	if cfg.Edge == 0 || cfg.Partitions < 1 || cfg.Tell == nil || cfg.Metrics == nil {
		panic("BUG: presence.NewBoard without an edge, partitions, Tell or metrics")
	}
	b := &Board{cfg: cfg, start: time.Now()}
	b.bounds = bounds{EdgesMax, RoomsPerEdgeMax, EntriesMax, NamesTotalMax, ownRoomsMax}
	b.meters = newMeters(cfg.Metrics, b)
	b.teller.init(cfg.Partitions)
	b.mu.edges = map[uint64]*edge{}
	b.mu.partitions = make([]partition, cfg.Partitions)
	for i := range b.mu.partitions {
		b.mu.partitions[i].rooms = map[string]*room{}
	}
	return b
}

// Attach tells the Board of what it is to tell.
func (b *Board) Attach(own Own) { b.own = own }

// now is the time that entries are stamped with.
func (b *Board) now() time.Duration { return time.Since(b.start) }

// Hear takes the body of an aside, for exchange.InboxConfig.Aside. It does not keep it.
func (b *Board) Hear(partition int, body []byte) {
	if partition < 0 || partition >= len(b.mu.partitions) {
		b.meters.unreadable.Inc()
		return
	}
	h, rest, err := readHead(body)
	if err != nil {
		b.meters.damage(err)
		return
	}
	now := b.now()
	if h.edge == b.cfg.Edge {
		b.heardSelf(partition, now)
		return
	}
	b.meters.heard.Inc()
	if !b.meet(h.edge, now) {
		b.meters.edgesOver.Inc()
		return
	}
	for t, err := range rooms(rest) {
		if err != nil {
			b.meters.damage(err)
			return
		}
		if name, changed := b.put(partition, h, &t, now); changed {
			b.own.OthersChanged(name)
		}
	}
}

// meet notes that an edge was heard of, unless there are too many.
func (b *Board) meet(id uint64, now time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.mu.edges[id]
	if e == nil {
		if len(b.mu.edges) >= b.bounds.edges {
			return false
		}
		e = &edge{}
		b.mu.edges[id] = e
	}
	e.heard = now
	return true
}

// put takes what an edge has told of a room, and reports whether Others has something new
// to say.
func (b *Board) put(partition int, h head, t *told, now time.Duration) (name string, changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := &b.mu.partitions[partition]
	r := p.rooms[string(t.name)]
	if r == nil {
		if r = b.addRoom(partition, t); r == nil {
			return "", false
		}
	}
	i, known := r.find(h.edge)
	if !known {
		if !b.addEntry(r, i, h, t) {
			b.dropIfEmpty(p, r)
			return "", false
		}
	}
	e := &r.entries[i]
	if known && int32(h.number-e.number) <= 0 {
		return "", false // has been overtaken
	}
	e.heard, e.number = now, h.number
	if e.flags == t.flags && e.named == t.named && e.names == string(t.names) {
		r.seats += int(t.seats) - int(e.seats) // Fast path: nobody came or left that has a name
		e.seats = t.seats
		return "", false
	}
	if e.names != string(t.names) && !b.mayKeep(t, e) {
		t.names, t.flags = nil, t.flags&^flagListed
	}
	return r.name, b.replace(r, e, t)
}

// mayKeep reports whether the names of t can be kept in place of those of e.
func (b *Board) mayKeep(t *told, e *entry) bool {
	switch {
	case !t.checkNames():
		b.meters.unreadable.Inc()
		return false
	case b.mu.names-e.listed()+int(t.named) > b.bounds.names && len(t.names) > 0:
		b.meters.namesOver.Inc()
		return false
	}
	return true
}

// replace puts t in the place of what e was, and reports whether that is anything but
// numbers.
func (b *Board) replace(r *room, e *entry, t *told) bool {
	was := *e
	e.seats, e.named, e.flags = t.seats, t.named, t.flags
	if e.names != string(t.names) {
		e.names = string(t.names)
	}
	b.count(r, &was, -1)
	b.count(r, e, +1)
	if was.names == e.names && was.hidden() == e.hidden() && (was.flags^e.flags)&flagHost == 0 {
		return false
	}
	b.mu.version++
	r.version = b.mu.version
	return true
}

// count adds an entry to the sums of its room, or takes it out.
func (b *Board) count(r *room, e *entry, sign int) {
	r.seats += sign * int(e.seats)
	r.named += sign * int(e.named)
	r.names += sign * e.listed()
	b.mu.names += sign * e.listed()
	if e.hidden() {
		r.hidden += sign
	}
	if e.flags&flagHost != 0 {
		r.hosts += sign
	}
}

// listed counts the names of an entry's list.
func (e *entry) listed() int {
	if e.flags&flagListed == 0 {
		return 0
	}
	return int(e.named)
}

// hidden reports whether names are there that are not listed.
func (e *entry) hidden() bool { return e.flags&flagListed == 0 && e.named > 0 }

func (r *room) find(edge uint64) (at int, known bool) {
	return slices.BinarySearchFunc(r.entries, edge, func(e entry, edge uint64) int { return cmp.Compare(e.edge, edge) })
}

// addRoom makes a room that was not known, if it is in the right partition.
func (b *Board) addRoom(partition int, t *told) *room {
	if t.seats == 0 {
		return nil
	}
	name := string(t.name)
	if exchange.PartitionOf(name, len(b.mu.partitions)) != partition {
		b.meters.unreadable.Inc()
		return nil
	}
	r := &room{name: name}
	b.mu.partitions[partition].rooms[name] = r
	b.mu.rooms++
	return r
}

// addEntry makes an empty entry of an edge, unless it has too many.
func (b *Board) addEntry(r *room, at int, h head, t *told) bool {
	e := b.mu.edges[h.edge]
	if t.seats == 0 || e == nil {
		return false
	}
	if e.entries >= b.bounds.roomsPerEdge || b.mu.entries >= b.bounds.entries {
		b.meters.roomsOver.Inc()
		return false
	}
	e.entries++
	b.mu.entries++
	r.entries = slices.Insert(r.entries, at, entry{edge: h.edge})
	return true
}

// dropIfEmpty forgets a room that no edge tells of.
func (b *Board) dropIfEmpty(p *partition, r *room) {
	if len(r.entries) == 0 {
		delete(p.rooms, r.name)
		b.mu.rooms--
	}
}

// find returns what is known of a room, or nil. b is locked.
func (b *Board) find(name string) *room {
	return b.mu.partitions[exchange.PartitionOf(name, len(b.mu.partitions))].rooms[name]
}

// Count returns how many seats a room has on other edges.
func (b *Board) Count(name string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r := b.find(name); r != nil {
		return r.seats
	}
	return 0
}

// named returns how many names a room has on other edges, those on two of them counted
// twice.
func (b *Board) named(name string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r := b.find(name); r != nil {
		return r.named
	}
	return 0
}

// Others returns who is in a room on other edges, unless that is the version that its
// caller knows.
func (b *Board) Others(name string, known uint64) (o Others, changed bool) {
	o = b.others(name, known)
	if o.Version == known {
		return o, false
	}
	slices.Sort(o.Names)
	o.Names = slices.Compact(o.Names)
	return o, true
}

func (b *Board) others(name string, known uint64) Others {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.find(name)
	if r == nil {
		return Others{Whole: true}
	}
	o := Others{Version: r.version, Host: r.hosts > 0, Whole: r.hidden == 0 && r.names <= listedMax}
	if r.version == known || !o.Whole {
		return o
	}
	o.Names = make([]string, 0, r.names)
	for i := range r.entries {
		o.Names = appendNames(o.Names, r.entries[i].names)
	}
	return o
}

// damage counts an aside that cannot be read.
func (m *meters) damage(err error) {
	if errors.Is(err, errVersion) {
		m.otherVersion.Inc()
		return
	}
	m.unreadable.Inc()
}
