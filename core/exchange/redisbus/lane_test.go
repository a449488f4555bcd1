package redisbus

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// order is a Sink that writes down what it is told.
type order struct {
	told []string
	each func(n int) // after each
}

func (o *order) Payload(partition int, payload []byte) {
	o.add(fmt.Sprintf("%d %.1s", partition, payload))
}

func (o *order) Subscribed(partition int) { o.add(fmt.Sprintf("%d subscribed", partition)) }

func (o *order) add(what string) {
	o.told = append(o.told, what)
	o.each(len(o.told))
}

// tell runs a lane until a sink was told n things.
func tell(l *lane, n int) []string {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	o := &order{each: func(told int) {
		if told == n {
			stop()
		}
	}}
	l.run(ctx, o)
	return o.told
}

func payload(letter string) string { return strings.Repeat(letter, 1000-itemBytes) }

func TestFullLaneDropsAndSaysSo(t *testing.T) {
	l := newLane(4000)
	l.mark(1)
	for _, one := range []string{"a", "b", "c", "d"} {
		if took, want := l.put(1, payload(one)), one < "c"; took != want {
			t.Errorf("payload %s of partition 1 was taken: %v, want %v", one, took, want)
		}
	}
	if !l.put(2, payload("e")) {
		t.Error("the quiet partition has no place beside the busy one")
	}
	l.mark(1) // it will be said
	got := tell(l, 5)
	want := []string{"1 subscribed", "1 a", "1 b", "1 subscribed", "2 e"}
	if !slices.Equal(got, want) {
		t.Errorf("the sink was told %q, want %q", got, want)
	}
	if !l.put(1, payload("f")) {
		t.Error("nothing waits, and there is no room")
	}
	if got := tell(l, 1); !slices.Equal(got, []string{"1 f"}) {
		t.Errorf("the sink was told %q", got)
	}
}

func TestSubscriptionsOfAFullLaneAreBounded(t *testing.T) {
	l := newLane(3 * itemBytes)
	for range 100 {
		for p := range 5 {
			l.mark(p)
		}
	}
	if n := len(l.mu.items); n > 3+5 {
		t.Errorf("%d marks wait, want at most 3 and one of each partition", n)
	}
}
