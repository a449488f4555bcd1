package engine

import (
	"strings"
	"testing"
)

func TestSpareDescriptorsAreLeftForOthers(t *testing.T) {
	listeners := []Listener{{Name: "irc", Addr: "127.0.0.1:0"}}
	all, err := New(Config{Listeners: listeners})
	if err != nil {
		t.Fatal(err)
	}
	some, err := New(Config{Listeners: listeners, Spare: 100})
	if err != nil {
		t.Fatal(err)
	}
	if got := all.cfg.MaxConns - some.cfg.MaxConns; got != 100 {
		t.Errorf("%d are left, want 100", got)
	}
	if _, err := New(Config{Listeners: listeners, Spare: 1 << 40}); err == nil || !strings.Contains(err.Error(), "RLIMIT_NOFILE") {
		t.Errorf("more than there are: %v", err)
	}
}
