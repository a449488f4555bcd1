package load

import "testing"

func TestZipfGivesEachRoomItsShare(t *testing.T) {
	const rooms, n = 1000, 100_000
	z := newZipf(rooms)
	got := make([]int, rooms)
	for i := range int64(n) {
		got[z.room(i)]++
	}
	for _, k := range []int{0, 1, 9, 99, 999} {
		want := n / float64(k+1) / z[rooms-1]
		if d := float64(got[k]) - want; d > want/10+2 || d < -want/10-2 {
			t.Errorf("room %d has %d of %d, want about %.0f", k, got[k], n, want)
		}
	}
	if k := newZipf(1).room(7); k != 0 {
		t.Errorf("the only room is %d", k)
	}
}
