//go:build !race

package store

import "testing"

func TestWarmFetchAllocatesNothing(t *testing.T) {
	e := openBounded(t, defaultBounds())
	b := warmBatch(t, e)
	b.Reads = append(b.Reads, Read{Key: Key{Kind: KindRoom, Room: "r"}}, Read{Key: Key{Kind: KindAccount, Login: "m1"}}, Read{Key: memberOf("r", -1)})
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() { e.Fetch(ctx, b) }); n != 0 {
		t.Errorf("%v allocations in a batch of %d lines", n, batchLines)
	}
}
