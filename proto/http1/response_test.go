package http1

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"testing"
)

func TestResponseIsReadByNetHTTP(t *testing.T) {
	out := AppendResponseHead([]byte{}, 200, "text/plain", 5, Field{"Cache-Control", "max-age=2"}, ConnectionClose)
	out = append(out, "hello"...)
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(out)), nil)
	if err != nil {
		t.Fatalf("%q: %v", out, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || string(body) != "hello" || resp.Status != "200 OK" || !resp.Close {
		t.Errorf("status %q, close %v, body %q, %v", resp.Status, resp.Close, body, err)
	}
	if resp.Header.Get("Content-Type") != "text/plain" || resp.Header.Get("Cache-Control") != "max-age=2" {
		t.Errorf("headers %v", resp.Header)
	}
}

func TestResponseHeadBytes(t *testing.T) {
	const want = "x" + "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n"
	if got := AppendResponseHead([]byte("x"), 304, "", NoLength, Field{"ETag", `"a"`}); string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := AppendStatusLine(nil, 299); string(got) != "HTTP/1.1 299 \r\n" {
		t.Errorf("a status without a phrase: %q", got)
	}
	if got := AppendFieldInt(nil, "Age", 12); string(got) != "Age: 12\r\n" {
		t.Errorf("got %q", got)
	}
}

// TestValueCannotBeginAHeader: no value taken from a peer splits a response.
func TestValueCannotBeginAHeader(t *testing.T) {
	got := AppendField(nil, "Location", []byte("/a\r\nSet-Cookie: x\x00\n\ty"))
	if want := "Location: /a  Set-Cookie: x  \ty\r\n"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPhrasesAreThoseOfNetHTTP(t *testing.T) {
	renamed := map[int]string{413: "Content Too Large", 416: "Range Not Satisfiable", 414: "URI Too Long", 422: "Unprocessable Content"} // RFC 9110
	count := 0
	for status := 100; status < 600; status++ {
		got := StatusText(status)
		if got == "" {
			continue
		}
		count++
		if want := http.StatusText(status); got != want && got != renamed[status] {
			t.Errorf("%d is %q, want %q", status, got, want)
		}
	}
	if count < 30 {
		t.Errorf("%d phrases", count)
	}
	for _, fault := range []*Error{errBareLineEnd, errTargetLong, errHeadLong, errVersion, errCodingUnknown} {
		if StatusText(fault.Status) == "" {
			t.Errorf("%v has no phrase", fault)
		}
	}
}
