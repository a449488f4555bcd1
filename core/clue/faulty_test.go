package clue

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

// faults say what is wrong with a store.
type faults struct {
	down  bool          // fails at once
	hangs bool          // answers nothing until the context ends
	open  bool          // its breaker: fails at once
	late  time.Duration // answers after this
}

// faulty is an embedded store that can be put out of order, and counts what it is asked.
type faulty struct {
	*store.Embedded
	mu struct {
		sync.Mutex
		faults                     // of all else
		changes             faults // of Change
		trips, reads, draws int
		spoken              []store.Spoken
	}
}

func newFaulty(t testing.TB) *faulty {
	t.Helper()
	e, err := store.Open("")
	if err != nil {
		t.Fatal(err)
	}
	return &faulty{Embedded: e}
}

func (f *faulty) set(to faults) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.faults, f.mu.changes = to, to
}

func (f *faulty) setChangesOnly(to faults) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.changes = to
}

func (f *faulty) readsSoFar() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mu.reads
}

func (f *faulty) trips() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mu.trips
}

// fails waits as the faults say, and reports whether the answer is lost.
func (f *faulty) fails(ctx context.Context) bool {
	f.mu.Lock()
	now := f.mu.faults
	f.mu.Unlock()
	return now.fail(ctx)
}

func (now faults) fail(ctx context.Context) bool {
	if now.hangs {
		<-ctx.Done()
		return true
	}
	if now.late > 0 {
		select {
		case <-time.After(now.late):
		case <-ctx.Done():
			return true
		}
	}
	return now.down || now.open
}

func (now faults) err() error {
	if now.open {
		return fmt.Errorf("%w: %w", store.ErrUnavailable, store.ErrOpen)
	}
	return store.ErrUnavailable
}

func (f *faulty) err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mu.faults.err()
}

func (f *faulty) failAll(b *store.Batch) {
	err := f.err()
	for i := range b.Reads {
		b.Reads[i].Err = err
	}
	for i := range b.Draws {
		b.Draws[i].Err = err
	}
	for i := range b.Spoken {
		b.Spoken[i].Err = err
	}
}

func (f *faulty) Fetch(ctx context.Context, b *store.Batch) {
	f.mu.Lock()
	f.mu.trips++
	f.mu.reads += len(b.Reads)
	f.mu.draws += len(b.Draws)
	f.mu.Unlock()
	if f.fails(ctx) {
		f.failAll(b)
		return
	}
	f.mu.Lock()
	f.mu.spoken = append(f.mu.spoken, b.Spoken...)
	f.mu.Unlock()
	f.Embedded.Fetch(ctx, b)
}

func (f *faulty) Change(ctx context.Context, k store.Key, c store.Change) error {
	f.mu.Lock()
	now := f.mu.changes
	f.mu.Unlock()
	if now.fail(ctx) {
		return now.err()
	}
	return f.Embedded.Change(ctx, k, c)
}

func (f *faulty) Roster(ctx context.Context, room string, roles chat.Roles) ([]string, error) {
	if f.fails(ctx) {
		return nil, f.err()
	}
	return f.Embedded.Roster(ctx, room, roles)
}

// change makes a change as another process would.
func (f *faulty) change(t testing.TB, k store.Key, c store.Change) {
	t.Helper()
	if err := f.Embedded.Change(context.Background(), k, c); err != nil {
		t.Fatal(err)
	}
}

func roomKey(room string) store.Key { return store.Key{Kind: store.KindRoom, Room: room} }

func memberKey(room, login string) store.Key {
	return store.Key{Kind: store.KindMember, Room: room, Login: login}
}

func accountKey(login string) store.Key { return store.Key{Kind: store.KindAccount, Login: login} }
