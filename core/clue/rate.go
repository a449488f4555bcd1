package clue

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// RateLinesMax bounds the N of a Rate.
const RateLinesMax = 1_000_000

// Rate is N lines in every window of Per. The zero Rate, and any with N 0, is off.
// Its text is "20/30s", or "off"; flags and config files use that.
type Rate struct {
	N   int
	Per time.Duration
}

// ParseRate reads "20/30s", "0" or "off".
func ParseRate(text string) (Rate, error) {
	if text == "off" || text == "0" {
		return Rate{}, nil
	}
	count, per, ok := strings.Cut(text, "/")
	if !ok {
		return Rate{}, fmt.Errorf("cannot parse rate %q: want lines/duration, as in 20/30s, or off", text)
	}
	n, err := strconv.Atoi(count)
	if err != nil {
		return Rate{}, fmt.Errorf("cannot parse rate %q: %w", text, err)
	}
	d, err := time.ParseDuration(per)
	if err != nil {
		return Rate{}, fmt.Errorf("cannot parse rate %q: %w", text, err)
	}
	if n < 0 || n > RateLinesMax || d <= 0 {
		return Rate{}, fmt.Errorf("cannot parse rate %q: want 0 to %d lines and a duration above 0", text, RateLinesMax)
	}
	if n == 0 {
		return Rate{}, nil
	}
	return Rate{N: n, Per: d}, nil
}

// String is the text that ParseRate reads.
func (r Rate) String() string {
	if r.off() {
		return "off"
	}
	per := r.Per.String()
	if r.Per%time.Minute == 0 { // "1m0s" and "1h0m0s" are not what people write
		per = strings.TrimSuffix(per, "0s")
		if r.Per%time.Hour == 0 {
			per = strings.TrimSuffix(per, "0m")
		}
	}
	return strconv.Itoa(r.N) + "/" + per
}

// MarshalText implements encoding.TextMarshaler.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Rate) UnmarshalText(text []byte) error {
	parsed, err := ParseRate(string(text))
	if err != nil {
		return err
	}
	*r = parsed
	return nil
}

func (r Rate) off() bool { return r.N <= 0 || r.Per <= 0 }
