package ws

// Deflate is what was agreed of permessage-deflate (RFC 7692). Both sides always forget their window between
// messages: so a message is compressed once for all its readers, and a connection needs no memory for it.
type Deflate uint8

const (
	DeflateNone   Deflate = iota
	DeflateAgreed         // a window of 32 KiB, each way
	DeflateWindow         // the same; the client asked for that window by name and must read it in the response
)

// Name returns the extension in the response, empty for DeflateNone (RFC 7692 sections 7.1.1.1 and 7.1.1.2: a server
// may demand that no window is kept whether the offer said so or not).
func (d Deflate) Name() string {
	switch d {
	case DeflateAgreed:
		return "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
	case DeflateWindow:
		return "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=15"
	}
	return ""
}

// NegotiateDeflate picks the first offer of a Sec-WebSocket-Extensions header that the server can keep. An offer with
// a parameter that is unknown, given twice, or of a bad value is passed over (RFC 7692 section 7.1), and so is one
// that wants a window under 32 KiB: what is sent is the same for all. In a header that breaks the grammar
// (RFC 6455 section 9.1) nothing is picked behind the break.
func NegotiateDeflate(offers []byte) Deflate {
	s := offerScanner{rest: offers}
	for {
		for s.take(',') { // a list may have empty elements (RFC 9110 section 5.6.1.2)
		}
		name := s.token()
		if name == nil {
			return DeflateNone
		}
		picked, ok := s.params()
		if !ok {
			return DeflateNone
		}
		if picked != DeflateNone && string(name) == "permessage-deflate" {
			return picked
		}
	}
}

// Parameters of an offer, as bits of those seen.
const (
	paramServerForgets = 1 << iota
	paramClientForgets
	paramServerWindow
	paramClientWindow
)

// offerScanner reads extensions from left to right.
type offerScanner struct{ rest []byte }

// params reads the parameters behind an extension's name, up to the comma or the end. ok is false when they break
// the grammar. d is what they come to if the extension is permessage-deflate.
func (s *offerScanner) params() (d Deflate, ok bool) {
	seen, good := 0, true
	for s.take(';') {
		name := s.token()
		if name == nil {
			return DeflateNone, false
		}
		var value []byte
		if s.take('=') {
			if value = s.value(); value == nil {
				return DeflateNone, false
			}
		}
		bit, fits := checkParam(name, value)
		good = good && fits && seen&bit == 0
		seen |= bit
	}
	s.space()
	if len(s.rest) > 0 && s.rest[0] != ',' {
		return DeflateNone, false
	}
	switch {
	case !good:
		return DeflateNone, true
	case seen&paramServerWindow != 0:
		return DeflateWindow, true
	}
	return DeflateAgreed, true
}

// checkParam returns the bit of a parameter, and whether an offer with it can be kept. value is nil for none.
func checkParam(name, value []byte) (bit int, ok bool) {
	switch string(name) {
	case "server_no_context_takeover":
		return paramServerForgets, value == nil
	case "client_no_context_takeover":
		return paramClientForgets, value == nil
	case "server_max_window_bits":
		return paramServerWindow, string(value) == "15"
	case "client_max_window_bits": // a hint; all windows can be read
		return paramClientWindow, value == nil || isWindow(value)
	}
	return 0, false
}

// isWindow reports whether value is 8 to 15, without leading zeros (RFC 7692 section 7.1.2).
func isWindow(value []byte) bool {
	switch string(value) {
	case "8", "9", "10", "11", "12", "13", "14", "15":
		return true
	}
	return false
}

func (s *offerScanner) space() {
	for len(s.rest) > 0 && (s.rest[0] == ' ' || s.rest[0] == '\t') {
		s.rest = s.rest[1:]
	}
}

// take reads c, and spaces before it. It reads nothing but spaces when something else stands there.
func (s *offerScanner) take(c byte) bool {
	s.space()
	if len(s.rest) == 0 || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// token reads a token, and spaces before it; nil when there is none.
func (s *offerScanner) token() []byte {
	s.space()
	n := 0
	for n < len(s.rest) && isTokenByte(s.rest[n]) {
		n++
	}
	if n == 0 {
		return nil
	}
	token := s.rest[:n]
	s.rest = s.rest[n:]
	return token
}

// value reads a token or one in quotes, which is all that quotes may hold (RFC 6455 section 9.1).
func (s *offerScanner) value() []byte {
	if !s.take('"') {
		return s.token()
	}
	if len(s.rest) == 0 || !isTokenByte(s.rest[0]) {
		return nil
	}
	token := s.token()
	if len(s.rest) == 0 || s.rest[0] != '"' {
		return nil
	}
	s.rest = s.rest[1:]
	return token
}

// isTokenByte reports whether c may stand in a token (RFC 9110 section 5.6.2).
func isTokenByte(c byte) bool {
	switch {
	case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		return true
	}
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~':
		return true
	}
	return false
}
