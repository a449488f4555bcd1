package redisstore

import "strings"

// layout is which server has which keys. Immutable.
type layout struct {
	shards []*shard
	hashes []uint64 // of the servers' names, for pick; nil in a cluster

	// In a cluster, shards[0] is the cluster as a whole, which finds the node by itself,
	// and has the slots whose node is not known.
	slots *[slotCount]uint16 // index of the shard; nil outside a cluster
}

// find is the index of the shard where the keys of tag live.
func (l *layout) find(tag string) int {
	switch {
	case l.slots != nil:
		return int(l.slots[slot(tag)])
	case len(l.shards) == 1:
		return 0
	default:
		return pick(l.hashes, tag)
	}
}

func serversLayout(shards []*shard) *layout {
	l := &layout{shards: shards}
	for _, one := range shards {
		l.hashes = append(l.hashes, hash(one.name))
	}
	return l
}

// slotCount is the number of hash slots of a Redis Cluster (its specification, "Key
// distribution model").
const slotCount = 16384

// slot is where a cluster has the keys of a tag, braces and all: CRC-16 of the XMODEM
// kind over what is between the braces.
func slot(tag string) int {
	var crc uint16
	for _, b := range []byte(strings.Trim(tag, "{}")) {
		crc ^= uint16(b) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return int(crc % slotCount)
}
