package store

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/chat"
)

const (
	// lazyEvery is how long a record that nobody waits for may differ from the file:
	// who spoke first, which timeouts have ended. What could not be written is tried
	// again as often.
	lazyEvery = time.Second
	// sweepEvery is how often timeouts that have ended are looked for, in one stripe
	// each time: all of them once a minute.
	sweepEvery = time.Second
)

// Embedded is a Store in one process: state in memory, durable in a file.
//
// A Change is seen by Fetch and told to the watchers at once, so that a ban bites while
// the disk is still at work; it returns when the file has it, so that what was
// acknowledged survives kill -9. A Change that failed on the disk holds in memory all
// the same, and is tried again every lazyEvery and at Close. Draws and last lines are
// in memory only: a restart fills every bucket.
type Embedded struct {
	records  *records
	limits   *limits
	watchers watchers
	journal  *journal
	file     *file     // nil: memory alone
	began    time.Time // ticks count from here
	meters   *meters
	onState  func(failing bool, cause error)

	writing struct { // held while a group is written: groups reach the file in order
		sync.Mutex
		failing bool // the last one did not
	}
}

// Config is where an Embedded keeps its records, and whom it tells of itself.
type Config struct {
	Path    string       // of the file; empty: memory alone
	Metrics *metrics.Set // nil: metrics are counted for nobody

	// OnState is told when the file can be written no more, and why, and when it can be
	// again, in order. It must not block. Nobody if nil.
	OnState func(failing bool, cause error)
}

// Open is OpenWith a path alone.
func Open(path string) (*Embedded, error) { return OpenWith(Config{Path: path}) }

// OpenWith loads the file at c.Path, or makes it. It starts nothing: run Run, or no
// Change that a file is to keep returns before its deadline. After Run has returned,
// Close.
func OpenWith(c Config) (*Embedded, error) { return open(c, defaultBounds()) }

func open(c Config, b bounds) (*Embedded, error) {
	if c.Metrics == nil {
		c.Metrics = metrics.NewSet()
	}
	if c.OnState == nil {
		c.OnState = func(bool, error) {}
	}
	e := &Embedded{began: time.Now(), meters: newMeters(c.Metrics), onState: c.OnState}
	e.limits = newLimits(e.meters, entriesMax)
	path := c.Path
	if path == "" {
		e.records = newRecords(b, func(Key) {}, e.meters)
		return e, nil
	}
	e.journal = newJournal()
	e.records = newRecords(b, e.journal.add, e.meters)
	err := unlessDamaged(path, func() (err error) {
		if e.file, err = openFile(path); err != nil {
			return err
		}
		return e.file.load(e.records.load)
	})
	if err != nil && e.file != nil {
		_ = e.file.close()
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

// Run writes what changes, and sweeps, until ctx ends; it then writes what is left and
// returns the error of that.
func (e *Embedded) Run(ctx context.Context) error {
	var wake chan struct{}
	if e.journal != nil {
		wake = e.journal.wake
	}
	lazy, sweep := time.NewTicker(lazyEvery), time.NewTicker(sweepEvery)
	defer lazy.Stop()
	defer sweep.Stop()
	for next := 0; ; {
		select {
		case <-wake:
			_ = e.commit(false) // told to those who wait
		case <-lazy.C:
			_ = e.commit(false) // tried again
		case now := <-sweep.C:
			e.records.sweep(next, now)
			next++
		case <-ctx.Done():
			return e.commit(false)
		}
	}
}

// Close writes what is left and closes the file. Every Change after it fails.
func (e *Embedded) Close() error {
	if e.file == nil {
		return nil
	}
	err := e.commit(true)
	if closeErr := e.file.close(); err == nil {
		err = closeErr
	}
	return err
}

// commit writes one group, the last before the journal closes.
func (e *Embedded) commit(last bool) error {
	if e.file == nil {
		return nil
	}
	e.writing.Lock()
	defer e.writing.Unlock()
	g := e.journal.take(last)
	var err error
	if len(g.keys) > 0 {
		err = e.write(g)
	}
	e.journal.settle(g, err)
	return err
}

// write brings a group to the file, counts that, and tells when that begins to fail, and
// when it no longer does.
func (e *Embedded) write(g *group) error {
	began := time.Now()
	err := e.file.write(g.keys, e.records.encode)
	e.meters.commitSeconds.UpdateDuration(began)
	e.meters.commitRecords.Update(float64(len(g.keys)))
	if err != nil {
		e.meters.commitsFailed.Inc()
	}
	if failing := err != nil; failing != e.writing.failing {
		e.writing.failing = failing
		e.onState(failing, err)
	}
	return err
}

// Fetch implements Store. It waits for nothing and never for the disk; draws allocate
// nothing, and reads only those who spoke and are known for nothing else. What was spoken counts before the draws of the same batch.
func (e *Embedded) Fetch(_ context.Context, b *Batch) {
	now := time.Now()
	tick := int64(now.Sub(e.began))
	for i := range b.Spoken {
		sp := &b.Spoken[i]
		sp.Err = nil
		e.limits.note(sp, tick)
		if sp.Mark {
			e.records.spoke(memberKey{sp.Room, sp.Login}, now.Add(-max(0, sp.Ago)))
		}
	}
	for i := range b.Reads {
		e.records.read(&b.Reads[i], now)
	}
	for i := range b.Draws {
		e.limits.draw(&b.Draws[i], tick)
	}
}

// Change implements Store. Its errors wrap ErrInvalid, ErrFull or ErrUnavailable. One
// that comes from the disk, or from its slowness, is not ErrNotDone.
func (e *Embedded) Change(ctx context.Context, k Key, c Change) error {
	if err := c.Validate(k); err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("cannot change %s: %w: %w: %w", k, ErrUnavailable, ErrNotDone, err)
	}
	if e.journal != nil && !e.journal.admits() {
		return fmt.Errorf("cannot change %s: %w: %w: closed, or too much to write", k, ErrUnavailable, ErrNotDone)
	}
	if err := e.records.change(k, &c, time.Now()); err != nil {
		return fmt.Errorf("cannot change %s: %w", k, err)
	}
	e.watchers.tell(k)
	if e.journal == nil {
		return nil
	}
	return e.await(ctx, k)
}

// await returns once the record is durable, or ctx ends.
func (e *Embedded) await(ctx context.Context, k Key) error {
	g := e.journal.join(k)
	if g == nil {
		return fmt.Errorf("cannot change %s: %w: closed", k, ErrUnavailable)
	}
	e.journal.hurry()
	select {
	case <-g.done:
		if g.err != nil {
			return fmt.Errorf("cannot change %s: %w: %w", k, ErrUnavailable, g.err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("cannot change %s: %w: %w", k, ErrUnavailable, context.Cause(ctx))
	}
}

// Roster implements Store. It waits for nothing.
func (e *Embedded) Roster(_ context.Context, room string, roles chat.Roles) ([]string, error) {
	return e.records.rosters.list(room, roles), nil
}

// Watch implements Store. It calls stale with the zero Key as soon as it watches. A
// watcher that is watchQueueMax changes behind is told the zero Key in their place.
func (e *Embedded) Watch(ctx context.Context, stale func(Key)) error {
	e.watchers.watch(ctx, stale)
	return nil
}
