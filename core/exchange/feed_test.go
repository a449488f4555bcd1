package exchange

import (
	"fmt"
	"testing"
)

// Rooms that move to another partition are lost to processes of another version.
func TestRoomsKeepTheirPartition(t *testing.T) {
	for room, want := range map[string]int{"a": 77, "twitchplayspokemon": 31} {
		if got := PartitionOf(room, Partitions); got != want {
			t.Errorf("room %q is in partition %d, want %d", room, got, want)
		}
	}
}

func TestRoomsSpreadOverPartitions(t *testing.T) {
	const rooms = 100 * Partitions
	var counts [Partitions]int
	for i := range rooms {
		counts[PartitionOf(fmt.Sprintf("room%d", i), Partitions)]++
	}
	for p, n := range counts {
		if n < 50 || n > 150 { // of 100: five standard deviations
			t.Errorf("partition %d has %d of %d rooms", p, n, rooms)
		}
	}
}
