package web

import (
	"bytes"

	"uproar/core/hls"
	"uproar/proto/http1"
)

// wish is one request for video: what a Node is asked, and what of the answer is wanted.
// Its slices alias the head of the request until keep.
type wish struct {
	ask     hls.Request
	head    bool // HEAD: no body
	keep    bool // the connection
	old     bool // HTTP/1.0: no chunks
	since   []byte
	none    []byte
	ifRange []byte
	span    http1.Range
	signed  bool // only who has the right may see it
	novel   bool // the path was not among the recent ones

	cookie    []byte // the right to set as a cookie; nil: none
	cookieAge int64  // for so many seconds
}

// read takes what a request says beside its method and path. It reports false for
// directives that are malformed or stand there twice: status 400.
func (w *wish) read(req *http1.Request, path hls.Path) bool {
	w.ask = hls.Request{Path: path, Reload: hls.NoReload, Hops: req.CountMembers("CDN-Loop")}
	if path.Kind != hls.KindSegment {
		w.ask.Gzip = req.Accepts("gzip")
	}
	w.since, w.none, w.ifRange = only(req, "If-Modified-Since"), only(req, "If-None-Match"), only(req, "If-Range")
	// RFC 9110 section 14.2: ranges are GET's. Of several none is served.
	if span, ok := http1.ParseRange(only(req, "Range")); ok && !w.head && req.HeaderCount("If-Range") < 2 {
		w.span = span
	}
	if path.Kind != hls.KindMedia {
		return true
	}
	return readReload(&w.ask.Reload, req.Query)
}

// only is the value of a header that stands there once. These have one value each: of two
// none can be trusted, and it is lawful to leave them out of account.
func only(req *http1.Request, name string) []byte {
	value := req.Header(name)
	if value != nil && req.HeaderCount(name) > 1 {
		return nil
	}
	return value
}

// readReload reads the delivery directives of section 6.2.5 of the specification, and
// nothing else of a query. An unknown value of _HLS_skip asks for nothing: a whole playlist
// is always a right answer to it.
func readReload(r *hls.Reload, query []byte) bool {
	skips := 0
	for len(query) > 0 {
		var pair []byte
		pair, query, _ = bytes.Cut(query, []byte{'&'})
		name, value, _ := bytes.Cut(pair, []byte{'='})
		ok := true
		switch string(name) {
		case "_HLS_msn":
			r.MSN, ok = onceDigits(r.MSN, value)
		case "_HLS_part":
			r.Part, ok = onceDigits(r.Part, value)
		case "_HLS_skip":
			skips++
			ok = skips == 1
			switch string(value) {
			case "YES":
				r.Skip = hls.SkipYes
			case "v2":
				r.Skip = hls.SkipV2
			}
		}
		if !ok {
			return false
		}
	}
	return true
}

func onceDigits(before int64, value []byte) (int64, bool) {
	n, ok := http1.ParseDigits(value)
	return n, ok && before < 0
}

// hold copies what aliases the request's head, for a viewer that has to wait.
func (w *wish) hold() {
	w.since, w.none, w.ifRange = bytes.Clone(w.since), bytes.Clone(w.none), bytes.Clone(w.ifRange)
	w.cookie = bytes.Clone(w.cookie)
}

// fresh reports whether what the viewer has is what a is: status 304 (RFC 9110 section
// 13.2.2). If-Match and If-Unmodified-Since are for origins, a cache may pass over them.
func (w *wish) fresh(a *hls.Answer) bool {
	if w.none != nil {
		return http1.NamesTag(w.none, a.ETag)
	}
	if w.since == nil || a.LastModified.IsZero() {
		return false
	}
	since, ok := http1.ParseDate(w.since)
	return ok && a.LastModified.Unix() <= since.Unix()
}

// ranged reports whether the range that was asked for is of this very answer (RFC 9110
// section 13.1.5: strong tags alone).
func (w *wish) ranged(a *hls.Answer) bool {
	switch {
	case !w.span.Asked:
		return false
	case w.ifRange == nil:
		return true
	case len(w.ifRange) > 0 && w.ifRange[0] == '"':
		return string(w.ifRange) == a.ETag
	}
	date, ok := http1.ParseDate(w.ifRange)
	return ok && !a.LastModified.IsZero() && a.LastModified.Unix() == date.Unix()
}

// appendConnection tells a client what it does not expect of its version.
func (w *wish) appendConnection(dst []byte) []byte {
	switch {
	case !w.keep:
		return append(dst, "Connection: close\r\n"...)
	case w.old:
		return append(dst, "Connection: keep-alive\r\n"...)
	}
	return dst
}
