package clue

import (
	"strings"
	"testing"

	"uproar/core/store"
)

// FuzzTerms: whatever the texts and the terms, matching ends and finds what stands alone.
func FuzzTerms(f *testing.F) {
	f.Add("a cat sat", "cat")
	f.Add("hotdog", "*dog")
	f.Add("", "*")
	f.Add("\xff\xfe", "\xff")
	f.Add("éé", "é")
	f.Fuzz(func(t *testing.T, text, term string) {
		if len(text) > 2000 || len(term) > store.TermBytesMax {
			return
		}
		_ = hasTerm(text, []string{term})
		_ = hasLink(text)
		plain := strings.ToLower(strings.Trim(term, "*"))
		if plain != "" && !hasTerm("x "+plain+" y", []string{plain}) {
			t.Fatalf("%q is not found between spaces", plain)
		}
		if plain != "" && matchesTerm(text, plain) && !matchesTerm(text, "*"+plain+"*") {
			t.Fatalf("%q stands alone in %q, and is not found open", plain, text)
		}
	})
}

// FuzzEmotesTag: every place that a tag names lies in the text.
func FuzzEmotesTag(f *testing.F) {
	f.Add("Kappa é Kappa")
	f.Add("  ")
	f.Add("\xff Kappa")
	e := NoEmotes()
	e.byName.Store(&map[string]string{"Kappa": "25", "é": "7"})
	f.Fuzz(func(t *testing.T, text string) {
		tag := e.Tag(text)
		runes := []rune(text)
		for emote := range strings.SplitSeq(tag, "/") {
			_, places, _ := strings.Cut(emote, ":")
			for place := range strings.SplitSeq(places, ",") {
				if place != "" && !inside(place, len(runes)) {
					t.Fatalf("%q names %q of %d code points", tag, place, len(runes))
				}
			}
		}
	})
}

// inside reports whether "first-last" lies among n code points.
func inside(place string, n int) bool {
	first, last, _ := strings.Cut(place, "-")
	number := func(s string) (v int) {
		for _, c := range []byte(s) {
			v = 10*v + int(c-'0')
		}
		return v
	}
	return number(first) <= number(last) && number(last) < n
}
