package clue

import (
	"crypto/rand"

	"github.com/google/uuid"
)

// ids makes the ids of lines: UUIDs of version 4. It draws random bytes for 256 of
// them at a time, because the system call costs more than the rest. One shard owns it.
type ids struct {
	random [256 * 16]byte
	used   int
}

func newIDs() *ids { return &ids{used: len(ids{}.random)} }

func (g *ids) next() (id uuid.UUID) {
	if g.used == len(g.random) {
		_, _ = rand.Read(g.random[:]) // never fails: crypto/rand ends the process instead
		g.used = 0
	}
	copy(id[:], g.random[g.used:])
	g.used += len(id)
	id[6] = id[6]&0x0f | 0x40 // version 4
	id[8] = id[8]&0x3f | 0x80 // variant of RFC 9562
	return id
}
