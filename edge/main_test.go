package main

import (
	"path/filepath"
	"testing"

	"uproar/core/store"
)

// TestCheckConfigLeavesTheStoreAlone: the server that runs may have the file open, and
// its Redis may not be reachable from where the configuration is checked.
func TestCheckConfigLeavesTheStoreAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "uproar.db")
	running, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer running.Close()
	ports := []string{"--irc-addr=127.0.0.1:0", "--http-addr=127.0.0.1:0"}
	for _, flag := range []string{"--data=" + path, "--redis=127.0.0.1:1"} {
		if code := run(append(ports, "--check-config", flag)); code != exitOK {
			t.Errorf("%s: exit code %d, want %d", flag, code, exitOK)
		}
	}
}
