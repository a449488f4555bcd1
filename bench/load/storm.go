package load

import (
	"strconv"
	"time"
)

// Storm is the chat of a room that plays a game by commands: a few letters each, from
// many, with bursts. It is the same each time, so that a member needs no number in a text
// to know a line: whoever says it says all words of the vocabulary in turn.
type Storm struct {
	Nicks int           `json:"nicks"` // who speak, in turn
	Rate  float64       `json:"rate"`  // lines a second
	Burst float64       `json:"burst"` // times as many during a burst
	Every time.Duration `json:"every"` // one burst in each
	For   time.Duration `json:"for"`   // how long it takes, in the middle
	Start int64         `json:"start"` // in Now's nanoseconds
}

// per are the lines of one Every: before the burst, in it, after it.
func (s *Storm) per() (before, burst, after float64) {
	half := (s.Every / 2).Seconds()
	return s.Rate * half, s.Rate * s.Burst * s.For.Seconds(), s.Rate * ((s.Every - s.For).Seconds() - half)
}

// Lines returns how many lines are due within d of Start.
func (s *Storm) Lines(d time.Duration) int64 {
	before, burst, after := s.per()
	n := float64(d/s.Every) * (before + burst + after)
	switch rest, half := d%s.Every, s.Every/2; {
	case rest < half:
		n += s.Rate * rest.Seconds()
	case rest < half+s.For:
		n += before + s.Rate*s.Burst*(rest-half).Seconds()
	default:
		n += before + burst + s.Rate*(rest-half-s.For).Seconds()
	}
	return int64(n)
}

// Due returns when line i, counted from 0, is due, and whether it is in a burst.
func (s *Storm) Due(i int64) (at int64, bursting bool) {
	before, burst, after := s.per()
	turn := before + burst + after
	turns := float64(int64(float64(i) / turn))
	n := float64(i) - turns*turn
	seconds := turns * s.Every.Seconds()
	half := (s.Every / 2).Seconds()
	switch {
	case n < before:
		seconds += n / s.Rate
	case n < before+burst:
		seconds += half + (n-before)/(s.Rate*s.Burst)
		bursting = true
	default:
		seconds += half + s.For.Seconds() + (n-before-burst)/s.Rate
	}
	return s.Start + int64(seconds*1e9), bursting
}

// Names returns the logins of those who speak.
func (s *Storm) Names() []string {
	names := make([]string, s.Nicks)
	for p := range names {
		name := firstWords[p%len(firstWords)] + secondWords[p/len(firstWords)%len(secondWords)]
		switch p % 4 {
		case 1:
			name += strconv.Itoa(p * 7919 % 10000)
		case 2:
			name = name + "_" + strconv.Itoa(p%100)
		case 3:
			name += "tv"
		}
		if p >= len(firstWords)*len(secondWords) {
			name += "x" + strconv.Itoa(p)
		}
		names[p] = name
	}
	return names
}

// text is what publisher says in its line seq, counted from 1.
func (s *Storm) text(publisher int, seq uint32) string {
	return vocabulary[(uint64(seq)+31*uint64(publisher))%uint64(len(vocabulary))]
}

// read finds the line of publisher that says b: the one nearest to last, the highest that
// has come of it.
func (s *Storm) read(publisher int, b []byte, last uint32) (l heard, ok bool) {
	word, ok := vocabularyIndex[string(b)]
	if !ok {
		return heard{}, false
	}
	n := int64(len(vocabulary))
	ahead := ((int64(word)-31*int64(publisher)-int64(last))%n + n) % n
	if ahead > n/2 && int64(last)+ahead-n >= 1 {
		ahead -= n
	}
	l.seq = uint32(int64(last) + ahead)
	if l.seq == 0 {
		l.seq = uint32(n)
	}
	l.due, l.burst = s.Due(int64(l.seq-1)*int64(s.Nicks) + int64(publisher))
	return l, true
}

var firstWords = []string{"shadow", "pixel", "lucky", "mega", "turbo", "sleepy", "cosmic", "dank", "salty", "tiny", "grumpy", "neon",
	"frosty", "crispy", "hyper", "silent", "spicy", "rusty", "mystic", "golden", "funky", "brave", "loyal", "wild", "zen"}

var secondWords = []string{"fox", "helix", "ninja", "potato", "wizard", "panda", "knight", "otter", "banana", "raven", "toaster", "gecko",
	"pirate", "waffle", "kraken", "bird", "lapras", "noodle", "titan", "moth", "joker", "yeti", "viking", "comet"}

// vocabulary is what was said in the room of the event: buttons, in the ways in which
// people write them, and with numbers while democracy ruled. Neighbours differ.
var vocabulary, vocabularyIndex = words()

func words() ([]string, map[string]int) {
	var all []string
	buttons := []string{"up", "down", "left", "right", "a", "b", "start", "select"}
	for n := 1; n <= 9; n++ {
		for _, b := range buttons {
			if n == 1 {
				all = append(all, b)
			} else {
				all = append(all, b+strconv.Itoa(n))
			}
		}
	}
	all = append(all, "anarchy", "democracy", "UP", "DOWN", "LEFT", "RIGHT", "A", "B", "START", "Up", "Down", "Left", "Right", "Start",
		"ANARCHY", "DEMOCRACY", "Anarchy", "Democracy", "start9 start9", "up2left4", "down3a", "right2b", "a2", "b a", "left up")
	index := make(map[string]int, len(all))
	for i, w := range all {
		if _, twice := index[w]; !twice {
			index[w] = len(index)
			all[len(index)-1] = all[i]
		}
	}
	return all[:len(index)], index
}
