package irc

import "testing"

func BenchmarkParsePrivmsg(b *testing.B) {
	in := []byte("PRIVMSG #twitchplayspokemon :up up down start9 left right and some more words")
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	var l Line
	for b.Loop() {
		if l.Parse(in) != nil || l.Verb() != VerbPrivmsg {
			b.Fatal("wrong line")
		}
	}
}

func BenchmarkParseTagged(b *testing.B) {
	in := []byte("@client-nonce=0123456789abcdef0123456789abcdef;reply-parent-msg-id=b34ccfc7-4977-403a-8a94-33c6bac34fb8 PRIVMSG #a :hello")
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	var l Line
	for b.Loop() {
		if l.Parse(in) != nil {
			b.Fatal("wrong line")
		}
		if _, ok := l.Tags.Get("client-nonce"); !ok {
			b.Fatal("no tag")
		}
	}
}

func BenchmarkNextLine(b *testing.B) {
	in := []byte("PRIVMSG #twitchplayspokemon :up\r\n")
	b.ReportAllocs()
	for b.Loop() {
		if _, n, _ := NextLine(in); n != len(in) {
			b.Fatal("wrong line")
		}
	}
}

func BenchmarkCleanText(b *testing.B) {
	for name, text := range map[string]string{
		"ascii": "up up down start9 left right and some more words, about as long as a line of chat is",
		"mixed": "Grüße aus München, 日本語 and 😀 emoji between words, about as long as a line of chat is",
	} {
		b.Run(name, func(b *testing.B) {
			src, dst := []byte(text), make([]byte, 0, 4*len(text))
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				if out := AppendCleanText(dst, src); len(out) != len(src) {
					b.Fatal("text changed")
				}
			}
		})
	}
}
