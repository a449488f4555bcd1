package main

import (
	"reflect"
	"testing"
	"time"

	"uproar/bench/scenario"
)

func TestFlagsDefaultToWhatTheScenarioSays(t *testing.T) {
	for _, s := range scenario.All {
		_, k, configs, err := parser()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.Parse([]string{"run", s.Name}); err != nil {
			t.Fatal(err)
		}
		if got, want := configs[s.Name], s.New(); !reflect.DeepEqual(got, want) {
			t.Errorf("run %s: %+v, want %+v", s.Name, got, want)
		}
	}
}

func TestFlagsReachTheConfig(t *testing.T) {
	_, k, configs, err := parser()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Parse([]string{"run", "fanout", "--row", "10x5,20x86.5", "--duration=3s", "--target", "bare", "--json", "x"}); err != nil {
		t.Fatal(err)
	}
	c := configs["fanout"].(*scenario.FanoutConfig)
	if want := []scenario.Row{{Members: 10, Rate: 5}, {Members: 20, Rate: 86.5}}; !reflect.DeepEqual(c.Rows, want) {
		t.Errorf("rows %v, want %v", c.Rows, want)
	}
	if c.Duration != 3*time.Second || len(c.Targets) != 1 {
		t.Errorf("config %+v", c)
	}
	if _, err := k.Parse([]string{"run", "fanout", "--row", "10"}); err == nil {
		t.Error("a row without a rate was taken")
	}
}
