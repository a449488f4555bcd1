package http1

import "testing"

// chromeUpgrade is what a browser sends to open a WebSocket.
const chromeUpgrade = "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: Upgrade\r\nPragma: no-cache\r\nCache-Control: no-cache\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36\r\n" +
	"Upgrade: websocket\r\nOrigin: http://127.0.0.1:8080\r\nSec-WebSocket-Version: 13\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n" +
	"Accept-Language: en-US,en;q=0.9\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
	"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\nSec-WebSocket-Protocol: irc\r\n\r\n"

func BenchmarkParse(b *testing.B) {
	for name, head := range map[string]string{
		"segment": "GET /hls/room_1/chunked/1-42.m4s HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAccept: */*\r\nUser-Agent: bench\r\n\r\n",
		"upgrade": chromeUpgrade,
	} {
		b.Run(name, func(b *testing.B) {
			in, r := []byte(head), new(Request)
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				if n, err := r.Parse(in); n != len(in) || err != nil {
					b.Fatal("wrong head")
				}
			}
		})
	}
}

func BenchmarkResponseHead(b *testing.B) {
	dst := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		if len(AppendResponseHead(dst, 200, "video/mp4", 1<<20, Field{"Cache-Control", "max-age=60"})) == 0 {
			b.Fatal("no head")
		}
	}
}
