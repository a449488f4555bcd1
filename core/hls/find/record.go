package find

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"uproar/core/hls"
)

// Stream is a channel that is live.
type Stream struct {
	Channel    string      `json:"channel"`
	Broadcast  string      `json:"broadcast"`
	Since      time.Time   `json:"since"`
	Renditions []Rendition `json:"renditions"`
}

// Rendition is one of its qualities.
type Rendition struct {
	Name       string `json:"name"`
	Bandwidth  int64  `json:"bandwidth,omitempty"` // bits/s
	Resolution string `json:"resolution,omitempty"`
	Codecs     string `json:"codecs,omitempty"`
	LowLatency bool   `json:"low_latency,omitempty"`
}

// record is what a node tells of itself.
type record struct {
	URL     string   `json:"url"`
	Region  Region   `json:"region,omitempty"`
	Serves  bool     `json:"serves,omitempty"`
	Load    float64  `json:"load"`
	Ending  bool     `json:"ending,omitempty"`
	Streams []Stream `json:"streams,omitempty"`
}

// textBytesMax bounds a record's text, as store.PostBytesMax does.
const textBytesMax = 64 << 10

// text is the record as text, with so many of its streams as there is room for, and how
// many were left out.
func (r record) text() (text string, cut int) {
	all := r.Streams
	for {
		b, err := json.Marshal(r)
		if err != nil {
			panic("BUG: " + err.Error())
		}
		if len(b) <= textBytesMax {
			return string(b), len(all) - len(r.Streams)
		}
		// Streams differ little in length: a tenth less than the proportion does.
		r.Streams = r.Streams[:len(r.Streams)*textBytesMax/len(b)*9/10]
	}
}

// readRecord reads the text of another process. It takes nothing that could not stand in an
// answer to a viewer.
func readRecord(text string) (r record, err error) {
	if len(text) > textBytesMax {
		return r, fmt.Errorf("cannot read a record of %d bytes", len(text))
	}
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return r, fmt.Errorf("cannot read a record: %w", err)
	}
	if err := CheckURL(r.URL); err != nil {
		return r, err
	}
	if r.Region != "" {
		if _, err := ParseRegion(string(r.Region)); err != nil {
			return r, err
		}
	}
	if !(r.Load >= 0) { // NaN is not
		return r, errors.New("cannot read a record: a load below 0")
	}
	for _, s := range r.Streams {
		if p, ok := hls.ParsePath([]byte(hls.Prefix + s.Channel + "/" + hls.Playlist)); !ok || p.Kind != hls.KindMaster {
			return r, fmt.Errorf("cannot read a record: the channel %q", s.Channel)
		}
	}
	return r, nil
}

// CheckURL says what is wrong with the address of a node: it is http or https, a host and
// perhaps a port and a path, without a slash at the end.
func CheckURL(text string) error {
	u, err := url.Parse(text)
	if err != nil {
		return fmt.Errorf("cannot read %q as an address: %w", text, err)
	}
	clean := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || clean.String() != text || text[len(text)-1] == '/' {
		return fmt.Errorf("cannot use %q as an address: want http://HOST[:PORT], without a slash at the end", text)
	}
	return nil
}
