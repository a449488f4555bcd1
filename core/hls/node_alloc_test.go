//go:build !race

package hls

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
)

func TestAllocHit(t *testing.T) {
	s, _ := onAir()
	s.segment = func(context.Context, Path) (*Fetched, error) { return gives(200, strings.Repeat("x", 1000)), nil }
	withNode(t, s, nil, func(t *testing.T, n *Node) {
		v := newViewer(t, n)
		for _, path := range []string{mediaPath, fmt.Sprintf(segmentPath, 29)} {
			v.read(v.get(path))
			synctest.Wait()
			q := Request{Path: pathOf(t, path), Reload: NoReload, Gzip: true}
			allocs := testing.AllocsPerRun(100, func() {
				a := n.Get(&q, &v.w)
				if a.Status != 200 {
					t.Fatal(a.Status)
				}
				if a.Object != nil {
					if b, _ := a.Object.At(0); len(b) != 1000 {
						t.Fatal(len(b))
					}
					a.Object.Release()
				}
			})
			if allocs != 0 {
				t.Errorf("%s: %v allocations for a hit", path, allocs)
			}
		}
	})
}

func TestAllocWait(t *testing.T) {
	s, _ := onAir()
	withNode(t, s, nil, func(t *testing.T, n *Node) {
		v := newViewer(t, n)
		v.read(v.get(mediaPath))
		s.becomes(func() {
			s.segment = func(ctx context.Context, _ Path) (*Fetched, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}
		})
		q := Request{Path: pathOf(t, fmt.Sprintf(segmentPath, 28)), Reload: NoReload}
		allocs := testing.AllocsPerRun(100, func() {
			if !n.Get(&q, &v.w).Wait {
				t.Fatal("there is nothing to answer with")
			}
			v.w.Cancel()
		})
		if allocs != 0 {
			t.Errorf("%v allocations for a wait", allocs)
		}
	})
}
