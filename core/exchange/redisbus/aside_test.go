package redisbus

import (
	"testing"
	"time"

	"uproar/core/exchange"
	"uproar/core/store/redistest"
)

func TestAsidesForAFrozenServerAreDroppedAndHoldUpNoOther(t *testing.T) {
	t.Parallel()
	servers := redistest.StartMany(t, 2)
	b := openBus(t, servers, impatient)
	var partitions [2]int // one on each server
	for p := range b.config.Partitions {
		partitions[serverOf(b.config.Addrs, p)] = p
	}
	r := newRecorder()
	f := startFeed(t, b, r)
	for _, p := range partitions {
		f.Want(p, true)
		r.await(t, "subscribed", func() bool { return r.subscribed[p] > 0 })
	}
	aside := exchange.AppendAside(nil, []byte("hello"))
	servers[0].Stop()
	const told = 5 * asidesMax
	began := time.Now()
	for range told {
		f.Tell(partitions[0], aside)
	}
	f.Tell(partitions[1], aside)
	if took := time.Since(began); took > time.Second {
		t.Errorf("to tell took %v", took)
	}
	r.await(t, "the other server's aside came", func() bool { return r.asides == 1 })
	// One call is under way, with at most as many as wait.
	awaitCount(t, b, `uproar_exchange_redis_asides_dropped_total`, told-2*asidesMax)
	servers[0].Continue()
	r.await(t, "one came of the server that is back", func() bool {
		f.Tell(partitions[0], aside)
		r.tell() // ask again
		time.Sleep(time.Millisecond)
		return r.asides > 1
	})
	f.Tell(partitions[1], []byte("no aside"))
	f.Tell(partitions[1], make([]byte, exchange.AsideBytesMax+1))
	f.asides.Lock()
	defer f.asides.Unlock()
	if n := len(f.asides.of[partitions[1]].waiting); n != 0 {
		t.Errorf("%d that are no asides wait", n)
	}
}
