package find

import (
	"cmp"
	"hash/fnv"
	"slices"
)

// choose is which node serves a viewer, or nil.
func (v *view) choose(channel string, where Region, at string) *node {
	able := v.able(channel)
	if len(able) == 0 {
		return nil
	}
	best := slices.MinFunc(able, func(a, b *node) int {
		return cmp.Or(
			compareBool(a.full, b.full),
			cmp.Compare(where.distance(a.Region), where.distance(b.Region)),
			fullest(a, b),
			cmp.Compare(score(channel, b.id), score(channel, a.id)),
			cmp.Compare(a.id, b.id))
	})
	for _, n := range able {
		if n.id == at && n.Load < CrowdedAt && where.distance(n.Region) <= where.distance(best.Region) {
			return n
		}
	}
	return best
}

// fullest orders nodes that are full by load: the channel's order is for those with room.
func fullest(a, b *node) int {
	if !a.full {
		return 0
	}
	return cmp.Compare(a.Load, b.Load)
}

// able are the nodes that can serve a channel: those with nodes above, and its origins. Of
// one that is not live, any that takes viewers.
func (v *view) able(channel string) []*node {
	var able, any []*node
	origins := v.at[channel]
	for i := range v.nodes {
		n := &v.nodes[i]
		if n.Ending || n.URL == "" && len(v.nodes) > 1 && !slices.Contains(origins, n.id) {
			continue // nobody else could name it
		}
		any = append(any, n)
		if n.Serves || slices.Contains(origins, n.id) {
			able = append(able, n)
		}
	}
	if len(able) == 0 {
		return any
	}
	return able
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// score orders the nodes for a channel (rendezvous hashing).
func score(channel, id string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(channel))
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(id))
	x := h.Sum64() // FNV alone leaves its high bits to the first bytes
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	return x ^ x>>33
}
