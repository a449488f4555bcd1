package command

import (
	"testing"
	"time"
)

func TestSpanReadsAsTwitchWritesIt(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                               "0 seconds",
		time.Second:                     "1 second",
		10 * time.Minute:                "10 minutes",
		491 * time.Second:               "8 minutes 11 seconds",
		2 * week:                        "2 weeks",
		week + day + time.Hour:          "1 week 1 day 1 hour",
		time.Minute + time.Second/2:     "1 minute",
		-time.Second:                    "0 seconds",
		5*day + 12*time.Hour + 1e9*3600: "5 days 13 hours",
	} {
		if got := Span(d); got != want {
			t.Errorf("Span(%d) = %q, want %q", d, got, want)
		}
	}
}

func TestSpansThatPeopleType(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"600": 600 * time.Second, "10m": 10 * time.Minute, "1h30m": 90 * time.Minute, "2W": 2 * week, "1 week": week,
		"5 days 12 hours": 5*day + 12*time.Hour, "1d2h": 26 * time.Hour, "0": 0, "3mo": 3 * month, "2 Minutes": 2 * time.Minute,
		"99999999999999999999": spanMax, "999w999w999w": spanMax, "00000000000000000000w": 0,
	} {
		if got, ok := parseSpan(s, time.Second); !ok || got != want {
			t.Errorf("parseSpan(%q) = %v, %v, want %v", s, got, ok, want)
		}
	}
	for _, s := range []string{"", " ", "m", "-5", "+5", "5x", "1h30", "1.5h", "10 m m", "٣", "5 min utes", "10m!", "1e9"} {
		if got, ok := parseSpan(s, time.Second); ok {
			t.Errorf("parseSpan(%q) = %v", s, got)
		}
	}
}

func TestSpanReadsBackWhatItWrote(t *testing.T) {
	for _, d := range []time.Duration{time.Second, 59 * time.Second, 3661 * time.Second, 3*week + 6*day + 23*time.Hour + 59*time.Minute + 59*time.Second} {
		if got, ok := parseSpan(Span(d), time.Hour); !ok || got != d {
			t.Errorf("%v became %q and then %v", d, Span(d), got)
		}
	}
}
