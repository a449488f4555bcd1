package hls

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
)

// BenchmarkHit is a hit of a segment or a playlist by as many goroutines as processors, and by
// 64 for each: all on one name, or each on one of 1,024.
func BenchmarkHit(b *testing.B) {
	s, _ := onAir()
	s.segment = func(context.Context, Path) (*Fetched, error) { return gives(200, strings.Repeat("x", 1000)), nil }
	n, err := New(Config{Source: s, BytesMax: 64 << 20})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = n.Run(ctx)
	}()
	defer func() {
		stop()
		<-ended
	}()
	fill := func(path Path) *Request {
		q := &Request{Path: path, Reload: NoReload}
		w := Waiter{Desk: newFakeDesk()}
		for {
			a := n.Get(q, &w)
			if a.Object != nil {
				a.Object.Release()
			}
			if a.Status == 200 {
				return q
			}
		}
	}
	for _, c := range []struct {
		name    string
		path    string
		spread  int
		threads int
	}{
		{"playlist", "/hls/forsen/b1/r%d/index.m3u8", 1, 1},
		{"segment", "/hls/forsen/b1/r%d/29.m4s", 1, 1},
		{"segment/64_goroutines", "/hls/forsen/b1/r%d/29.m4s", 1, 64},
		{"segment/of_1024", "/hls/forsen/b1/r%d/29.m4s", 1024, 64},
	} {
		b.Run(c.name, func(b *testing.B) {
			var asks []*Request
			for i := range c.spread {
				asks = append(asks, fill(pathOf(b, fmt.Sprintf(c.path, i))))
			}
			var marks atomic.Uint64
			b.SetParallelism(c.threads)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				w := Waiter{Mark: marks.Add(1)}
				for i := int(w.Mark); pb.Next(); i++ {
					a := n.Get(asks[i%len(asks)], &w)
					if a.Status != 200 {
						b.Error(a.Status)
						return
					}
					if a.Object != nil {
						a.Object.Release()
					}
				}
			})
		})
	}
}
