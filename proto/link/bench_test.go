package link

import (
	"bytes"
	"fmt"
	"testing"
)

func BenchmarkPayload(b *testing.B) {
	for _, size := range []int{200, 8 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			in, dst := must(AppendPayload(nil, 3, bytes.Repeat([]byte("x"), size))), make([]byte, 0, 2*size)
			d := Decoder{greeted: true, trusted: true}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				f, _, err := d.Next(in)
				if err != nil {
					b.Fatal(err)
				}
				partition, payload, _ := ParsePayload(f.Body)
				if out, err := AppendPayload(dst, partition, payload); err != nil || len(out) != len(in) {
					b.Fatal("wrong frame")
				}
			}
		})
	}
}

func BenchmarkSubmissions(b *testing.B) {
	subs := make([]Submission, 64)
	for i := range subs {
		subs[i] = Submission{Ticket: uint32(i), Origin: 1 << 40, Room: "some_room", User: ann, Text: "a line of an ordinary length, as people say them"}
	}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = must(AppendSubmissions(dst[:0], subs))
		if subs, _ = ParseSubmissions(subs[:0], dst[headBytes:]); len(subs) != 64 {
			b.Fatal("wrong batch")
		}
	}
}
