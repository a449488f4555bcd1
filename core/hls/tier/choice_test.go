package tier

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func chooser(n int) (*choice, *clock) {
	at := &clock{time.Unix(1_000_000, 0)}
	var nodes []*node
	for i := range n {
		nodes = append(nodes, newNode(fmt.Sprintf("10.0.0.%d:8080", i), metrics.NewSet()))
	}
	c := &choice{}
	c.init(nodes, at.now)
	return c, at
}

func TestChannelStaysAtItsNode(t *testing.T) {
	c, at := chooser(5)
	for i := range 200 {
		name := fmt.Sprint("c", i)
		n := c.order(name)[0]
		c.served(name, n)
		for range 3 {
			at.at = at.at.Add(ReturnAfter / 4)
			if got := c.order(name); got[0] != n || len(got) != 5 || len(slices.Compact(slices.Sorted(addrs(got)))) != 5 {
				t.Fatalf("channel %s: %v, first at %s", name, got, n.addr)
			}
		}
	}
}

func addrs(nodes []*node) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, n := range nodes {
			if !yield(n.addr) {
				return
			}
		}
	}
}

func TestNoNodeHasMoreThanItsShare(t *testing.T) {
	c, _ := chooser(7)
	const channels = 3000
	elsewhere := 0
	for i := range channels {
		name := fmt.Sprint("c", i)
		n := c.order(name)[0]
		if n != c.nodes[c.ranks(name)[0]] {
			elsewhere++
		}
		c.served(name, n)
	}
	for i, load := range c.mu.loads {
		if load > channels*5/4/7+1 {
			t.Errorf("node %d has %d of %d channels", i, load, channels)
		}
	}
	if elsewhere > channels/20 {
		t.Errorf("%d of %d channels are not at the first node of their order", elsewhere, channels)
	}
}

func TestProcessesAgreeHoweverTheListIsOrdered(t *testing.T) {
	a, _ := chooser(5)
	b, _ := chooser(5)
	slices.Reverse(b.nodes)
	for i := range 100 {
		name := fmt.Sprint("c", i)
		if x, y := a.order(name), b.order(name); !slices.Equal(slices.Collect(addrs(x)), slices.Collect(addrs(y))) {
			t.Fatalf("channel %s: %v and %v", name, x, y)
		}
	}
}

func TestLossOfANodeMovesNoOtherChannel(t *testing.T) {
	c, _ := chooser(5)
	first := map[string]*node{}
	for i := range 400 {
		name := fmt.Sprint("c", i)
		first[name] = c.order(name)[0]
	}
	lost := c.nodes[2]
	lost.failed(c.now())
	for name, n := range first {
		got := c.order(name)
		if n != lost && got[0] != n || got[len(got)-1] != lost {
			t.Fatalf("channel %s was at %s, now %v", name, n.addr, slices.Collect(addrs(got)))
		}
	}
}

func TestChannelReturnsToTheNodeThatFailedIt(t *testing.T) {
	c, at := chooser(3)
	home := c.order("forsen")[0]
	c.served("forsen", home)
	home.failed(at.at)
	other := c.order("forsen")[0]
	if other == home {
		t.Fatal("a node that is down is asked first")
	}
	c.served("forsen", other)
	at.at = at.at.Add(DownFor)
	if !home.up(at.at) || c.order("forsen")[0] != other {
		t.Error("the channel goes to and fro")
	}
	at.at = at.at.Add(ReturnAfter)
	if got := c.order("forsen")[0]; got != home {
		t.Errorf("after %v it is still at %s", ReturnAfter, got.addr)
	}
	c.served("forsen", home)
	if slices.Max(c.mu.loads) != 1 || c.load(slices.Index(c.nodes, home)) != 1 {
		t.Errorf("one channel counts as %v", c.mu.loads)
	}
}

func TestChannelsThatNobodyAsksForAreForgotten(t *testing.T) {
	c, at := chooser(3)
	for i := range channelsMax + 10 {
		name := fmt.Sprint("c", i)
		c.served(name, c.nodes[i%3])
	}
	if len(c.mu.channels) != channelsMax {
		t.Errorf("%d channels are remembered", len(c.mu.channels))
	}
	at.at = at.at.Add(2 * channelIdle)
	c.order("other")
	if len(c.mu.channels) != 0 || slices.Max(c.mu.loads) != 0 {
		t.Errorf("%d channels are remembered, loads %v", len(c.mu.channels), c.mu.loads)
	}
}
