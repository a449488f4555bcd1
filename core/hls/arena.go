package hls

import (
	"fmt"
	"math/bits"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// arena is the memory of segments: one stretch outside the Go heap, so that the collector
// neither scans it nor lets as much garbage again stand beside it, and so that its size is
// a bound which holds whatever readers keep. Pages that were never used cost nothing.
//
// It maps a file without a name, so that the kernel can send from it without a copy
// (sendfile(2)). What was sent so stays in the kernel's queues after its last reader has let
// go of it: pages that come back are cut out of the file, and the queues keep their own.
//
// It gives stretches of pages, from the lowest that are free, in runs as long as there are;
// what it has given belongs to the taker until it comes back.
type arena struct {
	mem   []byte
	fd    int // -1: no file, memory alone
	pages int

	mu struct {
		sync.Mutex
		used  []uint64 // a bit per page
		taken []uint16 // pages in use, by block
		dirty []bool   // blocks that the kernel has given memory to
		live  int      // pages in use
	}
}

const (
	pageBytes  = 4 << 10
	blockPages = 1 << 10 // 4 MiB: what is given back to the kernel at once
	blockWords = blockPages / 64

	// runPagesMin is a run that is long enough, 64 KiB: shorter ones are taken only when
	// there is none, for each is a write to a viewer's socket of its own.
	runPagesMin = 16
)

// run is a stretch of pages.
type run struct{ from, n int }

// newArena reserves bytesMax. The memory goes back when nothing points to the arena.
func newArena(bytesMax int64) (*arena, error) {
	pages := int(bytesMax / pageBytes)
	mem, fd, err := mapFile(pages * pageBytes)
	if err != nil {
		fd = -1
		mem, err = unix.Mmap(-1, 0, pages*pageBytes, unix.PROT_READ|unix.PROT_WRITE,
			unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot reserve %d bytes for segments: mmap: %w", bytesMax, err)
	}
	a := &arena{mem: mem, fd: fd, pages: pages}
	blocks := (pages + blockPages - 1) / blockPages
	a.mu.used = make([]uint64, blocks*blockWords)
	a.mu.taken = make([]uint16, blocks)
	a.mu.dirty = make([]bool, blocks)
	for p := pages; p < blocks*blockPages; p++ { // the last block's rest
		a.mu.used[p/64] |= 1 << (p % 64)
		a.mu.taken[p/blockPages]++
	}
	runtime.AddCleanup(a, func(mem []byte) { _ = unix.Munmap(mem) }, mem)
	if fd >= 0 {
		runtime.AddCleanup(a, func(fd int) { _ = unix.Close(fd) }, fd)
	}
	return a, nil
}

// mapFile maps a file without a name. Its pages are never huge ones: of those the kernel cuts
// out no part while a queue holds another, but writes zeros over it.
func mapFile(size int) (mem []byte, fd int, err error) {
	if fd, err = unix.MemfdCreate("uproar-video", unix.MFD_CLOEXEC); err != nil {
		return nil, -1, err
	}
	if err = unix.Ftruncate(fd, int64(size)); err == nil {
		mem, err = unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_NORESERVE)
	}
	if err == nil {
		if err = unix.Madvise(mem, unix.MADV_NOHUGEPAGE); err != nil && err != unix.EINVAL { // EINVAL: this kernel has none
			_ = unix.Munmap(mem)
		} else {
			return mem, fd, nil
		}
	}
	_ = unix.Close(fd)
	return nil, -1, err
}

func (a *arena) bytes(r run) []byte {
	return a.mem[r.from*pageBytes : (r.from+r.n)*pageBytes : (r.from+r.n)*pageBytes]
}

// take gives a run of n pages, or a shorter one. It reports false when no page is free.
func (a *arena) take(n int) (run, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	best := run{}
	for at := 0; at < a.pages; {
		from := a.nextFree(at)
		if from < 0 {
			break
		}
		r := run{from, a.freeFrom(from, n)}
		if r.n >= min(n, runPagesMin) {
			best = r
			break
		}
		if r.n > best.n {
			best = r
		}
		at = from + r.n
	}
	if best.n == 0 {
		return run{}, false
	}
	a.mark(best, true)
	return best, true
}

// extend gives up to n pages that follow page at, none if the first is in use.
func (a *arena) extend(at, n int) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if at >= a.pages {
		return 0
	}
	got := a.freeFrom(at, n)
	a.mark(run{at, got}, true)
	return got
}

// give takes a run back.
func (a *arena) give(r run) {
	if a.fd >= 0 {
		if err := unix.Madvise(a.bytes(r), unix.MADV_REMOVE); err != nil {
			return // what may be on its way is not written over; it is lost until the process ends
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.mark(r, false)
}

// nextFree is the first free page from at on, or -1.
func (a *arena) nextFree(at int) int {
	for at < a.pages {
		if at%blockPages == 0 && a.mu.taken[at/blockPages] == blockPages {
			at += blockPages
			continue
		}
		if free := ^a.mu.used[at/64] >> (at % 64); free != 0 {
			return at + bits.TrailingZeros64(free)
		}
		at = (at/64 + 1) * 64
	}
	return -1
}

// freeFrom counts free pages from the page from on, up to n.
func (a *arena) freeFrom(from, n int) int {
	got := 0
	for got < n && from+got < a.pages {
		at := from + got
		free := bits.TrailingZeros64(a.mu.used[at/64] >> (at % 64))
		free = min(free, 64-at%64)
		if free == 0 {
			break
		}
		got += free
		if (at+free)%64 != 0 {
			break
		}
	}
	return min(got, n)
}

func (a *arena) mark(r run, used bool) {
	for p := r.from; p < r.from+r.n; p++ {
		if bit := uint64(1) << (p % 64); (a.mu.used[p/64]&bit != 0) == used {
			panic("BUG: a page of the arena is given or taken twice")
		}
		a.mu.used[p/64] ^= 1 << (p % 64)
		if used {
			a.mu.taken[p/blockPages]++
			a.mu.dirty[p/blockPages] = true
			a.mu.live++
		} else {
			a.mu.taken[p/blockPages]--
			a.mu.live--
		}
	}
}

// inUse is how many bytes are taken.
func (a *arena) inUse() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return int64(a.mu.live) * pageBytes
}

// trim gives the memory of blocks in which nothing is taken back to the kernel. Of a file
// give has done so.
func (a *arena) trim() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, dirty := range a.mu.dirty {
		if !dirty || a.mu.taken[i] != 0 {
			continue
		}
		from := i * blockPages * pageBytes
		if a.fd >= 0 || unix.Madvise(a.mem[from:min(from+blockPages*pageBytes, len(a.mem))], unix.MADV_DONTNEED) == nil {
			a.mu.dirty[i] = false
		}
	}
}
