package command

import (
	"strconv"
	"strings"
	"time"
)

const (
	day     = 24 * time.Hour
	week    = 7 * day
	month   = 30 * day
	spanMax = 1000 * week // a span that is longer counts as this
)

// units are what a span is written in, the longest first.
var units = []struct {
	name, short string
	length      time.Duration
}{
	{"week", "w", week}, {"day", "d", day}, {"hour", "h", time.Hour}, {"minute", "m", time.Minute}, {"second", "s", time.Second},
}

// Span is a duration as Twitch writes it: "8 minutes 11 seconds", "1 week". Parts of a
// second are left out.
func Span(d time.Duration) string {
	var b []byte
	for _, u := range units {
		n := int64(d / u.length)
		if n <= 0 {
			continue
		}
		d -= time.Duration(n) * u.length
		if len(b) > 0 {
			b = append(b, ' ')
		}
		b = append(append(strconv.AppendInt(b, n, 10), ' '), u.name...)
		if n != 1 {
			b = append(b, 's')
		}
	}
	if len(b) == 0 {
		return "0 seconds"
	}
	return string(b)
}

// parseSpan reads "600", in the given unit, "1h30m", "1 week" or "5 days 12 hours". It
// reports false for anything else, and for less than nothing; what is longer than
// spanMax it takes for spanMax.
func parseSpan(s string, bare time.Duration) (time.Duration, bool) {
	total, alone := time.Duration(0), true
	for s = strings.Trim(s, " "); s != ""; alone = false {
		end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
		if end < 0 {
			end = len(s)
		}
		n, err := strconv.ParseInt(s[:min(end, 18)], 10, 64)
		if err != nil {
			return 0, false // also when end is 0
		}
		s = strings.TrimLeft(s[end:], " ")
		end = strings.IndexFunc(s, func(r rune) bool { return r < 'A' || r > 'z' })
		if end < 0 {
			end = len(s)
		}
		unit := unitOf(s[:end])
		if alone && s == "" {
			unit = bare
		}
		if unit == 0 {
			return 0, false
		}
		if n > int64(spanMax/unit) {
			n = int64(spanMax / unit)
		}
		total = min(total+time.Duration(n)*unit, spanMax)
		s = strings.TrimLeft(s[end:], " ")
	}
	return total, !alone
}

// unitOf is the length of a unit by its name, or 0.
func unitOf(name string) time.Duration {
	if len(name) > len("minutes") {
		return 0
	}
	name = strings.ToLower(name)
	if name == "mo" || name == "month" || name == "months" {
		return month
	}
	for _, u := range units {
		if name == u.short || name == u.name || name == u.name+"s" {
			return u.length
		}
	}
	return 0
}
