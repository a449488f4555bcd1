package clue

import (
	"strings"
	"testing"
	"time"
)

func TestRateReadsItsOwnText(t *testing.T) {
	for text, want := range map[string]Rate{
		"20/30s":  {20, 30 * time.Second},
		"100/30s": {100, 30 * time.Second},
		"1/1m":    {1, time.Minute},
		"5/1h":    {5, time.Hour},
		"5/10m":   {5, 10 * time.Minute},
		"5/1h10m": {5, 70 * time.Minute},
		"7/1m30s": {7, 90 * time.Second},
		"1/250ms": {1, 250 * time.Millisecond},
		"off":     {},
	} {
		got, err := ParseRate(text)
		if err != nil || got != want {
			t.Errorf("ParseRate(%q) = %v, %v; want %v", text, got, err, want)
		}
		if out, _ := got.MarshalText(); string(out) != text {
			t.Errorf("%v prints %q, want %q", got, out, text)
		}
	}
	for _, text := range []string{"0", "0/30s"} {
		if got, err := ParseRate(text); err != nil || got != (Rate{}) {
			t.Errorf("ParseRate(%q) = %v, %v", text, got, err)
		}
	}
}

func TestBadRateIsNamed(t *testing.T) {
	for _, text := range []string{"", "20", "x/30s", "20/", "20/30", "-1/30s", "20/0s", "20/-1s", "1000001/1s", "20/30s/1"} {
		r := Rate{N: 3, Per: time.Second}
		err := r.UnmarshalText([]byte(text))
		if err == nil || !strings.Contains(err.Error(), `cannot parse rate "`+text+`"`) {
			t.Errorf("%q: error %v", text, err)
		}
		if r != (Rate{N: 3, Per: time.Second}) {
			t.Errorf("%q: the rate changed to %v", text, r)
		}
	}
}
