package redisbus

import (
	"hash/fnv"
	"strconv"
)

// serverOf is the index of the server that a partition lives on: that of the highest
// score (rendezvous hashing). With one server more, it takes 1/n of the partitions, and
// none moves between the others; the order of servers is of no matter. It is the same in
// every process and release.
func serverOf(addrs []string, partition int) int {
	best, most := 0, uint64(0)
	for i, addr := range addrs {
		h := fnv.New64a()
		_, _ = h.Write(strconv.AppendInt(append([]byte(addr), ' '), int64(partition), 10))
		score := h.Sum64()
		score = (score ^ score>>33) * 0xff51afd7ed558ccd // the finaliser of MurmurHash3
		score = (score ^ score>>33) * 0xc4ceb9fe1a85ec53
		if score ^= score >> 33; score > most {
			best, most = i, score
		}
	}
	return best
}
