package hls

import (
	"context"
	"time"
)

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

type patienceKey struct{}

// WithPatience tells a Source how long it may hold its answer to a blocking reload before
// that is overdue: from then on, one that has others to ask had better ask them besides.
func WithPatience(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, patienceKey{}, d)
}

// Patience is what WithPatience has told, or 0.
func Patience(ctx context.Context) time.Duration {
	d, _ := ctx.Value(patienceKey{}).(time.Duration)
	return d
}
