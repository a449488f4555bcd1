package http1

import "bytes"

// cutMember cuts the first member off a comma-separated list (RFC 9110 section 5.6.1). A comma inside a quoted string
// ends no member. Members may be empty; list is nil behind the last.
func cutMember(list []byte) (member, rest []byte) {
	quoted := false
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++
		case c == ',' && !quoted:
			return trimSpace(list[:i]), list[i+1:]
		}
	}
	return trimSpace(list), nil
}

// CountMembers returns how many members that are not empty all header lines called name have together.
func (r *Request) CountMembers(name string) int {
	count := 0
	for i := range r.headers[:r.headerCount] {
		if !equalFold(r.headers[i].name, name) {
			continue
		}
		for list := r.headers[i].value; len(list) > 0; {
			var member []byte
			if member, list = cutMember(list); len(member) > 0 {
				count++
			}
		}
	}
	return count
}

// Accepts reports whether Accept-Encoding names coding, or all codings, with a weight above 0 (RFC 9110 section 12.5.3).
// Without the header a client takes none.
func (r *Request) Accepts(coding string) bool {
	accepted, named := false, false
	for i := range r.headers[:r.headerCount] {
		if !equalFold(r.headers[i].name, "Accept-Encoding") {
			continue
		}
		for list := r.headers[i].value; len(list) > 0; {
			var member []byte
			member, list = cutMember(list)
			name, parameters, _ := bytes.Cut(member, []byte{';'})
			switch name = trimSpace(name); {
			case equalFold(name, coding):
				accepted, named = !zeroWeight(parameters), true
			case string(name) == "*" && !named:
				accepted = !zeroWeight(parameters)
			}
		}
	}
	return accepted
}

// zeroWeight reports whether parameters are `q=0`, in any of its spellings. What is no weight counts as 1.
func zeroWeight(parameters []byte) bool {
	value := trimSpace(parameters)
	if len(value) < 3 || lower(value[0]) != 'q' || value[1] != '=' || value[2] != '0' {
		return false
	}
	for i, c := range value[3:] {
		if i == 0 && c != '.' || i > 0 && c != '0' {
			return false
		}
	}
	return true
}

// NamesTag reports whether list, the value of If-None-Match, is `*` or has a tag that is weakly the same as tag (RFC 9110
// sections 8.8.3.2 and 13.1.2). tag stands in its quotes, `W/` before them or not.
func NamesTag(list []byte, tag string) bool {
	if string(list) == "*" {
		return true
	}
	if len(tag) > 2 && tag[:2] == "W/" {
		tag = tag[2:]
	}
	for len(list) > 0 {
		var member []byte
		member, list = cutMember(list)
		if string(bytes.TrimPrefix(member, weakPrefix)) == tag && tag != "" {
			return true
		}
	}
	return false
}

var weakPrefix = []byte("W/")
