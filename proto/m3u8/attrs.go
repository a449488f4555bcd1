package m3u8

import (
	"strconv"
	"strings"
	"time"
)

// Attr is one attribute of a tag. Value is as it stands, with the quotes of a quoted string.
type Attr struct{ Name, Value string }

// Attrs is an attribute list, section 4.2, in order.
type Attrs []Attr

// parseAttrs reads an attribute list. A name that appears twice is refused.
func parseAttrs(s string) (Attrs, *Error) {
	var list Attrs
	for s != "" {
		name, rest, ok := strings.Cut(s, "=")
		if !ok || !validAttrName(name) {
			return nil, fault("%q is no attribute", clip(s))
		}
		n := strings.IndexByte(rest, ',')
		if strings.HasPrefix(rest, `"`) {
			end := strings.IndexByte(rest[1:], '"')
			if end < 0 {
				return nil, fault("the value of %s has no closing quote", name)
			}
			if n = end + 2; n == len(rest) {
				n = -1
			}
		}
		value := rest
		if s = ""; n >= 0 {
			if value, s = rest[:n], rest[n:]; s[0] != ',' || len(s) == 1 {
				return nil, fault("cannot read on after %s=%s", name, clip(value))
			}
			s = s[1:]
		}
		if value == "" || value[0] != '"' && strings.ContainsAny(value, "\" \t") {
			return nil, fault("%q is no value of %s", clip(value), name)
		}
		if _, twice := list.raw(name); twice {
			return nil, fault("%s appears twice", name)
		}
		if len(list) == attrsMax {
			return nil, fault("more than %d attributes", attrsMax)
		}
		list = append(list, Attr{name, value})
	}
	return list, nil
}

func validAttrName(s string) bool {
	for _, c := range []byte(s) {
		if !('A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-') {
			return false
		}
	}
	return s != ""
}

func (l Attrs) raw(name string) (string, bool) {
	for i := range l {
		if l[i].Name == name {
			return l[i].Value, true
		}
	}
	return "", false
}

// Get is the value of an attribute without quotes; empty when it is not there.
func (l Attrs) Get(name string) string {
	v, _ := l.raw(name)
	return strings.Trim(v, `"`)
}

// text is a quoted string that must be there and not be empty.
func (l Attrs) text(name string) (string, *Error) {
	v, ok := l.raw(name)
	if !ok {
		return "", fault("%s is missing", name)
	}
	if len(v) < 3 || v[0] != '"' {
		return "", fault("%s=%s is no quoted string", name, clip(v))
	}
	return v[1 : len(v)-1], nil
}

// yes is an enumerated string of which YES alone is defined; NO is taken too.
func (l Attrs) yes(name string) (bool, *Error) {
	switch v, ok := l.raw(name); {
	case !ok || v == "NO":
		return false, nil
	case v == "YES":
		return true, nil
	default:
		return false, fault("%s=%s is not YES", name, clip(v))
	}
}

// seconds is a duration; absent is its value when it is not there.
func (l Attrs) seconds(name string, absent time.Duration) (time.Duration, *Error) {
	v, ok := l.raw(name)
	if !ok {
		return absent, nil
	}
	d, ok := parseSeconds(v)
	if !ok {
		return 0, fault("%s=%s is no duration", name, clip(v))
	}
	return d, nil
}

func (l Attrs) number(name string, absent int64) (int64, *Error) {
	v, ok := l.raw(name)
	if !ok {
		return absent, nil
	}
	n, ok := parseNumber(v)
	if !ok {
		return 0, fault("%s=%s is no number", name, clip(v))
	}
	return n, nil
}

// byteRange is a quoted <n>[@<o>]; Offset is -1 when there is no o.
func (l Attrs) byteRange() (Range, *Error) {
	if _, ok := l.raw("BYTERANGE"); !ok {
		return Range{}, nil
	}
	v, err := l.text("BYTERANGE")
	if err != nil {
		return Range{}, err
	}
	return parseRange(v)
}

func parseRange(s string) (Range, *Error) {
	length, offset, has := strings.Cut(s, "@")
	r := Range{Offset: -1}
	var ok bool
	if r.Length, ok = parseNumber(length); !ok || r.Length == 0 {
		return Range{}, fault("%q is no byte range", clip(s))
	}
	if has {
		if r.Offset, ok = parseNumber(offset); !ok || r.Offset > NumberMax-r.Length {
			return Range{}, fault("%q is no byte range", clip(s))
		}
	}
	return r, nil
}

// parseNumber is a decimal-integer up to NumberMax.
func parseNumber(s string) (int64, bool) {
	if s == "" || len(s) > 20 || s[0] < '0' || s[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return int64(n), err == nil && n <= NumberMax
}

// parseSeconds is a decimal-floating-point number of seconds up to DurationMax, rounded down
// to a nanosecond.
func parseSeconds(s string) (time.Duration, bool) {
	whole, fraction, point := strings.Cut(s, ".")
	n, ok := parseNumber(whole)
	if !ok || n > int64(DurationMax/time.Second) || point && fraction == "" || len(fraction) > 32 {
		return 0, false
	}
	d, unit := time.Duration(n)*time.Second, time.Second
	for _, c := range []byte(fraction) {
		if c < '0' || c > '9' {
			return 0, false
		}
		unit /= 10
		d += time.Duration(c-'0') * unit
	}
	return d, d <= DurationMax
}

// clip shortens what an error quotes.
func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}
