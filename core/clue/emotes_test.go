package clue

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func catalogue(t *testing.T, lines string) *Emotes {
	t.Helper()
	path := filepath.Join(t.TempDir(), "emotes")
	if err := os.WriteFile(path, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := OpenEmotes(path)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestEmotesTagCountsCodePoints(t *testing.T) {
	e := catalogue(t, "# id name\n25 Kappa\n\n1902 Keepo\n1 :)\n")
	for _, c := range []struct {
		text, want string
		only       bool
	}{
		{"Kappa Keepo Kappa", "25:0-4,12-16/1902:6-10", true},
		{"no emote here", "", false},
		{"kappa", "", false},
		{"Kappa.", "", false},
		{"\U0001F600 Kappa", "25:2-6", false},
		{"é日 :) x", "1:3-4", false},
		{":)", "1:0-1", true},
	} {
		if got := e.Tag(c.text); got != c.want {
			t.Errorf("%q: tag %q, want %q", c.text, got, c.want)
		}
		if got := e.Only(c.text); got != c.only {
			t.Errorf("%q: only emotes: %v", c.text, got)
		}
	}
}

func TestEmotesStayWhenTheFileIsWrong(t *testing.T) {
	e := catalogue(t, "25 Kappa\n")
	for _, wrong := range []string{"25\n", "25 Kappa Keepo\n", "2/5 Kappa\n", "25 " + strings.Repeat("x", 65) + "\n"} {
		if err := os.WriteFile(e.path, []byte(wrong), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := e.Reload(); err == nil || e.Len() != 1 || e.Tag("Kappa") != "25:0-4" {
			t.Fatalf("%q: %v, %d emotes", wrong, err, e.Len())
		}
	}
	if err := os.WriteFile(e.path, []byte("7 Other\n8 Another\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := e.Reload(); err != nil || e.Len() != 2 || e.Tag("Kappa Other") != "7:6-10" {
		t.Fatalf("%v, %d emotes", err, e.Len())
	}
}

func TestEmptyCatalogueShowsNothing(t *testing.T) {
	if e := NoEmotes(); e.Tag("Kappa") != "" || e.Only("Kappa") || e.Reload() != nil {
		t.Fatal("an emote from nowhere")
	}
}
