// Package http1 is the wire format of HTTP/1.0 and 1.1 heads (RFC 9110, RFC 9112): a strict parser of request heads
// and an append-style writer of response heads.
//
// It does no I/O, reads no clock, starts no goroutine, allocates nothing and reads no body. A Request belongs to
// one goroutine; what it returns aliases the bytes that were parsed. Where the RFC lets a server guess what a
// broken head means, this parser refuses: two servers that guess differently are how requests are smuggled.
package http1

import "fmt"

const (
	// HeadBytesMax bounds a request head, its empty line included. More is 431. Our own bound, nginx's default
	// (large_client_header_buffers) is two times that.
	HeadBytesMax = 16 << 10

	// TargetBytesMax bounds the request target. More is 414. RFC 9112 section 3 asks for at least 8000.
	TargetBytesMax = 8 << 10

	// HeadersMax bounds the header lines. More is 431.
	HeadersMax = 64
)

// Error is a head that is refused. The caller answers with Status and closes: what follows cannot be trusted.
// All of this package's are shared values: read them, do not change them.
type Error struct {
	Status int    // of the response
	Reason string // for people
}

func (e *Error) Error() string {
	return fmt.Sprintf("cannot parse request head: %s (status %d)", e.Reason, e.Status)
}

var (
	errBareLineEnd   = &Error{400, "bare LF or CR"}
	errRequestLine   = &Error{400, "malformed request line"}
	errMethod        = &Error{400, "method is not a token"}
	errTarget        = &Error{400, "malformed target"}
	errTargetLong    = &Error{414, "target too long"}
	errVersion       = &Error{505, "HTTP version not supported"}
	errFold          = &Error{400, "folded header line"}
	errHeaderName    = &Error{400, "malformed header name"}
	errHeaderValue   = &Error{400, "control byte in header value"}
	errHeadLong      = &Error{431, "head too long"}
	errHeadersMany   = &Error{431, "too many header lines"}
	errHostMissing   = &Error{400, "no Host"}
	errHostTwice     = &Error{400, "more than one Host"}
	errHost          = &Error{400, "malformed Host"}
	errLengthTwice   = &Error{400, "more than one Content-Length"}
	errLength        = &Error{400, "malformed Content-Length"}
	errCodingTwice   = &Error{400, "more than one Transfer-Encoding"}
	errCodingLength  = &Error{400, "Transfer-Encoding with Content-Length"}
	errCodingVersion = &Error{400, "Transfer-Encoding on HTTP/1.0"}
	errCodingUnknown = &Error{501, "transfer coding is not chunked"}
)
