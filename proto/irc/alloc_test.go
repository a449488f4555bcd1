//go:build !race

package irc

import "testing"

func TestAllocParseIsFree(t *testing.T) {
	var l Line
	b := []byte("@client-nonce=abc;reply-parent-msg-id=def :x PRIVMSG #room :hello there")
	wantAllocs(t, "Parse", func() {
		if l.Parse(b) != nil || l.Verb() != VerbPrivmsg || !l.Is("PRIVMSG") || l.NumParams() != 2 {
			t.Fatal("wrong line")
		}
		if _, ok := l.Tags.Get("reply-parent-msg-id"); !ok {
			t.Fatal("no tag")
		}
		for name := range l.Tags.All() {
			if len(name) == 0 {
				t.Fatal("tag without a name")
			}
		}
	})
}

func TestAllocSplitIsFree(t *testing.T) {
	b := []byte("PING a\r\nPING b\r\n")
	wantAllocs(t, "NextLine", func() {
		if _, n, err := NextLine(b); n != 8 || err != nil {
			t.Fatal("wrong line")
		}
	})
}

func TestAllocAppendIsFree(t *testing.T) {
	dst, src := make([]byte, 0, 512), []byte("gr\xc3\xbc\xc3\x9fe \xaa and a long run of plain text")
	wantAllocs(t, "append", func() {
		out := AppendTag(dst, FirstTag, "display-name", "A B")
		out = AppendTag(out, NextTag, "reply-parent-msg-body", src)
		out = AppendTagInt(out, NextTag, "tmi-sent-ts", 1507246572675)
		out = AppendCleanText(out, src)
		out = AppendUnescaped(out, []byte(`a\sb`))
		if len(out) > cap(dst) {
			t.Fatal("dst too small")
		}
	})
}

func wantAllocs(t *testing.T, what string, f func()) {
	t.Helper()
	if n := testing.AllocsPerRun(100, f); n != 0 {
		t.Errorf("%s: %v allocations, want 0", what, n)
	}
}
