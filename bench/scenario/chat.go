package scenario

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"uproar/bench/load"
)

// chat is accounts that talk in rooms, of which it is known what became of every line.
// Whoever makes one calls end, before the server ends. It connects accounts on one goroutine.
type chat struct {
	addr      string
	rooms     int
	textBytes int
	ctx       context.Context // ends with end
	cancel    context.CancelFunc
	all       sync.WaitGroup
	talkers   []*load.Talker // that are there until the end

	mu struct {
		sync.Mutex
		said       []said
		pings      []pinged
		acceptedIn []int64 // lines, by room
	}
}

// said is one line or command, and its answer.
type said struct {
	kind string
	load.Answer
}

// accepted says whether the sender was told that all is well.
func (s *said) accepted() bool { return s.Told == "" || strings.HasSuffix(s.Told, "_success") }

// pinged is one PING, and when its answer came.
type pinged struct{ sent, at int64 }

// Kinds of those who talk.
const (
	kindMember    = "members"    // talk all the time
	kindStranger  = "strangers"  // come, say a line and go
	kindModerator = "moderators" // ban
)

// answerPatience is how long a sender waits for an answer: the server promises one sooner.
const answerPatience = 3 * time.Second

func newChat(addr string, rooms, textBytes int) *chat {
	c := &chat{addr: addr, rooms: rooms, textBytes: textBytes}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.mu.acceptedIn = make([]int64, rooms)
	return c
}

// end has all finish what they say, and returns when they are gone. It may be called again.
func (c *chat) end() {
	c.cancel()
	c.all.Wait()
	for _, t := range c.talkers {
		t.Close()
	}
	c.talkers = nil
}

// connect has an account come that stays until the end.
func (c *chat) connect(ctx context.Context, config load.TalkerConfig) (*load.Talker, error) {
	config.Addr = c.addr
	t, err := load.Connect(ctx, config)
	if err == nil {
		c.talkers = append(c.talkers, t)
	}
	return t, err
}

// numberedNames are n accounts that begin with a word.
func numberedNames(word string, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint(word, i+1)
	}
	return names
}

// regularly calls do at start, when it is still to come, and every so often afterwards, with
// the time at which it was due, until end. Who takes too long leaves out what he has missed.
func (c *chat) regularly(start int64, every time.Duration, do func(due int64)) {
	for due := start; pause(c.ctx, time.Duration(due-load.Now())) == nil && c.ctx.Err() == nil; {
		do(due)
		due += int64(every)
		if late := load.Now() - due; late > 0 {
			due += late / int64(every) * int64(every)
		}
	}
}

// talk has n accounts connect and say a line every so often, all at different times.
func (c *chat) talk(ctx context.Context, n int, every time.Duration) error {
	start := load.Now() + int64(every)
	for i, nick := range numberedNames("talker", n) {
		t, err := c.connect(ctx, load.TalkerConfig{Nick: nick})
		if err != nil {
			return err
		}
		c.all.Go(func() {
			k, room := load.RoomOf(load.DefaultRoom, c.rooms, int64(i))
			c.regularly(start+int64(every)*int64(i)/int64(n), every, func(due int64) { c.line(kindMember, t, k, room, due) })
		})
	}
	return nil
}

// line has an account say its next line.
func (c *chat) line(kind string, t *load.Talker, k int, room string, due int64) said {
	s := said{kind, t.Say(room, t.Line(due, c.textBytes), answerPatience)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.said = append(c.mu.said, s)
	if s.Told == "" {
		c.mu.acceptedIn[k]++
	}
	return s
}

// receive has strangers come, one every so often, up to so many.
func (c *chat) receive(every time.Duration, most int) {
	i := 0
	c.all.Go(func() {
		c.regularly(load.Now(), every, func(due int64) {
			if i++; i <= most {
				c.all.Go(func() { c.stranger(i, due) })
			}
		})
	})
}

func (c *chat) stranger(i int, due int64) {
	t, err := load.Connect(c.ctx, load.TalkerConfig{Addr: c.addr, Nick: fmt.Sprint("stranger", i)})
	if err != nil {
		if c.ctx.Err() == nil {
			c.note(said{kindStranger, load.Answer{Sent: due, At: load.Now(), Told: load.Silence, Text: err.Error()}})
		}
		return
	}
	defer t.Close()
	k, room := load.RoomOf(load.DefaultRoom, c.rooms, int64(i))
	c.line(kindStranger, t, k, room, due)
}

func (c *chat) note(s said) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.said = append(c.mu.said, s)
}

// moderate has the broadcaster of the first room ban somebody every so often.
func (c *chat) moderate(ctx context.Context, every time.Duration) error {
	room := load.RoomName(load.DefaultRoom, c.rooms, 0)
	t, err := c.connect(ctx, load.TalkerConfig{Nick: room[1:]})
	if err != nil {
		return err
	}
	c.all.Go(func() {
		n := 0
		c.regularly(load.Now(), every, func(int64) {
			n++
			c.note(said{kindModerator, t.Say(room, fmt.Sprint("/ban ruffian", n), answerPatience)})
		})
	})
	return nil
}

// ping has n accounts, on all event loops if the kernel spreads them, send a PING every so
// often.
func (c *chat) ping(ctx context.Context, n int, every time.Duration) error {
	start := load.Now()
	for i, nick := range numberedNames("pinger", n) {
		t, err := c.connect(ctx, load.TalkerConfig{Nick: nick})
		if err != nil {
			return err
		}
		c.all.Go(func() {
			c.regularly(start+int64(every)*int64(i)/int64(n), every, func(int64) {
				sent, at, _ := t.Ping(answerPatience) // that none came shows in the time
				c.mu.Lock()
				defer c.mu.Unlock()
				c.mu.pings = append(c.mu.pings, pinged{sent, at})
			})
		})
	}
	return nil
}
