package http1

import "strconv"

// Field is one header line of a response.
type Field struct{ Name, Value string }

// ConnectionClose tells the client that the connection ends behind this response.
var ConnectionClose = Field{"Connection", "close"}

// NoLength, as a content length, leaves the header out: for 1xx, 204, 304 and a body that ends with the connection.
const NoLength int64 = -1

// AppendResponseHead appends a whole head: status line, Content-Type unless it is empty, Content-Length unless it is
// NoLength, the extra fields in their order, and the empty line. There is no Date, a cache adds its own.
func AppendResponseHead(dst []byte, status int, contentType string, contentLength int64, extra ...Field) []byte {
	dst = AppendStatusLine(dst, status)
	if contentType != "" {
		dst = AppendField(dst, "Content-Type", contentType)
	}
	if contentLength != NoLength {
		dst = AppendFieldInt(dst, "Content-Length", contentLength)
	}
	for i := range extra {
		dst = AppendField(dst, extra[i].Name, extra[i].Value)
	}
	return AppendEnd(dst)
}

// AppendStatusLine appends `HTTP/1.1 200 OK` with its line end. status has three digits.
func AppendStatusLine(dst []byte, status int) []byte {
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	dst = append(dst, ' ')
	dst = append(dst, StatusText(status)...)
	return AppendEnd(dst)
}

// AppendField appends one header line. A control byte in the value becomes a space, so that no value taken from a
// peer can begin a header of its own. name is the caller's constant.
func AppendField[T ~string | ~[]byte](dst []byte, name string, value T) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	start := len(dst)
	dst = append(dst, value...)
	for i, c := range dst[start:] {
		if classes[c]&classValue == 0 {
			dst[start+i] = ' '
		}
	}
	return AppendEnd(dst)
}

// AppendFieldInt appends one header line with a decimal number.
func AppendFieldInt(dst []byte, name string, value int64) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	return AppendEnd(strconv.AppendInt(dst, value, 10))
}

// AppendEnd appends CRLF: behind the last field it is the empty line that ends the head.
func AppendEnd(dst []byte) []byte { return append(dst, '\r', '\n') }

// StatusText returns the reason phrase of the statuses that the edge sends (RFC 9110 section 15), empty for another.
func StatusText(status int) string {
	switch status {
	case 101:
		return "Switching Protocols"
	case 200:
		return "OK"
	case 202:
		return "Accepted"
	case 204:
		return "No Content"
	case 206:
		return "Partial Content"
	case 301:
		return "Moved Permanently"
	case 302:
		return "Found"
	case 304:
		return "Not Modified"
	case 307:
		return "Temporary Redirect"
	case 400:
		return "Bad Request"
	case 401:
		return "Unauthorized"
	case 403:
		return "Forbidden"
	case 404:
		return "Not Found"
	case 405:
		return "Method Not Allowed"
	case 408:
		return "Request Timeout"
	case 409:
		return "Conflict"
	case 410:
		return "Gone"
	case 411:
		return "Length Required"
	case 413:
		return "Content Too Large"
	case 414:
		return "URI Too Long"
	case 416:
		return "Range Not Satisfiable"
	case 417:
		return "Expectation Failed"
	case 421:
		return "Misdirected Request"
	}
	return statusTextHigh(status)
}

func statusTextHigh(status int) string {
	switch status {
	case 422:
		return "Unprocessable Content"
	case 426:
		return "Upgrade Required"
	case 429:
		return "Too Many Requests"
	case 431:
		return "Request Header Fields Too Large"
	case 500:
		return "Internal Server Error"
	case 501:
		return "Not Implemented"
	case 502:
		return "Bad Gateway"
	case 503:
		return "Service Unavailable"
	case 504:
		return "Gateway Timeout"
	case 505:
		return "HTTP Version Not Supported"
	case 508:
		return "Loop Detected"
	}
	return ""
}
