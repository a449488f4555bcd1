package m3u8

import (
	"fmt"
	"testing"
	"time"
)

// window is a live playlist: an hour of segments, or half a minute.
func window(segments int) *Media {
	m := &Media{TargetDuration: 4 * time.Second, MediaSequence: 1000, Independent: true}
	init := &Map{URI: "init.mp4"}
	for i := range segments {
		m.Segments = append(m.Segments, Segment{
			URI: fmt.Sprintf("%d.m4s", 1000+i), Duration: 4 * time.Second, Map: init, DateTime: "2026-02-14T02:13:44.106Z",
		})
	}
	return m
}

func BenchmarkParseMedia(b *testing.B) {
	for _, n := range []int{8, 900} {
		text := AppendMedia(nil, window(n))
		b.Run(fmt.Sprintf("segments=%d", n), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if m, err := ParseMedia(text); err != nil || len(m.Segments) != n {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppendMedia(b *testing.B) {
	for _, n := range []int{8, 900} {
		m := window(n)
		buf := AppendMedia(nil, m)
		b.Run(fmt.Sprintf("segments=%d", n), func(b *testing.B) {
			b.SetBytes(int64(len(buf)))
			b.ReportAllocs()
			for b.Loop() {
				buf = AppendMedia(buf[:0], m)
			}
		})
	}
}
