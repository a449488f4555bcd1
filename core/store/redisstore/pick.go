package redisstore

import "hash/fnv"

// pick is the index of the server that keys of tag live on: that of the highest score
// (rendezvous hashing). With one server more, it takes 1/n of the tags, and no tag moves
// between the others; the order of servers is of no matter.
func pick(servers []uint64, tag string) int {
	h := hash(tag)
	best, most := 0, uint64(0)
	for i, server := range servers {
		if score := mix(server ^ h); score > most {
			best, most = i, score
		}
	}
	return best
}

// hash and mix decide where a fleet has its keys: a change of either moves all of them.
func hash(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s))
	return mix(h.Sum64())
}

// mix is the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
