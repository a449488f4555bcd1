package ws

import (
	"fmt"
	"strings"
	"testing"
)

func BenchmarkDecodeText(b *testing.B) {
	for _, size := range []int{32, 128, 4096} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			in := AppendClientFrame(nil, OpText, [4]byte{}, strings.Repeat("x", size))
			b.SetBytes(int64(size))
			b.ReportAllocs()
			var d Decoder
			for b.Loop() {
				if _, n, err := d.Next(in, 8192); n != len(in) || err != nil {
					b.Fatal("wrong event")
				}
			}
		})
	}
}

func BenchmarkAppendFrame(b *testing.B) {
	payload, dst := []byte(strings.Repeat("x", 128)), make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		if out := AppendFrame(dst, OpText, payload); len(out) != 132 {
			b.Fatal("wrong frame")
		}
	}
}

func BenchmarkUpgradeResponse(b *testing.B) {
	key, dst := []byte("dGhlIHNhbXBsZSBub25jZQ=="), make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		if !ValidKey(key) || len(AppendUpgradeResponse(dst, key, ProtocolIRC, DeflateAgreed)) == 0 {
			b.Fatal("no response")
		}
	}
}
