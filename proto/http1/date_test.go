package http1

import (
	"net/http"
	"testing"
	"time"
)

func TestDatesAreWrittenAsNetHTTPWritesThem(t *testing.T) {
	for at := time.Date(1994, 11, 6, 8, 49, 37, 5e8, time.FixedZone("x", 3600)); at.Year() < 2100; at = at.Add(777*time.Hour + 61*time.Second) {
		if got, want := string(AppendDate(nil, at)), at.UTC().Format(http.TimeFormat); got != want {
			t.Fatalf("%v: %q, want %q", at, got, want)
		}
	}
	if got := string(AppendFieldDate(nil, "Expires", time.Unix(0, 0))); got != "Expires: Thu, 01 Jan 1970 00:00:00 GMT\r\n" {
		t.Errorf("%q", got)
	}
}

func TestDatesAreReadInTheirThreeForms(t *testing.T) { // RFC 9110 section 5.6.7
	want := time.Date(1994, 11, 6, 8, 49, 37, 0, time.UTC)
	for _, text := range []string{"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"} {
		if got, ok := ParseDate([]byte(text)); !ok || !got.Equal(want) {
			t.Errorf("%q: %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{
		"", "0", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 1994 25:49:37 GMT", "Sun  06 Nov 1994 08:49:37 GMT",
		"Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT", "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 GMTx",
	} {
		if got, ok := ParseDate([]byte(text)); ok {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}
