package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"uproar/core/store"
)

// setTerms reads the blocked terms of a room, all of them; null is none. They come out
// as clue compares them: lower case, one space between words, none twice.
func setTerms(value json.RawMessage, c *store.Change) error {
	want := errors.New("want a list of strings, or null")
	var given []*string
	if json.Unmarshal(value, &given) != nil {
		return want
	}
	terms := []string{}
	known := map[string]bool{}
	for _, text := range given {
		if text == nil {
			return want
		}
		term, err := cleanTerm(*text)
		if err != nil {
			return err
		}
		if !known[term] {
			known[term] = true
			terms = append(terms, term)
		}
	}
	if len(terms) > store.TermsMax {
		return fmt.Errorf("%d terms are too many: want at most %d", len(terms), store.TermsMax)
	}
	c.Terms = &terms
	return nil
}

// cleanTerm is one term as the rules want it; as in a line, only U+0020 is a space,
// and control characters do not come.
func cleanTerm(text string) (string, error) {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' })
	term := strings.ToLower(strings.Join(words, " "))
	if len(term) > store.TermBytesMax {
		return "", fmt.Errorf("term %.80q is too long: want at most %d bytes", text, store.TermBytesMax)
	}
	bare := strings.TrimSuffix(strings.TrimPrefix(term, "*"), "*")
	if strings.Trim(bare, " ") == "" || strings.ContainsFunc(term, func(r rune) bool { return r < ' ' }) {
		return "", fmt.Errorf("term %.80q matches nothing: want words, with '*' at an end where letters may follow", text)
	}
	return term, nil
}
