package http1

import "bytes"

// Header returns the value of the first header line called name, without the spaces around it: nil when there is
// none, empty and not nil when it has no value. Names compare without regard to the case of ASCII letters.
func (r *Request) Header(name string) []byte {
	for i := range r.headers[:r.headerCount] {
		if equalFold(r.headers[i].name, name) {
			return r.headers[i].value
		}
	}
	return nil
}

// HeaderCount returns how many header lines are called name.
func (r *Request) HeaderCount(name string) int {
	count := 0
	for i := range r.headers[:r.headerCount] {
		if equalFold(r.headers[i].name, name) {
			count++
		}
	}
	return count
}

// NumHeaders returns the number of header lines, at most HeadersMax.
func (r *Request) NumHeaders() int { return r.headerCount }

// HeaderAt returns header line i as it was sent; i is under NumHeaders.
func (r *Request) HeaderAt(i int) (name, value []byte) {
	h := &r.headers[:r.headerCount][i]
	return h.name, h.value
}

// HasToken reports whether token stands in the comma-separated list that all header lines called name make
// together, such as Connection and Upgrade. Both compare without regard to the case of ASCII letters.
func (r *Request) HasToken(name, token string) bool {
	for i := range r.headers[:r.headerCount] {
		if !equalFold(r.headers[i].name, name) {
			continue
		}
		for list := r.headers[i].value; len(list) > 0; {
			var item []byte
			item, list, _ = bytes.Cut(list, []byte{','})
			if equalFold(trimSpace(item), token) {
				return true
			}
		}
	}
	return false
}

// KeepAlive reports whether the client wants the connection kept (RFC 9112 section 9.3): HTTP/1.1 unless it says
// close, HTTP/1.0 only if it says keep-alive.
func (r *Request) KeepAlive() bool {
	if r.HasToken("Connection", "close") {
		return false
	}
	return r.Minor == 1 || r.HasToken("Connection", "keep-alive")
}

// HasBody reports whether bytes that are no request follow the head.
func (r *Request) HasBody() bool { return r.Chunked || r.ContentLength > 0 }
