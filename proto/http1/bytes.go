package http1

// byteClass says where a byte may stand.
type byteClass uint8

const (
	classToken  byteClass = 1 << iota // RFC 9110 section 5.6.2, tchar
	classValue                        // RFC 9110 section 5.5, field-vchar, SP, HTAB
	classTarget                       // visible ASCII without '#', which no target may hold
	classHost                         // RFC 3986 section 3.2.2 and 3.2.3, without '%'
)

var classes = func() (table [256]byteClass) {
	for c := range table {
		if c >= ' ' && c != 0x7F || c == '\t' {
			table[c] |= classValue
		}
		if c > ' ' && c < 0x7F && c != '#' {
			table[c] |= classTarget
		}
	}
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	for _, c := range []byte(letters + "!#$%&'*+-.^_`|~") {
		table[c] |= classToken
	}
	for _, c := range []byte(letters + "-._~!$&'()*+;=:[]") {
		table[c] |= classHost
	}
	return table
}()

// all reports whether every byte of b is of class.
func all(b []byte, class byteClass) bool {
	for _, c := range b {
		if classes[c]&class == 0 {
			return false
		}
	}
	return true
}

func isToken(b []byte) bool { return len(b) > 0 && all(b, classToken) }

// equalFold compares without regard to the case of ASCII letters. It is no Unicode fold: the Kelvin sign is no k.
func equalFold(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i, c := range b {
		if lower(c) != lower(s[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}

// trimSpace drops the SP and HTAB around b (RFC 9110 section 5.6.3, OWS).
func trimSpace(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || 'a' <= lower(c) && lower(c) <= 'f' }
