package scenario

import (
	"context"
	"fmt"
	"time"

	"uproar/bench/load"
)

// police is the broadcasters of some rooms, each with a victim who comes back to the room
// again and again, though it is deleted, timed out and banned there.
type police struct {
	chat  *chat
	every time.Duration
	beats []*beat
}

// beat is one room.
type beat struct {
	room        int
	name        string
	broadcaster *load.Talker
	victim      *load.Talker
	heard       chan load.Spoken // of the victim, by the broadcaster
	said        Moderation
}

// Moderation is what broadcasters did, and what became of it.
type Moderation struct {
	Commands int64    `json:"commands"`
	Failed   int64    `json:"failed"`   // of these
	Shown    int64    `json:"shown"`    // CLEARCHAT and CLEARMSG that each member is shown
	Heard    int64    `json:"heard"`    // lines of victims while they might speak
	Silenced int64    `json:"silenced"` // and while not
	Slipped  int64    `json:"slipped"`  // lines that should have been refused, or the other way round
	Slowest  float64  `json:"slowest_ms"`
	Odd      []string `json:"odd,omitempty"`
}

const oddMax = 4

func (m *Moderation) odd(text string) {
	if len(m.Odd) < oddMax {
		m.Odd = append(m.Odd, text)
	}
}

func (m *Moderation) add(o *Moderation) {
	m.Commands += o.Commands
	m.Failed += o.Failed
	m.Shown += o.Shown
	m.Heard += o.Heard
	m.Silenced += o.Silenced
	m.Slipped += o.Slipped
	m.Slowest = max(m.Slowest, o.Slowest)
	for _, text := range o.Odd {
		m.odd(text)
	}
}

// newPolice connects the broadcasters of the first rooms, and their victims.
func newPolice(ctx context.Context, c *chat, rooms int, every time.Duration) (*police, error) {
	p := &police{chat: c, every: every}
	for k := range rooms {
		b := &beat{room: k, name: load.RoomName(load.DefaultRoom, c.rooms, k), heard: make(chan load.Spoken, 16)}
		victim := fmt.Sprint("victim", k+1)
		var err error
		b.broadcaster, err = c.connect(ctx, load.TalkerConfig{Nick: b.name[1:], Join: []string{b.name}, Heard: func(l load.Spoken) {
			if l.Nick != victim {
				return
			}
			select {
			case b.heard <- l:
			default: // nobody waits for it
			}
		}})
		if err != nil {
			return nil, err
		}
		if b.victim, err = c.connect(ctx, load.TalkerConfig{Nick: victim}); err != nil {
			return nil, err
		}
		p.beats = append(p.beats, b)
	}
	return p, nil
}

// patrol has all of them at work until the chat ends.
func (p *police) patrol() {
	start := load.Now() + int64(p.every)/4
	for i, b := range p.beats {
		p.chat.all.Go(func() {
			p.chat.regularly(start+int64(p.every)*int64(i)/int64(len(p.beats)), p.every, func(due int64) { b.walk(p.chat, due) })
		})
	}
}

// total is what all have done. Not while they are at work.
func (p *police) total() (m Moderation) {
	for _, b := range p.beats {
		m.add(&b.said)
	}
	return m
}

// timeoutTakes is a timeout of a second, and some time for it to be over for sure.
const timeoutTakes = 1100 * time.Millisecond

// walk has one line deleted and its sender timed out, and banned when he is back. It may
// be cut short between two lines.
func (b *beat) walk(c *chat, due int64) {
	victim := fmt.Sprint("victim", b.room+1)
	for len(b.heard) > 0 {
		<-b.heard
	}
	b.speak(c, due, "")
	select {
	case l := <-b.heard:
		b.command("/delete "+l.ID, 1)
	case <-time.After(answerPatience):
		b.said.Failed++
		b.said.odd("the broadcaster of " + b.name + " has not heard a line")
	}
	b.command("/timeout "+victim+" 1", 1)
	b.speak(c, load.Now(), "msg_timedout")
	if pause(c.ctx, timeoutTakes) != nil {
		return
	}
	b.speak(c, load.Now(), "")
	b.command("/ban "+victim, 1)
	b.speak(c, load.Now(), "msg_banned")
	b.command("/unban "+victim, 0)
}

// speak has the victim say a line, which must be answered so.
func (b *beat) speak(c *chat, due int64, want string) {
	a := c.line(kindVictim, b.victim, b.room, b.name, due)
	switch {
	case a.Told != want:
		b.said.Slipped++
		b.said.odd(fmt.Sprintf("%s: a line was answered %q %s, not %q", b.name, a.Told, a.Text, want))
	case want == "":
		b.said.Heard++
	default:
		b.said.Silenced++
	}
}

// kindVictim is who is moderated.
const kindVictim = "victims"

// command has the broadcaster give one that shows so many lines to each member.
func (b *beat) command(text string, shows int64) {
	s := said{kindModerator, b.broadcaster.Say(b.name, text, answerPatience)}
	b.said.Commands++
	b.said.Slowest = max(b.said.Slowest, float64(s.Took().Microseconds())/1e3)
	if s.accepted() {
		b.said.Shown += shows
		return
	}
	b.said.Failed++
	b.said.odd(fmt.Sprintf("%s: %s: %s %s", b.name, text, s.Told, s.Text))
}
