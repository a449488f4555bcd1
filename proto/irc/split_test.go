package irc

import (
	"bytes"
	"strings"
	"testing"
)

// splitAll feeds a stream in pieces of step bytes and returns the lines and the error, as a connection would see them.
func splitAll(stream []byte, step int) (lines []string, err error) {
	var held []byte
	for len(stream) > 0 {
		n := min(step, len(stream))
		held, stream = append(held, stream[:n]...), stream[n:]
		for {
			line, n, err := NextLine(held)
			if err != nil {
				return lines, err
			}
			if n == 0 {
				break
			}
			lines = append(lines, string(line))
			held = held[n:]
		}
	}
	return lines, nil
}

// TestLineEnds holds battery WIRE 58, 60 and 61.
func TestLineEnds(t *testing.T) {
	const stream = "a\nb\r\n\r\n\nc d\r\r\ne\rf\nunfinished"
	want := []string{"a", "b", "", "", "c d", "e\rf"}
	for step := 1; step <= len(stream); step++ {
		lines, err := splitAll([]byte(stream), step)
		if err != nil || strings.Join(lines, "|") != strings.Join(want, "|") {
			t.Fatalf("step %d: %q, %v, want %q", step, lines, err, want)
		}
	}
}

func TestLineOver16KiBFails(t *testing.T) {
	full := bytes.Repeat([]byte("x"), LineBytesMax+1)
	if _, n, err := NextLine(full[:LineBytesMax]); n != 0 || err != nil {
		t.Errorf("a full buffer without LF: n %d, %v, want to wait", n, err)
	}
	if line, n, err := NextLine(append(bytes.Clone(full[:LineBytesMax]), '\n')); len(line) != LineBytesMax || n != LineBytesMax+1 || err != nil {
		t.Errorf("the longest line: %d bytes, n %d, %v", len(line), n, err)
	}
	if _, _, err := NextLine(full); err != ErrLineTooLong {
		t.Errorf("one more byte: %v, want ErrLineTooLong", err)
	}
	if _, _, err := NextLine(append(bytes.Clone(full), '\n')); err != ErrLineTooLong {
		t.Errorf("one more byte and its LF: %v, want ErrLineTooLong", err)
	}
}

// TestMessageEndIsLineEnd holds battery WS 74 and 75.
func TestMessageEndIsLineEnd(t *testing.T) {
	cases := []struct{ in, want string }{
		{"PING", "PING"},
		{"PING\r\n", "PING"},
		{"PING\r", "PING"},
		{"A\r\nB\nC", "A|B|C"},
		{"A\n\nC\n", "A||C"},
		{"", ""},
	}
	for _, c := range cases {
		var got []string
		for in := []byte(c.in); ; {
			line, n, err := NextMessageLine(in)
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				break
			}
			got, in = append(got, string(line)), in[n:]
		}
		if strings.Join(got, "|") != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
	if _, _, err := NextMessageLine(bytes.Repeat([]byte("x"), LineBytesMax+1)); err != ErrLineTooLong {
		t.Errorf("a long message: %v, want ErrLineTooLong", err)
	}
}
