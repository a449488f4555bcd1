package uplink

import (
	"sync/atomic"
	"testing"

	"uproar/edge/link"
	wire "uproar/proto/link"
)

// ring makes n relays of which each has its chat from the next, and the last from the first.
func ring(t *testing.T, n int) (relays []*relay, feeds []*Feed) {
	t.Helper()
	var gates []*gate
	for range n {
		gates = append(gates, gateTo(t, ""))
	}
	for i := range n {
		id := nodes.Add(1)
		var node *link.Node
		f := feedTo(t, id, func(c *FeedConfig) { c.OnRoute = func(r wire.Route) error { return node.SetRoute(r) } }, gates[(i+1)%n].addr)
		r := serve(t, id, f, nil)
		node = r.node
		gates[i].aim(r.addr)
		relays, feeds = append(relays, r), append(feeds, f)
	}
	for _, r := range relays {
		r.start()
	}
	return relays, feeds
}

func TestLoopOfRelaysOpensInOnePlace(t *testing.T) {
	for n, name := range map[int]string{1: "itself", 2: "two", 3: "three"} {
		t.Run(name, func(t *testing.T) {
			relays, feeds := ring(t, n)
			refusals := func() (sum uint64) {
				for i := range n {
					sum += relays[i].metric(`uproar_link_refused_total`)
					sum += feeds[i].peers[0].meters.downs[CauseProtocol].Get()
				}
				return sum
			}
			// One link is refused again and again; all others are up, and stay.
			eventually(t, "the ring is a chain", func() bool {
				kept := map[*Feed]uint64{}
				for _, f := range feeds {
					if f.linkedTo() != "" {
						kept[f] = f.peers[0].meters.ups.Get()
					}
				}
				before := refusals()
				eventually(t, "the loop is refused", func() bool { return refusals() >= before+3 })
				for f, ups := range kept {
					if f.linkedTo() == "" || f.peers[0].meters.ups.Get() != ups {
						return false
					}
				}
				return len(kept) == n-1
			})
		})
	}
}

func TestRouteGoesDownTheTree(t *testing.T) {
	root := relayOf(t, idleFeed{})
	middle := relayBelow(t, root.addr)
	leaf := relayBelow(t, middle.addr)
	var route atomic.Pointer[wire.Route]
	f := feedTo(t, nodes.Add(1), func(c *FeedConfig) {
		c.OnRoute = func(r wire.Route) error {
			route.Store(&r)
			return nil
		}
	}, leaf.addr)
	run(t, f, &recorder{})
	eventually(t, "all three are on it", func() bool { r := route.Load(); return r != nil && len(*r) == 3 })
	root.stop()
	eventually(t, "the root is off it", func() bool { return len(*route.Load()) == 2 })
	if f.linkedTo() != leaf.addr {
		t.Error("the link was lost with the root")
	}
}
