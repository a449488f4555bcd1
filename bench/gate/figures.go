package gate

import (
	"context"
	"fmt"
)

// figures are what the built server needs.
type figures struct {
	heapPerConn, processPerConn, goroutinesPerConn float64
	writesPerDelivery, bytesPerDelivery            float64
}

// Members are counted twice, a few and many: the slope leaves out what a server needs
// without any. Lines go to the few.
const (
	fewMembers  = 500
	manyMembers = 4500
	someLines   = 40
)

// measureServer runs the server at path for about 3 seconds.
func measureServer(ctx context.Context, path string) (figures, error) {
	h, err := openHall(ctx, path)
	if err != nil {
		return figures{}, err
	}
	defer h.close()
	if _, err := h.grow(ctx, fewMembers); err != nil {
		return figures{}, err
	}
	p, err := h.publisher(ctx)
	if err != nil {
		return figures{}, err
	}
	defer p.Close()
	quiet, err := h.counts(ctx)
	if err != nil {
		return figures{}, err
	}
	if _, err := h.say(ctx, p, fewMembers, someLines); err != nil {
		return figures{}, err
	}
	few, err := h.counts(ctx)
	if err != nil {
		return figures{}, err
	}
	if _, err := h.grow(ctx, manyMembers); err != nil {
		return figures{}, err
	}
	many, err := h.counts(ctx)
	if err != nil {
		return figures{}, err
	}
	for _, name := range []string{"go_goroutines", "uproar_sends_total", "uproar_sent_bytes_total"} {
		if _, ok := few[name]; !ok {
			return figures{}, fmt.Errorf("cannot find metric %q of the server", name)
		}
	}
	perConn := func(name string) float64 { return (many[name] - few[name]) / (manyMembers - fewMembers) }
	perDelivery := func(name string) float64 { return (few[name] - quiet[name]) / (fewMembers * someLines) }
	return figures{
		heapPerConn: perConn("heap"), processPerConn: perConn("rss"), goroutinesPerConn: perConn("go_goroutines"),
		writesPerDelivery: perDelivery("uproar_sends_total"), bytesPerDelivery: perDelivery("uproar_sent_bytes_total"),
	}, nil
}
