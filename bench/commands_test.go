package main

import (
	"testing"

	"uproar/bench/scenario"
)

func TestParseRow(t *testing.T) {
	got, err := parseRow("1000x86.5")
	if err != nil || got != (scenario.Row{Members: 1000, Rate: 86.5}) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []string{"", "1000", "x5", "0x5", "5x0", "5x", "axb"} {
		if _, err := parseRow(bad); err == nil {
			t.Errorf("%q was taken for a row", bad)
		}
	}
}
