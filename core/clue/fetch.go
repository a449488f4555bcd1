package clue

import (
	"context"
	"slices"
	"time"

	"uproar/core/store"
)

// fetch is what one batch asks the store, all in one round trip. A record that several
// lines need is asked for once.
type fetch struct {
	store.Batch
	stamps []uint64            // beside Reads: taken before they were asked
	found  []*entry            // beside Reads: the answers, nil where there is none
	asked  map[store.Key]int32 // index in Reads
	spoken []spoken            // not yet told to the store
	aside  chan struct{}       // holds one while another goroutine tells
}

// spoken is a store.Spoken that knows when it was.
type spoken struct {
	store.Spoken
	at int64 // tick
}

// ref is one record that a line needs: in the cache, or asked for, or both when the
// cache has one that is past its time.
type ref struct {
	known *entry
	read  int32 // index in fetch.Reads, or -1
}

func newFetch() fetch {
	return fetch{asked: make(map[store.Key]int32), aside: make(chan struct{}, 1)}
}

// find looks a record up and asks for it when it is not fresh.
func (f *fetch) find(c *cache, k store.Key, tick int64) ref {
	e, fresh := c.get(k, tick)
	if fresh {
		return ref{e, -1}
	}
	at, asked := f.asked[k]
	if !asked {
		at = int32(len(f.Reads))
		f.asked[k] = at
		f.Reads = append(f.Reads, store.Read{Key: k})
		f.stamps = append(f.stamps, c.stamp(k))
	}
	return ref{e, at}
}

// resolve returns the record, which is nil when it is unknown, and whether it is stale.
func (f *fetch) resolve(r ref) (e *entry, stale bool) {
	if r.read < 0 {
		return r.known, false
	}
	if e := f.found[r.read]; e != nil {
		return e, false
	}
	return r.known, r.known != nil
}

// run asks what was collected and keeps the answers. It reports whether there was
// anything to ask.
func (f *fetch) run(src *source, c *cache, epoch time.Time) bool {
	if len(f.Reads) == 0 && len(f.Draws) == 0 {
		return false
	}
	f.tell(int64(time.Since(epoch)))
	src.fetch(context.Background(), &f.Batch)
	f.told()
	tick := int64(time.Since(epoch))
	for i := range f.Reads {
		var e *entry
		if f.Reads[i].Err == nil {
			e = c.put(&f.Reads[i], f.stamps[i], tick)
		}
		f.found = append(f.found, e)
	}
	return true
}

// tell moves what was spoken into the batch.
func (f *fetch) tell(tick int64) {
	for i := range f.spoken {
		s := &f.spoken[i]
		s.Ago = time.Duration(tick - s.at)
		f.Spoken = append(f.Spoken, s.Spoken)
	}
}

// tellNow tells the store what was spoken. It is for a batch that asks nothing.
func (f *fetch) tellNow(src *source, epoch time.Time) {
	if len(f.spoken) == 0 {
		return
	}
	f.tell(int64(time.Since(epoch)))
	src.fetch(context.Background(), &f.Batch)
	f.told()
}

// tellAside is tellNow on a goroutine of its own, so that a store that is slow to be
// told holds up no batch. While one is under way, what is spoken is kept.
func (f *fetch) tellAside(src *source, epoch time.Time) {
	if len(f.spoken) == 0 {
		return
	}
	select {
	case f.aside <- struct{}{}:
	default:
		return
	}
	f.tell(int64(time.Since(epoch)))
	b := &store.Batch{Spoken: slices.Clone(f.Spoken)}
	f.told()
	go func() {
		src.fetch(context.Background(), b)
		<-f.aside
	}()
}

// settle returns when nothing is told aside any more, and ends that.
func (f *fetch) settle() { f.aside <- struct{}{} }

func (f *fetch) told() {
	clear(f.spoken)
	clear(f.Spoken)
	f.spoken, f.Spoken = f.spoken[:0], f.Spoken[:0]
}

// clear begins the next batch. What was spoken stays.
func (f *fetch) clear() {
	if len(f.asked) > 0 {
		clear(f.asked)
	}
	clear(f.Reads)
	clear(f.Draws)
	clear(f.found)
	f.Reads, f.Draws, f.stamps, f.found = f.Reads[:0], f.Draws[:0], f.stamps[:0], f.found[:0]
}
