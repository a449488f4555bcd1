package http1

import (
	"bufio"
	"bytes"
	"errors"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"testing"
)

// FuzzRequest: a head that is taken here is taken by net/http, and means the same there.
func FuzzRequest(f *testing.F) {
	f.Add([]byte("GET /a?b HTTP/1.1\r\nHost: h\r\nX: y\r\nx: z\r\nConnection: close\r\n\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		before := bytes.Clone(in)
		var r Request
		n, err := r.Parse(in)
		if !bytes.Equal(in, before) {
			t.Fatalf("Parse(%q) wrote to its input", before)
		}
		var fault *Error
		if err != nil && (n != 0 || !errors.As(err, &fault) || StatusText(fault.Status) == "") {
			t.Fatalf("Parse(%q) = %d, %v", in, n, err)
		}
		checkPrefixes(t, in, n, err)
		if n == 0 {
			return
		}
		if !bytes.HasSuffix(in[:n], []byte("\r\n\r\n")) || bytes.Count(in[:n], []byte("\r\n\r\n")) != 1 {
			t.Fatalf("Parse(%q) = %d: not one head", in, n)
		}
		if r.Chunked && r.HeaderCount("Trailer") > 0 {
			return // net/http reads Trailer, a header of the body, which is refused anyway
		}
		req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(in[:n])))
		if err != nil {
			t.Fatalf("net/http refuses %q: %v", in[:n], err)
		}
		compareRequest(t, &r, req)
	})
}

// checkPrefixes: how a head is cut into reads changes neither its length nor whether it is refused.
func checkPrefixes(t *testing.T, in []byte, n int, err error) {
	t.Helper()
	for _, cut := range []int{1, len(in) / 3, len(in) / 2, len(in) - 1} {
		if cut < 0 || cut >= len(in) {
			continue
		}
		var r Request
		got, gotErr := r.Parse(in[:cut])
		if n > 0 && (gotErr != nil || got != 0 && got != n || got == n && cut < n) {
			t.Fatalf("first %d bytes of %q: %d, %v; all: %d", cut, in, got, gotErr, n)
		}
		if n == 0 && err == nil && (got != 0 || gotErr != nil) {
			t.Fatalf("first %d bytes of %q: %d, %v; all: wait", cut, in, got, gotErr)
		}
	}
}

func compareRequest(t *testing.T, r *Request, req *http.Request) {
	t.Helper()
	if req.Method != string(r.Method) || req.RequestURI != string(r.Target) || req.ProtoMinor != r.Minor {
		t.Fatalf("net/http has %s %s 1.%d, we %s %s 1.%d", req.Method, req.RequestURI, req.ProtoMinor, r.Method, r.Target, r.Minor)
	}
	path, err := url.PathUnescape(string(r.Path))
	if rooted := req.URL.Path == "" && path == "/"; err != nil || path != req.URL.Path && !rooted {
		t.Fatalf("net/http has path %q, we %q, %v", req.URL.Path, r.Path, err)
	}
	if req.URL.RawQuery != string(r.Query) {
		t.Fatalf("net/http has query %q, we %q", req.URL.RawQuery, r.Query)
	}
	if req.URL.Host == "" && req.Host != string(r.Host) {
		t.Fatalf("net/http has host %q, we %q", req.Host, r.Host)
	}
	if req.Close == r.KeepAlive() {
		t.Fatalf("net/http closes: %v, we keep: %v", req.Close, r.KeepAlive())
	}
	if chunked := slices.Contains(req.TransferEncoding, "chunked"); chunked != r.Chunked || !chunked && req.ContentLength != r.ContentLength {
		t.Fatalf("net/http has length %d, chunked %v, we %d, %v", req.ContentLength, chunked, r.ContentLength, r.Chunked)
	}
	ours := http.Header{}
	for i := range r.NumHeaders() {
		name, value := r.HeaderAt(i)
		key := textproto.CanonicalMIMEHeaderKey(string(name))
		ours[key] = append(ours[key], string(value))
	}
	// What net/http takes out of its header, and the one that it adds (RFC 7234 section 5.4).
	for _, name := range []string{"Host", "Transfer-Encoding"} {
		delete(ours, name)
	}
	if ours.Get("Pragma") == "no-cache" && ours["Cache-Control"] == nil {
		delete(req.Header, "Cache-Control")
	}
	for name, values := range ours {
		if !slices.Equal(req.Header[name], values) {
			t.Fatalf("net/http has %s %q, we %q", name, req.Header[name], values)
		}
	}
	if len(req.Header) != len(ours) {
		t.Fatalf("net/http has headers %v, we %v", req.Header, ours)
	}
}

// FuzzField: whatever the value, one header line comes out.
func FuzzField(f *testing.F) {
	f.Add([]byte("a\r\nB: c"))
	f.Fuzz(func(t *testing.T, value []byte) {
		line := AppendField(nil, "X", value)
		head := append([]byte("GET / HTTP/1.1\r\nHost: h\r\n"), line...)
		var r Request
		n, err := r.Parse(AppendEnd(head))
		if len(head) > HeadBytesMax-2 {
			return
		}
		if err != nil || n != len(head)+2 || r.NumHeaders() != 2 {
			t.Fatalf("value %q: n %d, %v, %d headers", value, n, err, r.NumHeaders())
		}
	})
}
