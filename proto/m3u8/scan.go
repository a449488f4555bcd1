package m3u8

import (
	"strings"
	"unicode/utf8"
)

// scanner cuts a playlist into lines, section 4.1, and checks each.
type scanner struct {
	rest string
	line int
	text string // the line
}

// newScanner checks what holds for every playlist, and takes the first line.
func newScanner(b []byte) (*scanner, error) {
	if len(b) > BytesMax {
		return nil, fault("%d bytes, more than %d", len(b), BytesMax)
	}
	s := &scanner{rest: string(b)}
	ok, err := s.next()
	if err != nil {
		return nil, err
	}
	if !ok || s.text != "#EXTM3U" {
		return nil, &Error{1, "it does not begin with #EXTM3U"}
	}
	return s, nil
}

// next goes to the next line that says something: a tag or a URI.
func (s *scanner) next() (bool, error) {
	for s.rest != "" {
		s.line++
		line, rest, _ := strings.Cut(s.rest, "\n")
		s.rest = rest
		line = strings.TrimSuffix(line, "\r")
		if err := checkLine(line); err != nil {
			return false, s.at(err)
		}
		if line != "" && (line[0] != '#' || strings.HasPrefix(line, "#EXT")) {
			s.text = line
			return true, nil
		}
		if s.line == 1 {
			break
		}
	}
	return false, nil
}

// each has take take the lines that are left, one after the other.
func (s *scanner) each(take func() *Error) error {
	for {
		ok, err := s.next()
		if err != nil || !ok {
			return err
		}
		if err := s.at(take()); err != nil {
			return err
		}
	}
}

// tag cuts a tag into its name and its value.
func (s *scanner) tag() (name, value string, hasValue bool) { return strings.Cut(s.text, ":") }

func (s *scanner) at(err *Error) error {
	if err == nil {
		return nil
	}
	err.Line = s.line
	return err
}

// checkLine refuses what is no text. A tab is a control character too, but EXT-X-SKIP
// divides its list with it.
func checkLine(line string) *Error {
	if len(line) > LineBytesMax {
		return fault("longer than %d bytes", LineBytesMax)
	}
	ascii := true
	for i := range len(line) {
		c := line[i]
		if c < ' ' && (c != '\t' || !strings.HasPrefix(line, "#EXT-X-SKIP:")) || c == 0x7f {
			return fault("control character %#02x", c)
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	if ascii {
		return nil
	}
	if !utf8.ValidString(line) {
		return fault("it is not UTF-8")
	}
	for _, r := range line {
		if r >= 0x80 && r <= 0x9f || r == '\ufeff' {
			return fault("control character %#02x", r)
		}
	}
	return nil
}

// checkURI refuses what cannot be a URI, of a line or of an attribute. Whether it may be asked
// for is not decided here.
func checkURI(uri string) *Error {
	if uri == "" || strings.ContainsAny(uri, " \"<>\\^`") {
		return fault("%q is no URI", clip(uri))
	}
	return nil
}
