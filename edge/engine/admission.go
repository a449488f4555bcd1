package engine

import (
	"net/netip"
	"sync"
)

// admission counts the open connections of all loops, in total and per address.
// It holds an address only while a connection from it is open, so it is bounded by
// connsMax entries.
type admission struct {
	connsMax, perAddrMax int

	mu struct {
		sync.Mutex
		conns  int
		byAddr map[netip.Addr]int
	}
}

func (a *admission) init(connsMax, perAddrMax int) {
	a.connsMax, a.perAddrMax = connsMax, perAddrMax
	a.mu.byAddr = map[netip.Addr]int{}
}

// admit takes a place, or says why there is none.
func (a *admission) admit(addr netip.Addr) Reason {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.mu.conns >= a.connsMax {
		return ReasonRefusedFull
	}
	if a.perAddrMax > 0 {
		if a.mu.byAddr[addr] >= a.perAddrMax {
			return ReasonRefusedAddress
		}
		a.mu.byAddr[addr]++
	}
	a.mu.conns++
	return ReasonNone
}

// leave gives the place back.
func (a *admission) leave(addr netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.mu.conns--
	if a.perAddrMax > 0 {
		if a.mu.byAddr[addr]--; a.mu.byAddr[addr] == 0 {
			delete(a.mu.byAddr, addr)
		}
	}
}

func (a *admission) open() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.mu.conns
}
