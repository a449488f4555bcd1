package redisbus

import (
	"fmt"
	"testing"

	"uproar/core/exchange"
)

// A fleet of two releases has one place for each partition.
func TestPlacesOfPartitionsAreFixed(t *testing.T) {
	addrs := []string{"10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379"}
	turned := []string{addrs[2], addrs[0], addrs[1]}
	var places string
	for p := range 24 {
		places += fmt.Sprint(serverOf(addrs, p))
		if addrs[serverOf(addrs, p)] != turned[serverOf(turned, p)] {
			t.Errorf("partition %d moves with the order of servers", p)
		}
	}
	if want := "220010210012221211020210"; places != want {
		t.Errorf("partitions live on %s, want %s", places, want)
	}
}

func TestAServerMoreTakesItsShareAndMovesNothingElse(t *testing.T) {
	var addrs []string
	for n := range 8 {
		before := addrs
		addrs = append(addrs, fmt.Sprintf("10.0.0.%d:6379", n+1))
		took := 0
		for p := range exchange.Partitions {
			is := serverOf(addrs, p)
			if is == n {
				took++
			} else if is != serverOf(before, p) {
				t.Errorf("with %d servers more than %d, partition %d moves between old ones", 1, n, p)
			}
		}
		if want := exchange.Partitions / (n + 1); took < want/3 || took > want*2 {
			t.Errorf("server %d has %d of %d partitions", n+1, took, exchange.Partitions)
		}
	}
}
