package web

import (
	"strings"
	"time"

	"uproar/core/hls"
	"uproar/proto/http1"
)

const (
	textType = "Content-Type: text/plain; charset=utf-8\r\n"

	// crossOrigin lets players on pages of any site read the answer: what protects a stream
	// is its signature, which such a page has to know. Age and the others are of no use to a
	// player that may not read them.
	crossOrigin = "Access-Control-Allow-Origin: *\r\n" +
		"Access-Control-Expose-Headers: Age, Content-Length, Content-Range, ETag, Date\r\n" +
		"X-Content-Type-Options: nosniff\r\n"
)

// appendHead appends the head of the answer, of a body of size bytes of which those from
// v.off to v.end are sent.
func (v *viewer) appendHead(dst []byte, a *hls.Answer, status int, size int64) []byte {
	v.desk.clock()
	dst = http1.AppendStatusLine(dst, status)
	dst = v.appendBody(dst, a, status, size)
	dst = append(dst, v.desk.date...)
	dst = v.appendCaching(dst, a, status)
	dst = append(dst, crossOrigin...)
	if v.cookie != nil {
		dst = appendCookie(dst, &v.wish)
	}
	return http1.AppendEnd(v.appendConnection(dst))
}

// appendBody appends what tells of the body: its type, coding and length.
func (v *viewer) appendBody(dst []byte, a *hls.Answer, status int, size int64) []byte {
	switch {
	case status == 304:
		return dst
	case status != 200 && status != 206:
		dst = append(dst, textType...)
		dst = http1.AppendFieldInt(dst, "Content-Length", int64(len(http1.StatusText(status))+1))
		if status == 416 {
			dst = http1.AppendUnsatisfied(dst, size)
		}
		return dst
	}
	if a.ContentType != "" {
		dst = http1.AppendField(dst, "Content-Type", a.ContentType)
	}
	if a.Gzip {
		dst = append(dst, "Content-Encoding: gzip\r\n"...)
	}
	switch {
	case v.end >= 0:
		dst = http1.AppendFieldInt(dst, "Content-Length", v.end-v.off)
	case v.chunks:
		dst = append(dst, "Transfer-Encoding: chunked\r\n"...)
	}
	switch {
	case status == 200:
		return append(dst, "Accept-Ranges: bytes\r\n"...)
	case v.end >= 0:
		return http1.AppendContentRange(dst, v.off, v.end, size)
	}
	return http1.AppendContentRange(dst, v.off, http1.LastByteOpen+1, size)
}

// appendCaching appends what caches below and players need to know.
func (v *viewer) appendCaching(dst []byte, a *hls.Answer, status int) []byte {
	if a.CacheControl != "" {
		dst = append(dst, "Cache-Control: "...)
		if control := a.CacheControl; v.signed {
			dst = append(append(dst, "private, "...), strings.TrimPrefix(control, "public, ")...)
		} else {
			dst = append(dst, control...)
		}
		dst = http1.AppendEnd(dst)
	} else if v.signed {
		dst = append(dst, "Cache-Control: private\r\n"...)
	}
	if a.ETag != "" && status < 400 {
		dst = http1.AppendField(dst, "ETag", a.ETag)
	}
	if !a.LastModified.IsZero() && status < 400 {
		dst = http1.AppendFieldDate(dst, "Last-Modified", a.LastModified)
	}
	if !a.Expires.IsZero() {
		dst = http1.AppendFieldDate(dst, "Expires", a.Expires)
	}
	dst = http1.AppendFieldInt(dst, "Age", max(int64(a.Age/time.Second), 0))
	if a.CacheStatus != "" {
		dst = http1.AppendField(dst, "Cache-Status", a.CacheStatus)
	}
	if a.Varies {
		dst = append(dst, "Vary: Accept-Encoding\r\n"...)
	}
	if a.RetryAfter > 0 {
		dst = http1.AppendFieldInt(dst, "Retry-After", int64((a.RetryAfter+time.Second-1)/time.Second))
	}
	return dst
}
