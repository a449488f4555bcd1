package find

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/oschwald/maxminddb-golang/v2"
)

// Region is a place: a continent as MaxMind names it ("EU"), or with a country of ISO 3166
// ("EU-DE"). Empty: nobody knows.
type Region string

var regionText = regexp.MustCompile(`^(AF|AN|AS|EU|NA|OC|SA)(-[A-Z]{2})?$`)

// ParseRegion checks a region.
func ParseRegion(text string) (Region, error) {
	if !regionText.MatchString(text) {
		return "", fmt.Errorf("cannot read %q as a region: want a continent (AF, AN, AS, EU, NA, OC, SA), or with a country, as EU-DE", text)
	}
	return Region(text), nil
}

// distance is 0 in the same country, 1 on the same continent, 2 elsewhere; 0 if nobody knows
// where who asks is.
func (r Region) distance(to Region) int {
	switch {
	case r == "" || r == to:
		return 0
	case to != "" && r.continent() == to.continent():
		return 1
	}
	return 2
}

func (r Region) continent() string {
	continent, _, _ := strings.Cut(string(r), "-")
	return continent
}

// Geo is a MaxMind file of countries or cities: GeoLite2-Country.mmdb. The file is mapped
// into memory, of which a question reads some pages.
type Geo struct{ file *maxminddb.Reader }

// OpenGeo opens the file at path. After its last use, Close.
func OpenGeo(path string) (*Geo, error) {
	file, err := maxminddb.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot use %q as a MaxMind file: %w", path, err)
	}
	return &Geo{file}, nil
}

// Close gives the file back.
func (g *Geo) Close() error { return g.file.Close() }

// find is where an address is, as far as the file says.
func (g *Geo) find(addr netip.Addr) Region {
	if g == nil || !addr.IsValid() {
		return ""
	}
	var found struct {
		Continent struct {
			Code string `maxminddb:"code"`
		} `maxminddb:"continent"`
		Country struct {
			Code string `maxminddb:"iso_code"`
		} `maxminddb:"country"`
	}
	if err := g.file.Lookup(addr).Decode(&found); err != nil {
		return ""
	}
	text := found.Continent.Code
	if found.Country.Code != "" {
		text += "-" + found.Country.Code
	}
	r, _ := ParseRegion(text)
	return r
}
