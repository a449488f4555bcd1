package page

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestFilesOfOthersAreThoseOfTheirRelease holds that nobody edited them: go generate
// brings them back.
func TestFilesOfOthersAreThoseOfTheirRelease(t *testing.T) {
	text, err := os.ReadFile("vendor.json")
	if err != nil {
		t.Fatal(err)
	}
	var pin struct {
		Version string
		Files   []struct{ To, SHA256 string }
	}
	if err := json.Unmarshal(text, &pin); err != nil {
		t.Fatal(err)
	}
	licence, found := false, map[string]bool{}
	for _, file := range pin.Files {
		asset, ok := Find("/assets/" + file.To)
		if sum := sha256.Sum256(asset.Body); !ok || hex.EncodeToString(sum[:]) != file.SHA256 {
			t.Errorf("%s is not the one that vendor.json pins: run go generate ./edge/web/page", file.To)
		}
		licence = licence || strings.Contains(string(asset.Body), "Apache License, Version 2.0")
		found[file.To] = true
	}
	if !licence {
		t.Error("the licence of hls.js is not among its files")
	}
	for name := range laidOut().assets {
		if foreign.MatchString("/"+name) != found[name] {
			t.Errorf("%s: pinned %v, counted as others' %v", name, found[name], foreign.MatchString("/"+name))
		}
	}
	if asset, _ := Find("/assets/hls.light.min.mjs"); !strings.Contains(string(asset.Body), `"`+pin.Version+`"`) {
		t.Errorf("hls.js does not say that it is version %s", pin.Version)
	}
}
