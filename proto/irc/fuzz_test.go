package irc

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

// encode writes a parsed line back, in one canonical form.
func encode(l *Line) []byte {
	var out []byte
	if l.Tags != nil {
		out = append(append(append(out, '@'), l.Tags...), ' ')
	}
	if l.Source != nil {
		out = append(append(append(out, ':'), l.Source...), ' ')
	}
	out = append(out, l.Command...)
	for i := range l.NumParams() {
		out = append(out, ' ')
		if i == l.NumParams()-1 {
			out = append(out, ':')
		}
		out = append(out, l.Param(i)...)
	}
	return out
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("@id=1;b=\\s :a!b@c PRIVMSG #a ::x y"))
	f.Add([]byte("C 1 2 3 4 5 6 7 8 9 a b c d e f g"))
	f.Fuzz(func(t *testing.T, in []byte) {
		before := bytes.Clone(in)
		var l Line
		err := l.Parse(in)
		if !bytes.Equal(in, before) {
			t.Fatalf("Parse(%q) wrote to its input", before)
		}
		if err != nil {
			if l.Command != nil || l.NumParams() != 0 || l.Tags != nil || l.Source != nil {
				t.Fatalf("Parse(%q) = %v and left a line", in, err)
			}
			return
		}
		if len(l.Command) == 0 || bytes.IndexByte(l.Command, ' ') >= 0 {
			t.Fatalf("Parse(%q) = command %q", in, l.Command)
		}
		for i := range l.NumParams() - 1 {
			if p := l.Param(i); len(p) == 0 || bytes.IndexByte(p, ' ') >= 0 {
				t.Fatalf("Parse(%q) = middle parameter %q", in, p)
			}
		}
		out := encode(&l)
		if bytes.ContainsAny(out, "\x00\r\n") {
			t.Fatalf("Parse(%q) let a forbidden byte through", in)
		}
		if len(out) > BodyBytesMax {
			return // the colon that encode adds may pass the limit, and the second parse would chop it
		}
		var again Line
		if err := again.Parse(out); err != nil {
			t.Fatalf("Parse(%q), from %q: %v", out, in, err)
		}
		if l.Verb() != again.Verb() || !bytes.Equal(encode(&again), out) {
			t.Fatalf("%q became %q, then %q", in, out, encode(&again))
		}
	})
}

func FuzzTagEscape(f *testing.F) {
	f.Add("a b;c\\d\re\nf")
	f.Add(`\\\`)
	f.Fuzz(func(t *testing.T, value string) {
		raw := AppendEscaped(nil, value)
		if bytes.ContainsAny(raw, "; \r\n") {
			t.Fatalf("%q escapes to %q", value, raw)
		}
		if got := AppendUnescaped(nil, raw); string(got) != value {
			t.Fatalf("%q comes back as %q", value, got)
		}
		if !bytes.Equal(raw, AppendEscaped(nil, []byte(value))) {
			t.Fatalf("%q: string and bytes escape apart", value)
		}
		AppendUnescaped(nil, []byte(value)) // any raw value at all
	})
}

func FuzzTagGet(f *testing.F) {
	f.Add([]byte("a=1;;b;=x;a=\\s;c="), "a")
	f.Fuzz(func(t *testing.T, tags []byte, key string) {
		got, ok := Tags(tags).Get(key)
		var want []byte
		wantOK := false
		for name, raw := range Tags(tags).All() {
			if string(name) == key {
				want, wantOK = raw, true
			}
		}
		if ok != wantOK || !bytes.Equal(got, want) {
			t.Fatalf("Get(%q) of %q = %q, %v; All says %q, %v", key, tags, got, ok, want, wantOK)
		}
	})
}

func FuzzNextLine(f *testing.F) {
	f.Add([]byte("a\nb\r\n\r\n\nc\r\r\ne\rf\nunfinished"), uint16(1))
	f.Add(append(bytes.Repeat([]byte("x"), LineBytesMax+1), '\n'), uint16(4096))
	f.Fuzz(func(t *testing.T, stream []byte, step uint16) {
		whole, wholeErr := splitAll(stream, len(stream)+1)
		pieces, piecesErr := splitAll(stream, int(step)+1)
		if wholeErr != piecesErr || strings.Join(whole, "\n") != strings.Join(pieces, "\n") {
			t.Fatalf("whole: %q, %v; by %d: %q, %v", whole, wholeErr, step+1, pieces, piecesErr)
		}
		for _, line := range whole {
			if strings.Contains(line, "\n") || strings.HasSuffix(line, "\r") || len(line) > LineBytesMax {
				t.Fatalf("line %q", line)
			}
		}
	})
}

func FuzzCleanText(f *testing.F) {
	f.Add([]byte("a\x00b\xaa\x01 gr\xc3\xbc\xc3"))
	f.Fuzz(func(t *testing.T, in []byte) {
		out := AppendCleanText(nil, in)
		if !utf8.Valid(out) || !IsCleanText(out) {
			t.Fatalf("%q became %q", in, out)
		}
		if IsCleanText(in) != bytes.Equal(in, out) {
			t.Fatalf("IsCleanText(%q) = %v, cleaned %q", in, IsCleanText(in), out)
		}
		want := strings.Map(func(r rune) rune {
			if r < ' ' && r != ctcp {
				return -1
			}
			return r
		}, string(in))
		if string(out) != want {
			t.Fatalf("%q became %q, want %q", in, out, want)
		}
	})
}
