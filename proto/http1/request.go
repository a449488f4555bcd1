package http1

import "bytes"

// Request is one parsed request head. The zero value is ready, and one Request is meant to be reused for all requests
// of a loop. Its slices alias the input of the last Parse.
type Request struct {
	Method []byte
	// Target is the request target as it was sent; Path is its path, still percent-encoded, "/" or more, or "*";
	// Query is what follows the first '?', nil when there is none.
	Target, Path, Query []byte
	// Minor is 0 for HTTP/1.0 and 1 for HTTP/1.1.
	Minor int
	// Host is the one Host header; nil on HTTP/1.0 without one.
	Host []byte
	// ContentLength is 0 without the header. Chunked says that a body in chunks follows. A caller that reads no
	// body refuses a request with either, since what follows the head is not a request.
	ContentLength int64
	Chunked       bool

	headers     [HeadersMax]header
	headerCount int
}

type header struct{ name, value []byte }

// Parse parses the head at the start of in and replaces all that r held. n is the length of the head with its
// empty line; n == 0 without an error means that the head is not whole. err is an *Error, and r is then unusable.
func (r *Request) Parse(in []byte) (n int, err error) {
	window := in
	if len(window) > HeadBytesMax {
		window = window[:HeadBytesMax]
	}
	end := bytes.Index(window, []byte("\r\n\r\n"))
	if end < 0 {
		if fault := checkUnfinished(window); fault != nil {
			return 0, fault
		}
		return 0, nil
	}
	if fault := r.parse(in[:end+2]); fault != nil {
		return 0, fault
	}
	return end + 4, nil
}

// checkUnfinished refuses a head that cannot become good, so that a peer which never ends it is not waited for. in is at
// most HeadBytesMax long.
func checkUnfinished(in []byte) *Error {
	lf := bytes.IndexByte(in, '\n')
	switch {
	case lf == 0 || lf > 0 && in[lf-1] != '\r':
		return errBareLineEnd
	case lf < 0 && len(in) == HeadBytesMax:
		return errTargetLong
	case len(in) == HeadBytesMax:
		return errHeadLong
	}
	return nil
}

// parse reads head: all lines, each with its CRLF, without the empty one.
func (r *Request) parse(head []byte) *Error {
	r.Host, r.ContentLength, r.Chunked, r.headerCount = nil, 0, false, 0
	line, rest, ok := cutLine(head)
	if !ok {
		return errBareLineEnd
	}
	if fault := r.parseRequestLine(line); fault != nil {
		return fault
	}
	for len(rest) > 0 {
		if line, rest, ok = cutLine(rest); !ok {
			return errBareLineEnd
		}
		if fault := r.parseHeader(line); fault != nil {
			return fault
		}
	}
	return r.checkFraming()
}

// cutLine cuts the first line off b, which ends with CRLF. ok is false when LF or CR stands alone in it.
func cutLine(b []byte) (line, rest []byte, ok bool) {
	lf := bytes.IndexByte(b, '\n')
	if lf < 1 || b[lf-1] != '\r' {
		return nil, nil, false
	}
	line = b[:lf-1]
	return line, b[lf+1:], bytes.IndexByte(line, '\r') < 0
}

// parseRequestLine reads `GET /path HTTP/1.1`: single spaces, nothing around (RFC 9112 section 3).
func (r *Request) parseRequestLine(line []byte) *Error {
	first, last := bytes.IndexByte(line, ' '), bytes.LastIndexByte(line, ' ')
	if first < 0 || first == last {
		return errRequestLine
	}
	method, target, version := line[:first], line[first+1:last], line[last+1:]
	if !isToken(method) {
		return errMethod
	}
	if len(target) > TargetBytesMax {
		return errTargetLong
	}
	switch string(version) {
	case "HTTP/1.1":
		r.Minor = 1
	case "HTTP/1.0":
		r.Minor = 0
	default:
		if len(version) == 8 && string(version[:5]) == "HTTP/" && isDigit(version[5]) && version[6] == '.' && isDigit(version[7]) {
			return errVersion
		}
		return errRequestLine
	}
	r.Method = method
	return r.parseTarget(target)
}

// parseHeader reads `Name: value` (RFC 9112 section 5).
func (r *Request) parseHeader(line []byte) *Error {
	if len(line) > 0 && isSpace(line[0]) {
		return errFold
	}
	colon := bytes.IndexByte(line, ':')
	if colon < 0 || !isToken(line[:colon]) {
		return errHeaderName
	}
	value := trimSpace(line[colon+1:])
	if !all(value, classValue) {
		return errHeaderValue
	}
	if r.headerCount == HeadersMax {
		return errHeadersMany
	}
	r.headers[r.headerCount] = header{line[:colon], value}
	r.headerCount++
	return nil
}

// checkFraming holds the rules on Host and on where the body ends (RFC 9112 sections 3.2 and 6.3).
func (r *Request) checkFraming() *Error {
	var hosts, lengths, codings int
	for i := range r.headers[:r.headerCount] {
		name, value := r.headers[i].name, r.headers[i].value
		switch len(name) {
		case len("Host"):
			if !equalFold(name, "Host") {
				continue
			}
			hosts++
			r.Host = value
		case len("Content-Length"):
			if !equalFold(name, "Content-Length") {
				continue
			}
			lengths++
			var ok bool
			if r.ContentLength, ok = parseLength(value); !ok {
				return errLength
			}
		case len("Transfer-Encoding"):
			if !equalFold(name, "Transfer-Encoding") {
				continue
			}
			codings++
			r.Chunked = equalFold(value, "chunked")
		}
	}
	switch {
	case hosts > 1:
		return errHostTwice
	case hosts == 0 && r.Minor == 1:
		return errHostMissing
	case !all(r.Host, classHost):
		return errHost
	case lengths > 1:
		return errLengthTwice
	case codings > 1:
		return errCodingTwice
	case codings == 1 && lengths == 1:
		return errCodingLength
	case codings == 1 && r.Minor == 0:
		return errCodingVersion
	case codings == 1 && !r.Chunked:
		return errCodingUnknown
	}
	return nil
}

// parseLength reads digits and nothing else: no sign, no list. 18 digits cannot overflow.
func parseLength(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	for _, c := range b {
		if !isDigit(c) {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}
