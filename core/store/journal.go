package store

import "sync"

// groupKeysMax bounds the records that wait to be written. Beyond, a Change is refused
// with ErrUnavailable, and what nobody waits for is not written: a first line, or the
// end of a timeout, that a restart undoes does no harm.
const groupKeysMax = 1 << 16

// journal collects the keys of records that differ from the file. All that wait at the
// same time are one group, which is written in one transaction.
type journal struct {
	mu struct {
		sync.Mutex
		open   *group // that changes join now
		closed bool
	}
	wake chan struct{} // holds one: somebody waits
}

// group is what one transaction makes durable. It holds keys, not values: the write
// takes each record as it is by then, which is as the group left it or newer.
type group struct {
	keys map[Key]struct{}
	done chan struct{} // closed once err is set
	err  error
}

func newJournal() *journal {
	j := &journal{wake: make(chan struct{}, 1)}
	j.mu.open = newGroup()
	return j
}

func newGroup() *group { return &group{keys: make(map[Key]struct{}), done: make(chan struct{})} }

// admits reports whether a change may join.
func (j *journal) admits() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return !j.mu.closed && len(j.mu.open.keys) < groupKeysMax
}

// add marks a record that nobody waits for; it is written with the next group.
func (j *journal) add(k Key) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.mu.open.keys) < groupKeysMax {
		j.mu.open.keys[k] = struct{}{}
	}
}

// join marks a record and returns the group that will write it, or nil after the last.
func (j *journal) join(k Key) *group {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.mu.closed {
		return nil
	}
	j.mu.open.keys[k] = struct{}{}
	return j.mu.open
}

// hurry has the open group written now.
func (j *journal) hurry() {
	select {
	case j.wake <- struct{}{}:
	default: // it is on its way
	}
}

// take returns the group and opens the next. last closes the journal.
func (j *journal) take(last bool) *group {
	j.mu.Lock()
	defer j.mu.Unlock()
	g := j.mu.open
	j.mu.open = newGroup()
	j.mu.closed = j.mu.closed || last
	return g
}

// settle tells all who wait for g. What could not be written is tried again with the
// next group.
func (j *journal) settle(g *group, err error) {
	if err != nil {
		j.mu.Lock()
		for k := range g.keys {
			j.mu.open.keys[k] = struct{}{}
		}
		j.mu.Unlock()
	}
	g.err = err
	close(g.done)
}
