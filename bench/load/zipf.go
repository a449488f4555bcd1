package load

import (
	"math"
	"sort"
	"strconv"
)

// zipf spreads members and lines over rooms as viewers spread over channels: room k has
// 1/(k+1) as many as room 0.
type zipf []float64 // for each room, the sum of the weights up to it

func newZipf(rooms int) zipf {
	z, sum := make(zipf, rooms), 0.0
	for k := range z {
		sum += 1 / float64(k+1)
		z[k] = sum
	}
	return z
}

// room of number i: any run of numbers is spread alike (a golden ratio sequence).
func (z zipf) room(i int64) int {
	const golden = 0.6180339887498949
	_, u := math.Modf(float64(i) * golden)
	return min(sort.SearchFloat64s(z, u*z[len(z)-1]), len(z)-1)
}

// roomName is what room k is called; a room that is alone has the name without a number.
func roomName(name string, rooms, k int) string {
	if rooms <= 1 {
		return name
	}
	return name + strconv.Itoa(k)
}
