package clue

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode/utf8"
)

// Bounds of a catalogue.
const (
	EmotesMax         = 100_000
	emoteNameBytesMax = 64
)

// Emotes is a catalogue of emotes: a word that equals a name is shown as the picture of
// an id. Any goroutine may read it, also while it is being loaded again.
type Emotes struct {
	path   string
	byName atomic.Pointer[map[string]string]
}

// NoEmotes is an empty catalogue without a file.
func NoEmotes() *Emotes {
	e := &Emotes{}
	e.byName.Store(&map[string]string{})
	return e
}

// OpenEmotes reads a catalogue of lines "id name"; '#' at the start of a line makes it
// a comment. Names are case-sensitive, as on Twitch.
func OpenEmotes(path string) (*Emotes, error) {
	e := NoEmotes()
	e.path = path
	if err := e.Reload(); err != nil {
		return nil, err
	}
	return e, nil
}

// Reload reads the file again. If it is wrong, the catalogue stays as it was.
func (e *Emotes) Reload() error {
	if e.path == "" {
		return nil
	}
	byName, err := readEmotes(e.path)
	if err != nil {
		return fmt.Errorf("cannot read emotes %q: %w", e.path, err)
	}
	e.byName.Store(&byName)
	return nil
}

// Len is the number of emotes.
func (e *Emotes) Len() int { return len(*e.byName.Load()) }

func readEmotes(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	byName := make(map[string]string)
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if len(words) != 2 || !isEmoteID(words[0]) || len(words[1]) > emoteNameBytesMax || !utf8.ValidString(words[1]) {
			return nil, fmt.Errorf("line %d: want an id of [A-Za-z0-9_-] and a name of at most %d bytes", n, emoteNameBytesMax)
		}
		if len(byName) == EmotesMax {
			return nil, fmt.Errorf("line %d: more than %d emotes", n, EmotesMax)
		}
		byName[words[1]] = words[0]
	}
	return byName, lines.Err()
}

// isEmoteID keeps an id from breaking the tag that it stands in.
func isEmoteID(id string) bool {
	for _, c := range []byte(id) {
		if !isLetter(c) && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return len(id) <= emoteNameBytesMax
}

// emoteSpans is where one emote stands in a text.
type emoteSpans struct {
	id   string
	list []byte // "0-4,12-16"
}

// Tag is the emotes tag of a normalised text: ids in the order of their first place,
// places in code points, both ends included, as in "25:0-4,12-16/1902:6-10".
func (e *Emotes) Tag(text string) string {
	byName := *e.byName.Load()
	if len(byName) == 0 { // Fast path
		return ""
	}
	var found []emoteSpans
	at := 0
	for word := range strings.SplitSeq(text, " ") {
		runes := utf8.RuneCountInString(word)
		if id, ok := byName[word]; ok {
			found = addSpan(found, id, at, at+runes-1)
		}
		at += runes + 1
	}
	if len(found) == 0 {
		return ""
	}
	var tag []byte
	for i, f := range found {
		if i > 0 {
			tag = append(tag, '/')
		}
		tag = append(append(append(tag, f.id...), ':'), f.list...)
	}
	return string(tag)
}

func addSpan(found []emoteSpans, id string, first, last int) []emoteSpans {
	at := -1
	for i := range found {
		if found[i].id == id {
			at = i
		}
	}
	if at < 0 {
		found = append(found, emoteSpans{id: id})
		at = len(found) - 1
	} else {
		found[at].list = append(found[at].list, ',')
	}
	list := strconv.AppendInt(found[at].list, int64(first), 10)
	found[at].list = strconv.AppendInt(append(list, '-'), int64(last), 10)
	return found
}

// Only reports whether a normalised text consists of emotes alone.
func (e *Emotes) Only(text string) bool {
	byName := *e.byName.Load()
	for word := range strings.SplitSeq(text, " ") {
		if _, ok := byName[word]; !ok {
			return false
		}
	}
	return true
}
