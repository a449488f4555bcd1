package http1

import "testing"

func head(t *testing.T, lines string) *Request {
	t.Helper()
	r, in := new(Request), "GET / HTTP/1.1\r\nHost: h\r\n"+lines+"\r\n"
	if n, err := r.Parse([]byte(in)); n != len(in) || err != nil {
		t.Fatalf("Parse(%q) = %d, %v", in, n, err)
	}
	return r
}

func TestMembersOfListsAreCounted(t *testing.T) { // RFC 8586 section 2: CDN-Loop
	for lines, want := range map[string]int{
		"":                            0,
		"CDN-Loop:\r\n":               0,
		"CDN-Loop: a\r\n":             1,
		"CDN-Loop: a, b;x=1 ,, c\r\n": 3,
		"CDN-Loop: a\r\nX: y\r\ncdn-loop: b,c\r\n": 3,
		"CDN-Loop: a; x=\"1,2\\\",3\", b\r\n":      2,
		"CDN-Loop: a; x=\"never closed, b\r\n":     1,
	} {
		if got := head(t, lines).CountMembers("CDN-Loop"); got != want {
			t.Errorf("%q: %d, want %d", lines, got, want)
		}
	}
}

func TestCodingsAreAccepted(t *testing.T) { // RFC 9110 section 12.5.3
	for value, want := range map[string]bool{
		"":                              false,
		"identity":                      false,
		"gzip":                          true,
		"GZIP":                          true,
		"br, gzip":                      true,
		"br,gzip;q=0.5":                 true,
		"gzip;q=0":                      false,
		"gzip; q=0.000":                 false,
		"gzip;Q=0.001":                  true,
		"*":                             true,
		"*;q=0":                         false,
		"*, gzip;q=0":                   false,
		"gzip;q=0, *":                   false,
		"gzipped":                       false,
		"deflate, x-gzip":               false,
		"br;q=1.0, gzip;q=0.8, *;q=0.1": true,
	} {
		if got := head(t, "Accept-Encoding: "+value+"\r\n").Accepts("gzip"); got != want {
			t.Errorf("%q: %v", value, got)
		}
	}
	if head(t, "").Accepts("gzip") {
		t.Error("who says nothing takes gzip")
	}
	if !head(t, "Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n").Accepts("gzip") {
		t.Error("the second line does not count")
	}
}

func TestTagsAreComparedWeakly(t *testing.T) { // RFC 9110 section 8.8.3.2
	for _, c := range []struct {
		list, tag string
		want      bool
	}{
		{`"a"`, `"a"`, true}, {`W/"a"`, `"a"`, true}, {`"a"`, `W/"a"`, true}, {`W/"a"`, `W/"a"`, true},
		{`"b"`, `"a"`, false}, {`"b", "a"`, `"a"`, true}, {`"b","a"`, `"a"`, true}, {`"b", W/"a" `, `"a"`, true},
		{`*`, `"a"`, true}, {`"*"`, `"a"`, false}, {`a`, `"a"`, false}, {`"x, "a"`, `"a"`, false}, {`"a,b"`, `"a,b"`, true},
		{``, `"a"`, false}, {`""`, `"a"`, false}, {`, ,`, ``, false}, {`w/"a"`, `"a"`, false},
	} {
		if got := NamesTag([]byte(c.list), c.tag); got != c.want {
			t.Errorf("%s of %s: %v", c.tag, c.list, got)
		}
	}
}
