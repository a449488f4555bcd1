package fleet

import (
	"bufio"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"uproar/edge/edgetest"
)

// metric reads one series, which must be there.
func metric(t *testing.T, n *edgetest.Node, series string) float64 {
	t.Helper()
	value, ok := scrape(t, n)[series]
	if !ok {
		t.Fatalf("%s has no metric %s", n.Name, series)
	}
	return value
}

// total adds up the series of a metric whose labels contain text, over processes. Not
// each process needs to have one.
func total(t *testing.T, nodes []*edgetest.Node, name, text string) (sum float64) {
	t.Helper()
	for _, n := range nodes {
		for series, value := range scrape(t, n) {
			if family, labels, _ := strings.Cut(series, "{"); family == name && strings.Contains(labels, text) {
				sum += value
			}
		}
	}
	return sum
}

// scrape reads all metrics of a process, by series.
func scrape(t *testing.T, n *edgetest.Node) map[string]float64 {
	t.Helper()
	resp, err := http.Get("http://" + n.Admin + "/metrics")
	if err != nil {
		t.Fatalf("cannot read the metrics of %s: %v", n.Name, err)
	}
	defer resp.Body.Close()
	values := map[string]float64{}
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		i := strings.LastIndexByte(lines.Text(), ' ')
		if i < 0 || strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		value, err := strconv.ParseFloat(lines.Text()[i+1:], 64)
		if err != nil {
			t.Fatalf("%s: cannot read %q: %v", n.Name, lines.Text(), err)
		}
		values[lines.Text()[:i]] = value
	}
	return values
}
