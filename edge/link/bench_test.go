package link

import (
	"bytes"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"uproar/edge/engine"
)

// BenchmarkPayload is one payload to all children of a loop.
func BenchmarkPayload(b *testing.B) {
	for _, children := range []int{1, 100} {
		b.Run(fmt.Sprint(children), func(b *testing.B) {
			h := newHouse(b, Config{}, engine.Config{})
			var kids []*kid
			for id := range uint64(children) {
				k := h.child(2 + id)
				k.want(3)
				k.heard()
				kids = append(kids, k)
			}
			payload := bytes.Repeat([]byte("x"), 300)
			b.ReportAllocs()
			for b.Loop() {
				h.node.Payload(3, payload)
				h.loop.Turn(func() {})
				for _, k := range kids {
					if n, err := unix.Read(k.fd, h.buf); n != len(payload)+7 || err != nil {
						b.Fatal(n, err)
					}
				}
			}
		})
	}
}
