package tier

import (
	"cmp"
	"hash/fnv"
	"slices"
	"sync"
	"time"
)

// choice is which node a channel is asked of.
type choice struct {
	nodes []*node
	now   func() time.Time
	mu    struct {
		sync.Mutex
		channels map[string]*assigned
		loads    []int // channels, by node
		swept    time.Time
	}
}

// assigned is a channel that has a node.
type assigned struct {
	at    int // index of the node
	asked time.Time
	since time.Time // that the node has it
	home  bool      // it is the first of the channel's order
}

func (c *choice) init(nodes []*node, now func() time.Time) {
	c.nodes, c.now = nodes, now
	c.mu.channels = map[string]*assigned{}
	c.mu.loads = make([]int, len(nodes))
	c.mu.swept = now()
}

// order returns the nodes as they are to be asked for a channel, each once: those that are
// down last.
func (c *choice) order(channel string) []*node {
	now := c.now()
	ranks := c.ranks(channel)
	if first := c.first(channel, ranks, now); first > 0 {
		at := ranks[first]
		ranks = slices.Insert(slices.Delete(ranks, first, first+1), 0, at)
	}
	order := make([]*node, len(ranks))
	for i, at := range ranks {
		order[i] = c.nodes[at]
	}
	slices.SortStableFunc(order, func(a, b *node) int {
		return cmp.Compare(btoi(!a.up(now)), btoi(!b.up(now)))
	})
	return order
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// ranks are the indexes of the nodes by descending score.
func (c *choice) ranks(channel string) []int {
	h := hash(channel)
	ranks := make([]int, len(c.nodes))
	for i := range ranks {
		ranks[i] = i
	}
	slices.SortFunc(ranks, func(a, b int) int {
		return cmp.Or(cmp.Compare(mix(c.nodes[b].hash^h), mix(c.nodes[a].hash^h)), cmp.Compare(c.nodes[a].addr, c.nodes[b].addr))
	})
	return ranks
}

// first is which of ranks to begin with.
func (c *choice) first(channel string, ranks []int, now time.Time) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sweep(now)
	if a := c.mu.channels[channel]; a != nil {
		a.asked = now
		if a.home || now.Sub(a.since) < ReturnAfter {
			return slices.Index(ranks, a.at)
		}
	}
	for i, at := range ranks {
		if c.nodes[at].up(now) && c.mu.loads[at] < c.share(now) {
			return i
		}
	}
	return 0
}

// share is how many channels a node may have before one more goes elsewhere: 5/4 of the
// mean over the nodes that are up, with that one, rounded up.
func (c *choice) share(now time.Time) int {
	total, up := 1, 0
	for i, n := range c.nodes {
		total += c.mu.loads[i]
		if n.up(now) {
			up++
		}
	}
	up = max(up, 1)
	return (5*total + 4*up - 1) / (4 * up)
}

// served notes that a node has answered for a channel: it is asked from now on. Only what
// exists is remembered, so names that clients make up take no room.
func (c *choice) served(channel string, n *node) {
	at := slices.Index(c.nodes, n)
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.mu.channels[channel]
	switch {
	case a == nil && len(c.mu.channels) >= channelsMax:
		return
	case a == nil:
		a = &assigned{at: -1, asked: now}
		c.mu.channels[channel] = a
	case a.at == at && (a.home || now.Sub(a.since) < ReturnAfter):
		return // Fast path
	default:
		c.mu.loads[a.at]--
	}
	c.mu.loads[at]++
	a.at, a.since, a.home = at, now, c.ranks(channel)[0] == at
}

// sweep forgets channels that nobody asks for, now and then.
func (c *choice) sweep(now time.Time) {
	if now.Sub(c.mu.swept) < channelIdle/4 {
		return
	}
	c.mu.swept = now
	for name, a := range c.mu.channels {
		if now.Sub(a.asked) >= channelIdle {
			c.mu.loads[a.at]--
			delete(c.mu.channels, name)
		}
	}
}

// load is how many channels a node has.
func (c *choice) load(at int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.loads[at]
}

// hash and mix decide which node a channel is asked of: all processes must agree.
func hash(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s))
	return mix(h.Sum64())
}

// mix is the finaliser of MurmurHash3 (Appleby 2011).
func mix(x uint64) uint64 {
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}
