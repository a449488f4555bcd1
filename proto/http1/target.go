package http1

import "bytes"

// parseTarget splits the target (RFC 9112 section 3.2): origin form, absolute form, of which only path and query
// count, and `*` for OPTIONS. The authority form is CONNECT's, and this is no proxy.
func (r *Request) parseTarget(target []byte) *Error {
	if len(target) == 0 || !all(target, classTarget) {
		return errTarget
	}
	r.Target, r.Query = target, nil
	path := target
	switch {
	case target[0] == '/':
	case string(target) == "*" && string(r.Method) == "OPTIONS":
	default:
		var ok bool
		if path, ok = cutAuthority(target); !ok {
			return errTarget
		}
	}
	if i := bytes.IndexByte(path, '?'); i >= 0 {
		path, r.Query = path[:i], path[i+1:]
	}
	if len(path) == 0 {
		path = rootPath
	}
	r.Path = path
	if !validEscapes(path) {
		return errTarget
	}
	return nil
}

// rootPath is the path of `http://host`. It is shared: nobody writes to a parsed path.
var rootPath = []byte("/")

// cutAuthority returns what follows `http://host:port` of an absolute form. User info and IPv6 literals, which no
// client sends here, are refused.
func cutAuthority(target []byte) (path []byte, ok bool) {
	colon := bytes.IndexByte(target, ':')
	if colon < 0 || !equalFold(target[:colon], "http") && !equalFold(target[:colon], "https") {
		return nil, false
	}
	rest, ok := bytes.CutPrefix(target[colon:], []byte("://"))
	if !ok {
		return nil, false
	}
	end := bytes.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	host, port, _ := bytes.Cut(rest[:end], []byte{':'})
	if len(host) == 0 || !all(host, classHost) || bytes.ContainsAny(host, "[]") {
		return nil, false
	}
	for _, c := range port {
		if !isDigit(c) {
			return nil, false
		}
	}
	return rest[end:], true
}

// validEscapes reports whether each '%' of a path begins an escape, so that a later decode cannot fail.
func validEscapes(path []byte) bool {
	for i := 0; i < len(path); i++ {
		if path[i] != '%' {
			continue
		}
		if i+2 >= len(path) || !isHex(path[i+1]) || !isHex(path[i+2]) {
			return false
		}
		i += 2
	}
	return true
}

// QueryValue returns the raw value of key in a query: of its first occurrence, still percent-encoded, empty when it
// has none. Keys compare byte for byte.
func QueryValue(query []byte, key string) (raw []byte, ok bool) {
	for len(query) > 0 {
		var pair []byte
		pair, query, _ = bytes.Cut(query, []byte{'&'})
		name, value, _ := bytes.Cut(pair, []byte{'='})
		if string(name) == key {
			return value, true
		}
	}
	return nil, false
}
