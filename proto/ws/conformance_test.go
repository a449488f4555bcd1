package ws

import (
	"fmt"
	"strings"
	"testing"
)

// The functional groups 1 to 7 of the public WebSocket suite, at the level of bytes. The number in front of a case
// is that of the suite's cases it stands for.

func TestGroup1PlainMessages(t *testing.T) {
	var cases []streamCase
	for _, size := range []int{0, 125, 126, 127, 128, 65535, 65536} {
		text := strings.Repeat("*", size)
		cases = append(cases,
			streamCase{fmt.Sprintf("1.1 text of %d", size), fin(OpText, text), "text:" + brief([]byte(text))},
			streamCase{fmt.Sprintf("1.2 binary of %d", size), fin(OpBinary, text), "binary:" + brief([]byte(text))})
	}
	checkStreams(t, cases)
}

func TestGroup2PingPong(t *testing.T) {
	long := strings.Repeat("\xfe", 125)
	ten, tenWant := stream(), []string{}
	for i := range 10 {
		ten = append(ten, fin(OpPing, fmt.Sprint("p", i))...)
		tenWant = append(tenWant, fmt.Sprint("ping:p", i))
	}
	checkStreams(t, []streamCase{
		{"2.1 empty ping", fin(OpPing, ""), "ping:"},
		{"2.2 ping", fin(OpPing, "Hello, world!"), "ping:Hello, world!"},
		{"2.3 ping of bytes that are no text", fin(OpPing, "\x00\xff\xfe"), "ping:\x00\xff\xfe"},
		{"2.4, 2.6 ping of 125", fin(OpPing, long), "ping:" + long},
		{"2.5 ping of 126", fin(OpPing, long+"x"), "fail:1002"},
		{"2.7, 2.8 unsolicited pong", stream(fin(OpPong, ""), fin(OpPong, "x")), "pong: pong:x"},
		{"2.9 unsolicited pong, then ping", stream(fin(OpPong, "x"), fin(OpPing, "y")), "pong:x ping:y"},
		{"2.10, 2.11 ten pings", ten, strings.Join(tenWant, " ")},
	})
}

func TestGroup3ReservedBits(t *testing.T) {
	var cases []streamCase
	for rsv := byte(1); rsv <= 7; rsv++ {
		for _, op := range []Op{OpText, OpBinary, OpPing, OpPong, OpClose} {
			bad := appendMasked(nil, finBit|rsv<<4|byte(op), testMask, "x")
			cases = append(cases, streamCase{
				fmt.Sprintf("3.%d op %d", rsv, op), stream(fin(OpText, "before"), bad, fin(OpPing, "")), "text:before fail:1002",
			})
		}
	}
	checkStreams(t, cases)
}

func TestGroup4ReservedOpcodes(t *testing.T) {
	var cases []streamCase
	for _, op := range []Op{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		cases = append(cases,
			streamCase{fmt.Sprintf("4 op %d", op), stream(fin(op, ""), fin(OpPing, "")), "fail:1002"},
			streamCase{fmt.Sprintf("4 op %d behind text", op), stream(fin(OpText, "a"), fin(op, "x"), fin(OpPing, "")), "text:a fail:1002"})
	}
	checkStreams(t, cases)
}

func TestGroup5Fragmentation(t *testing.T) {
	f1, f2 := more(OpText, "fragment1"), fin(OpNone, "fragment2")
	checkStreams(t, []streamCase{
		{"5.1 fragmented ping", stream(more(OpPing, "a"), fin(OpNone, "b")), "fail:1002"},
		{"5.2 fragmented pong", stream(more(OpPong, "a"), fin(OpNone, "b")), "fail:1002"},
		{"fragmented close", more(OpClose, ""), "fail:1002"},
		{"5.3-5.5 two fragments", stream(f1, f2), "text:fragment1fragment2"},
		{"5.6-5.8 ping between", stream(f1, fin(OpPing, "p"), f2), "ping:p text:fragment1fragment2"},
		{"pong between", stream(f1, fin(OpPong, "p"), f2), "pong:p text:fragment1fragment2"},
		{"5.9-5.11 stray final continuation", stream(fin(OpNone, "x"), fin(OpText, "y")), "fail:1002"},
		{"5.12-5.14 stray continuation", stream(more(OpNone, "x"), fin(OpText, "y")), "fail:1002"},
		{"5.15 continuation behind a whole message", stream(f1, f2, more(OpNone, "f3"), fin(OpText, "f4")), "text:fragment1fragment2 fail:1002"},
		{"5.16, 5.17 again and again", stream(more(OpNone, "f1"), more(OpText, "f2"), fin(OpNone, "f3")), "fail:1002"},
		{"5.18 second message inside the first", stream(f1, fin(OpText, "fragment2")), "fail:1002"},
		{"5.18 second fragmented message", stream(f1, more(OpBinary, "fragment2")), "fail:1002"},
		{"5.19, 5.20 five fragments and pings", stream(f1, more(OpNone, "2"), fin(OpPing, "a"), more(OpNone, "3"), more(OpNone, "4"), fin(OpPing, "b"), fin(OpNone, "5")),
			"ping:a ping:b text:fragment12345"},
		{"close between", stream(f1, closing(1000, "bye"), f2), "close:1000:bye"},
		{"two fragmented messages", stream(f1, f2, more(OpBinary, "a"), fin(OpNone, "b"), fin(OpText, "c")), "text:fragment1fragment2 binary:ab text:c"},
		{"empty fragments", stream(more(OpText, ""), more(OpNone, ""), fin(OpNone, "")), "text:"},
	})
}

func TestGroup6UTF8(t *testing.T) {
	const greek = "κόσμε"
	bad := greek + "\xed\xa0\x80edited"
	split := func(s string) []byte { // one byte in each fragment
		out := more(OpText, "")
		for i := range len(s) {
			out = append(out, more(OpNone, s[i:i+1])...)
		}
		return append(out, fin(OpNone, "")...)
	}
	cases := []streamCase{
		{"6.1 empty", stream(more(OpText, ""), more(OpNone, ""), fin(OpNone, "")), "text:"},
		{"6.2.1 whole", fin(OpText, "Hello-µ@ßöäüàá-UTF-8!!"), "text:Hello-µ@ßöäüàá-UTF-8!!"},
		{"6.2.3 a byte in each fragment", split("Hello-µ@ßöäü 😀"), "text:Hello-µ@ßöäü 😀"},
		{"6.3.1 bad", fin(OpText, bad), "fail:1007"},
		{"6.3.2 bad, a byte in each fragment", split(bad), "fail:1007"},
		{"6.4.1 fails at the bad fragment", stream(more(OpText, greek+"\xf4"), more(OpNone, "\x90")), "fail:1007"},
		{"6.4.2 fails without the end", stream(more(OpText, greek), more(OpNone, "\xf4\x90\x80\x80")), "fail:1007"},
		{"6 cut rune at the end", fin(OpText, "x\xf0\x9f\x98"), "fail:1007"},
		{"6 cut rune at the end of fragments", stream(more(OpText, "x\xf0\x9f"), fin(OpNone, "\x98")), "fail:1007"},
		{"binary is not text", fin(OpBinary, bad), "binary:" + bad},
		{"fragmented binary is not text", stream(more(OpBinary, "\xff"), fin(OpNone, "\xfe")), "binary:\xff\xfe"},
		{"ping inside a split rune", stream(more(OpText, "\xf0\x9f"), fin(OpPing, "\xff"), fin(OpNone, "\x98\x80")), "ping:\xff text:😀"},
	}
	good := []string{ // 6.5-6.11, 6.22, 6.23
		greek, "\x00", "\x7f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\ufffd", "\uffff", "\U00010000", "\U0010ffff",
	}
	for _, s := range good {
		cases = append(cases, streamCase{fmt.Sprintf("6 good %q", s), stream(fin(OpText, s), split(s)), "text:" + s + " text:" + s})
	}
	bads := []string{ // 6.12-6.21
		"\x80", "\xbf", "\x80\xbf", "\xc0 ", "\xe0 ", "\xf0 ", "\xf8 ", "\xfc ", "\xc3", "\xe0\x80", "\xf0\x80\x80", "\xfe", "\xff", "\xfe\xfe\xff\xff",
		"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xf8\x80\x80\x80\xaf", "\xc1\xbf", "\xc0\x80", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80",
	}
	for _, s := range bads {
		cases = append(cases,
			streamCase{fmt.Sprintf("6 bad %q", s), fin(OpText, s), "fail:1007"},
			streamCase{fmt.Sprintf("6 bad %q in bytes", s), split(s), "fail:1007"})
	}
	checkStreams(t, cases)
}

func TestGroup7Close(t *testing.T) {
	cases := []streamCase{
		{"7.1.1 message, close", stream(fin(OpText, "Hello"), closing(1000, "")), "text:Hello close:1000:"},
		{"7.1.2-7.1.5 all behind a close is ignored", stream(closing(1000, ""), closing(1001, ""), fin(OpText, "x"), fin(OpPing, ""), []byte("\xff\xff")), "close:1000:"},
		{"7.1.6 close behind a large message", stream(fin(OpText, strings.Repeat("B", 256<<10)), closing(1000, "")), "text:BBBB*262144 close:1000:"},
		{"7.3.1 empty close", fin(OpClose, ""), "close:1000:"},
		{"7.3.2 close of one byte", fin(OpClose, "a"), "fail:1002"},
		{"7.3.3 code", closing(1000, ""), "close:1000:"},
		{"7.3.4 reason", closing(1000, "Hello World!"), "close:1000:Hello World!"},
		{"7.3.5 reason of 123", closing(1000, strings.Repeat("*", 123)), "close:1000:" + strings.Repeat("*", 123)},
		{"7.3.6 reason of 124", closing(1000, strings.Repeat("*", 124)), "fail:1002"},
		{"7.5.1 reason is not UTF-8", closing(1000, "κόσμε\xed\xa0\x80edited"), "fail:1007"},
	}
	for _, code := range []uint16{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999} {
		cases = append(cases, streamCase{fmt.Sprint("7.7 code ", code), closing(code, ""), fmt.Sprintf("close:%d:", code)})
	}
	for _, code := range []uint16{0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535} {
		cases = append(cases, streamCase{fmt.Sprint("7.9, 7.13 code ", code), closing(code, ""), "fail:1002"})
	}
	checkStreams(t, cases)
}
