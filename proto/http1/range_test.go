package http1

import "testing"

func TestRangesAreReadAndCutToTheBody(t *testing.T) { // RFC 9110 section 14.1.2
	const size = 1000
	for text, want := range map[string][2]int64{ // first and end
		"bytes=0-0":                   {0, 1},
		"bytes=0-":                    {0, 1000},
		"bytes=999-":                  {999, 1000},
		"bytes=10-19":                 {10, 20},
		"BYTES=10-19":                 {10, 20},
		"bytes= 10-19":                {10, 20},
		"bytes=10-5000":               {10, 1000},
		"bytes=10-9007199254740991":   {10, 1000},
		"bytes=-1":                    {999, 1000},
		"bytes=-5000":                 {0, 1000},
		"bytes=0-999999999999999999":  {0, 1000},
		"bytes=000000000000000010-19": {10, 20},
	} {
		r, ok := ParseRange([]byte(text))
		first, end, in := r.Within(size)
		if !ok || !r.Asked || !in || first != want[0] || end != want[1] {
			t.Errorf("%q: %+v, %v: %d to %d, %v", text, r, ok, first, end, in)
		}
	}
	for _, text := range []string{"bytes=1000-", "bytes=1000-1001", "bytes=-0", "bytes=9007199254740991-"} {
		if r, ok := ParseRange([]byte(text)); !ok {
			t.Errorf("%q was not read", text)
		} else if first, end, in := r.Within(size); in {
			t.Errorf("%q is %d to %d", text, first, end)
		}
	}
	if _, _, in := (Range{Asked: true, First: 0, Last: -1}).Within(0); in {
		t.Error("an empty body has a part")
	}
}

func TestOtherRangesAreIgnored(t *testing.T) {
	for _, text := range []string{
		"", "bytes", "bytes=", "bytes=-", "bytes=1", "bytes=a-b", "bytes=2-1", "bytes=0-1,3-4", "bytes=0-1, ", "lines=0-1", "bytes:0-1",
		"bytes=+1-2", "bytes=1 - 2", "bytes=0x1-2", "bytes=--1", "bytes=1-2-3", "bytes=0-9999999999999999999", "bytes=-1-",
	} {
		if r, ok := ParseRange([]byte(text)); ok || r.Asked {
			t.Errorf("%q was read as %+v", text, r)
		}
	}
}

func TestContentRange(t *testing.T) {
	for _, c := range []struct {
		first, end, size int64
		want             string
	}{
		{0, 1, 1000, "Content-Range: bytes 0-0/1000\r\n"},
		{5, 1000, 1000, "Content-Range: bytes 5-999/1000\r\n"},
		{5, LastByteOpen + 1, -1, "Content-Range: bytes 5-9007199254740991/*\r\n"},
	} {
		if got := string(AppendContentRange(nil, c.first, c.end, c.size)); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	if got := string(AppendUnsatisfied(nil, 7)); got != "Content-Range: bytes */7\r\n" {
		t.Errorf("%q", got)
	}
}

func FuzzRange(f *testing.F) {
	f.Add([]byte("bytes=0-1"), int64(10))
	f.Fuzz(func(t *testing.T, value []byte, size int64) {
		r, ok := ParseRange(value)
		if !ok {
			return
		}
		size = max(size, 0)
		if first, end, in := r.Within(size); in && (first < 0 || end > size || first >= end) {
			t.Fatalf("%q of %d: %d to %d", value, size, first, end)
		}
	})
}
