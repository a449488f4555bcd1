package fleet

import (
	"hash/maphash"
	"sync"
	"time"
)

// fate is what the sender of a line knows of it.
type fate uint8

const (
	waiting  fate = iota // for an answer
	accepted             // USERSTATE
	refused              // NOTICE: it should try again
	unknown              // its connection ended before an answer
)

// said is one line of a member.
type said struct {
	sender, room int
	fate         fate
	id           string // of an accepted one
	told         string // msg-id of a refused one
	sent         moment
	answered     moment
}

// moment is time since the beginning of the test.
type moment = time.Duration

// book has every line, by its number. Any goroutine may use it.
type book struct {
	began time.Time
	mu    struct {
		sync.Mutex
		lines []said
	}
}

func newBook() *book { return &book{began: time.Now()} }

func (b *book) now() moment { return time.Since(b.began) }

// open gives a line its number.
func (b *book) open(sender, room int) (number int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mu.lines = append(b.mu.lines, said{sender: sender, room: room, sent: b.now()})
	return len(b.mu.lines) - 1
}

// decide notes what has become of a line; word is its id or the msg-id of its refusal.
func (b *book) decide(number int, f fate, word string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := &b.mu.lines[number]
	l.fate, l.answered = f, b.now()
	if f == accepted {
		l.id = word
	} else {
		l.told = word
	}
}

// lines are all that there are, once nobody writes any more.
func (b *book) lines() []said {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.mu.lines
}

// idHash stands for an id in logs.
func idHash(id []byte) uint32 { return uint32(maphash.Bytes(idSeed, id)) }

var idSeed = maphash.MakeSeed()
