package exchange

// AsideBytesMax bounds an aside, its mark included.
const AsideBytesMax = 64 << 10

// asideMark begins an aside. No payload of parts begins so: it would be too long.
const asideMark = 0xff

// AppendAside appends the aside that carries body. An aside travels as a payload, to all
// processes that want its partition, but is not kept: what is lost stays lost, and it is in
// no order with lines.
func AppendAside(b, body []byte) []byte { return append(append(b, asideMark), body...) }

// IsAside reports whether a payload is an aside, and not too long for one: what Feed.Tell
// takes.
func IsAside(payload []byte) bool {
	return len(payload) > 0 && payload[0] == asideMark && len(payload) <= AsideBytesMax
}
