package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/redis/rueidis"
)

// How often a cluster is asked for its nodes: now and then, and soon after a node has
// redirected or failed.
const (
	layoutEvery = 30 * time.Second
	layoutSoon  = 100 * time.Millisecond
)

// cluster keeps a layout up to date. rueidis can split a pipeline by node too, but then
// waits for all of them, and for the time that it takes to connect to a frozen one its
// calls outlast their context: one node would cost the lines of all others. So each node
// is a shard, and only what is redirected goes through the client of the whole.
type cluster struct {
	config *Config
	whole  *shard
	use    func(*layout)
	wake   chan struct{} // capacity 1
	stop   context.CancelFunc
	done   sync.WaitGroup
	nodes  map[string]*shard // by address; of the goroutine of follow
}

// newCluster starts following; close ends it.
func newCluster(ctx context.Context, c *Config, client rueidis.Client, use func(*layout)) (*cluster, error) {
	k := &cluster{config: c, use: use, wake: make(chan struct{}, 1), nodes: map[string]*shard{}}
	k.whole = newShard("cluster", client, c)
	k.whole.troubled = k.hurry
	if err := k.refresh(ctx); err != nil {
		return nil, err
	}
	following, stop := context.WithCancel(context.Background())
	k.stop = stop
	k.done.Go(func() { k.follow(following) })
	return k, nil
}

func (k *cluster) close() {
	k.stop()
	k.done.Wait()
}

// hurry asks for a new layout soon. It never waits.
func (k *cluster) hurry() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *cluster) follow(ctx context.Context) {
	for pause(ctx, layoutSoon) {
		timer := time.NewTimer(layoutEvery)
		select {
		case <-k.wake:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		_ = k.refresh(ctx) // the layout before it holds, and whoever fails asks again
	}
}

// refresh asks all nodes at the same time, and believes the first answer.
func (k *cluster) refresh(ctx context.Context) error {
	clients := k.whole.client.Nodes()
	type answer struct {
		addr   string
		result rueidis.RedisResult
	}
	answers := make(chan answer, len(clients))
	for addr, client := range clients {
		go func() {
			// Not ctx: its end would fail a connection that others wait for.
			limited, cancel := context.WithTimeout(context.Background(), k.config.DialTimeout)
			defer cancel()
			answers <- answer{addr, client.Do(limited, client.B().ClusterSlots().Build())}
		}()
	}
	failed := errors.New("no node is known")
	for range clients {
		select {
		case a := <-answers:
			ranges, err := parseSlots(a.result, a.addr)
			if err == nil {
				k.use(k.layout(ranges, clients))
				return nil
			}
			failed = err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return failed
}

// layout makes shards of the clients. A shard that was there before keeps its places,
// breaker and meters, but has a new client: rueidis may have made a new connection for the address.
func (k *cluster) layout(ranges []slotRange, clients map[string]rueidis.Client) *layout {
	nodes := make(map[string]*shard, len(clients))
	index := make(map[string]uint16, len(clients))
	l := &layout{shards: []*shard{k.whole}, slots: new([slotCount]uint16)}
	for addr, client := range clients {
		one := newShard(addr, client, k.config)
		if before := k.nodes[addr]; before != nil {
			one.places, one.breaker, one.health = before.places, before.breaker, before.health
		}
		one.whole, one.troubled = k.whole, k.hurry
		nodes[addr], index[addr] = one, uint16(len(l.shards))
		l.shards = append(l.shards, one)
	}
	for addr, gone := range k.nodes {
		if nodes[addr] == nil {
			gone.meters.open.Set(0) // nobody asks it any more
		}
	}
	for _, r := range ranges {
		for i := r.first; i <= r.last; i++ {
			l.slots[i] = index[r.addr]
		}
	}
	k.nodes = nodes
	return l
}

// slotRange is a row of CLUSTER SLOTS: the slots of one master.
type slotRange struct {
	first, last int64
	addr        string
}

// parseSlots reads what the node at from answered. A master without an address is that
// node, or is on its host (documentation of CLUSTER SLOTS).
func parseSlots(result rueidis.RedisResult, from string) ([]slotRange, error) {
	rows, err := result.ToArray()
	if err != nil {
		return nil, fmt.Errorf("cannot list slots: %w", err)
	}
	var ranges []slotRange
	for i := range rows {
		row, err := rows[i].ToArray()
		if err != nil || len(row) < 3 {
			return nil, fmt.Errorf("cannot read slots: row %d has %d columns: %w", i, len(row), err)
		}
		first, err1 := row[0].AsInt64()
		last, err2 := row[1].AsInt64()
		master, err3 := row[2].ToArray()
		if err := errors.Join(err1, err2, err3); err != nil || len(master) < 2 || first < 0 || last >= slotCount {
			return nil, fmt.Errorf("cannot read slots: row %d: %w", i, err)
		}
		host, _ := master[0].ToString() // null: unknown
		port, err := master[1].AsInt64()
		if err != nil {
			return nil, fmt.Errorf("cannot read slots: row %d: %w", i, err)
		}
		if host == "" {
			host, _, _ = net.SplitHostPort(from)
		}
		ranges = append(ranges, slotRange{first, last, net.JoinHostPort(host, strconv.FormatInt(port, 10))})
	}
	return ranges, nil
}
