package hls

import "context"

type hopsKey struct{}

// WithHops tells a Source how many nodes the request has passed for which it is asked.
func WithHops(ctx context.Context, hops int) context.Context {
	return context.WithValue(ctx, hopsKey{}, hops)
}

// Hops is what WithHops has told, or 0.
func Hops(ctx context.Context) int {
	n, _ := ctx.Value(hopsKey{}).(int)
	return n
}
