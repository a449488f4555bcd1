package meter

import (
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// Latencies are kept from 1 µs to latencyMax with three significant digits;
// longer ones count as latencyMax.
const latencyMax = 10 * time.Minute

// Latency is a histogram of durations. It takes about 200 KB.
type Latency struct {
	micros *hdr.Histogram
}

// NewLatency returns an empty histogram.
func NewLatency() *Latency {
	return &Latency{hdr.New(1, latencyMax.Microseconds(), 3)}
}

// Record counts one duration. One that is negative counts as zero.
func (l *Latency) Record(d time.Duration) {
	l.micros.RecordValue(min(max(d, 0), latencyMax).Microseconds()) // never out of range
}

// RecordMany counts the same duration n times.
func (l *Latency) RecordMany(d time.Duration, n int64) {
	l.micros.RecordValues(min(max(d, 0), latencyMax).Microseconds(), n) // never out of range
}

// Count returns how many durations were recorded.
func (l *Latency) Count() int64 { return l.micros.TotalCount() }

// Quantile returns the duration that the share q of all (0 to 1) did not exceed.
func (l *Latency) Quantile(q float64) time.Duration {
	return time.Duration(l.micros.ValueAtQuantile(q*100)) * time.Microsecond
}

// Merge adds what other holds; other is unchanged.
func (l *Latency) Merge(other *Latency) { l.micros.Merge(other.micros) }

// Clone returns an independent copy.
func (l *Latency) Clone() *Latency {
	c := NewLatency()
	c.Merge(l)
	return c
}

// Reset forgets everything.
func (l *Latency) Reset() { l.micros.Reset() }

// Encode returns the histogram in HdrHistogram's own compressed form, so that
// worker processes can hand theirs over.
func (l *Latency) Encode() ([]byte, error) {
	return l.micros.Encode(hdr.V2CompressedEncodingCookieBase)
}

// DecodeLatency is the inverse of Encode.
func DecodeLatency(b []byte) (*Latency, error) {
	h, err := hdr.Decode(b)
	if err != nil {
		return nil, err
	}
	l := NewLatency()
	l.micros.Merge(h)
	return l, nil
}

// MarshalText makes a Latency part of JSON.
func (l *Latency) MarshalText() ([]byte, error) { return l.Encode() }

// UnmarshalText is the inverse of MarshalText.
func (l *Latency) UnmarshalText(b []byte) error {
	got, err := DecodeLatency(b)
	if err == nil {
		*l = *got
	}
	return err
}

// Milliseconds is d as a number for tables and JSON.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
