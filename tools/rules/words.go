package rules

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// bannedWords name a developer's machine. They are put together here so that
// this file does not hold them.
var bannedWords = []string{"/wo" + "rk/", "fa" + "rm-", "/home" + "/", "/Us" + "ers/"}

// Words finds what names a developer's machine in the files called names.
func Words(root string, names []string) ([]Finding, error) {
	var found []Finding
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return nil, fmt.Errorf("cannot read file %q: %w", name, err)
		}
		for n, line := range bytes.Split(text, []byte("\n")) {
			for _, word := range bannedWords {
				if strings.Contains(string(line), word) {
					found = append(found, Finding{"words", fmt.Sprintf("%s:%d", name, n+1), fmt.Sprintf("%q belongs to one machine", word)})
				}
			}
		}
	}
	return found, nil
}
