package http1

import "testing"

// TestAmbiguousHeadsAreRefused holds the ways in which two servers are brought to disagree on where a request ends.
func TestAmbiguousHeadsAreRefused(t *testing.T) {
	const get = "GET / HTTP/1.1\r\nHost: h\r\n"
	const post = "POST / HTTP/1.1\r\nHost: h\r\n"
	cases := []struct {
		name, head string
		want       int
	}{
		{"two lengths", post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
		{"the same length twice", post + "Content-Length: 1\r\ncontent-length: 1\r\n\r\n", 400},
		{"length list", post + "Content-Length: 1, 1\r\n\r\n", 400},
		{"length with a plus", post + "Content-Length: +1\r\n\r\n", 400},
		{"negative length", post + "Content-Length: -1\r\n\r\n", 400},
		{"hexadecimal length", post + "Content-Length: 0x1\r\n\r\n", 400},
		{"length with a space inside", post + "Content-Length: 1 2\r\n\r\n", 400},
		{"empty length", post + "Content-Length:\r\n\r\n", 400},
		{"length that overflows", post + "Content-Length: 18446744073709551617\r\n\r\n", 400},
		{"length and coding", post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
		{"coding and length", post + "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", 400},
		{"coding on 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
		{"two codings", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n", 400},
		{"coding list", post + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
		{"unknown coding", post + "Transfer-Encoding: xchunked\r\n\r\n", 501},
		{"coding with a vertical tab", post + "Transfer-Encoding: \x0bchunked\r\n\r\n", 400},
		{"space before the colon", post + "Transfer-Encoding : chunked\r\n\r\n", 400},
		{"tab before the colon", post + "Content-Length\t: 1\r\n\r\n", 400},
		{"folded line", get + "X: a\r\n b\r\n\r\n", 400},
		{"line folded by a tab", get + "X: a\r\n\tTransfer-Encoding: chunked\r\n\r\n", 400},
		{"first line folded", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400},
		{"bare LF in the head", get + "X: a\nTransfer-Encoding: chunked\r\n\r\n", 400},
		{"bare LF behind the request line", "GET / HTTP/1.1\nHost: h\r\n\r\n", 400},
		{"bare LF all along", "GET / HTTP/1.1\nHost: h\n\n", 400},
		{"bare CR in a value", get + "X: a\rb\r\n\r\n", 400},
		{"CR CR LF", get + "X: a\r\r\n\r\n", 400},
		{"NUL in a value", get + "X: a\x00b\r\n\r\n", 400},
		{"NUL in a name", get + "X\x00: a\r\n\r\n", 400},
		{"DEL in a value", get + "X: a\x7f\r\n\r\n", 400},
		{"no name", get + ": a\r\n\r\n", 400},
		{"no colon", get + "abc\r\n\r\n", 400},
		{"name with bytes over ASCII", get + "X\xff: a\r\n\r\n", 400},
		{"name in parentheses", get + "(X): a\r\n\r\n", 400},
		{"no host", "GET / HTTP/1.1\r\nX: y\r\n\r\n", 400},
		{"no header at all", "GET / HTTP/1.1\r\n\r\n", 400},
		{"two hosts", get + "host: h\r\n\r\n", 400},
		{"two hosts on 1.0", "GET / HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n", 400},
		{"host with a path", "GET / HTTP/1.1\r\nHost: h/x\r\n\r\n", 400},
		{"host with user info", "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", 400},
		{"host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
		{"empty line in front", "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
		{"one CRLF in front", "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
		{"space in front", " GET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
		{"two spaces in the request line", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
		{"space at the end of the request line", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400},
		{"tab in the request line", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
		{"version 0.9", "GET /\r\nHost: h\r\n\r\n", 400},
		{"method is no token", "G@T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
		{"version in lower case", "GET / http/1.1\r\nHost: h\r\n\r\n", 400},
		{"version with a leading zero", "GET / HTTP/1.01\r\nHost: h\r\n\r\n", 400},
		{"version 1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505},
		{"version 2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
		{"TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", 400},
	}
	for _, c := range cases {
		if got := status(t, c.head); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// TestRefusalNamesTheRule: what a log shows is the fault itself, not the next rule that trips over it.
func TestRefusalNamesTheRule(t *testing.T) {
	const get = "GET / HTTP/1.1\r\nHost: h\r\n"
	for head, want := range map[string]*Error{
		get + "X: a\r\n b: c\r\n\r\n":                          errFold,
		get + "X: a\rb\r\n\r\n":                                errBareLineEnd,
		"GET / HTTP/1.1\r\r\nHost: h\r\n\r\n":                  errBareLineEnd,
		get + "X : a\r\n\r\n":                                  errHeaderName,
		get + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n": errLengthTwice,
	} {
		if _, err := new(Request).Parse([]byte(head)); err != want {
			t.Errorf("%q: %v, want %v", head, err, want)
		}
	}
}

// TestStrictIsNotTooStrict: what odd but lawful clients send is taken.
func TestStrictIsNotTooStrict(t *testing.T) {
	for _, head := range []string{
		"GET / HTTP/1.1\r\nHost:\r\n\r\n",
		"GET / HTTP/1.1\r\nHost:h\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nX: caf\xe9 \t tab\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\n!#$%&'*+-.^_`|~: x\r\n\r\n",
		"M-SEARCH / HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
		"GET /a|b\"c HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET / HTTP/1.0\r\n\r\n",
	} {
		if got := status(t, head); got != 0 {
			t.Errorf("%q: %d, want it taken", head, got)
		}
	}
}
