package clue

import (
	"context"
	"fmt"
	"time"

	"uproar/core/chat"
)

// tellMax is the number of held lines that moderators are still to be told of. Beyond,
// and beyond its share for one room, they are not told.
const tellMax = 256

// rosterFor is how long the moderators of a room with many held lines are not asked for
// again.
const rosterFor = time.Second

// teller tells the moderators of a room, and its broadcaster, of lines that are held for
// them. It waits for the store to know who they are: that is why no shard does it.
type teller struct {
	cfg    *Config
	source *source
	meters *meters
	queue  *queue
	batch  [1]waiting

	// Of the last room: who moderates it, as long as that is not asked again.
	room   string
	logins []string
	until  time.Time
}

func newTeller(cfg *Config, src *source, m *meters) *teller {
	return &teller{cfg: cfg, source: src, meters: m, queue: newQueue(tellMax)}
}

// put queues a held line and never waits.
func (t *teller) put(m *chat.Message) {
	if t.queue.put(&Submission{Room: m.Room, about: m}, hashOf(m.Room)) != nil {
		t.meters.heldUntold.Inc()
	}
}

// run tells until ctx ends; nobody is told of what is left then.
func (t *teller) run(ctx context.Context) {
	for ctx.Err() == nil {
		if t.queue.take(t.batch[:]) > 0 {
			t.tell(ctx, t.batch[0].about)
			t.batch[0] = waiting{}
			continue
		}
		select {
		case <-t.queue.wake:
		case <-ctx.Done():
		}
	}
	t.queue.close()
}

func (t *teller) tell(ctx context.Context, m *chat.Message) {
	if t.cfg.Messenger == nil {
		return
	}
	id := heldID(m)
	n := chat.Notice{MsgID: "msg_held", Text: fmt.Sprintf(
		"Message %s from %s is held. /approve %s publishes it, /deny %s refuses it. It reads: %s", id, m.User.Login, id, id, m.Text)}
	t.cfg.Messenger.Notify(t.moderators(ctx, m.Room), m.Room, n)
}

// moderators are the broadcaster of a room and, unless the store is away, its moderators.
// Nobody modifies the slice.
func (t *teller) moderators(ctx context.Context, room string) []string {
	if room == t.room && time.Now().Before(t.until) {
		return t.logins
	}
	logins, err := t.source.roster(ctx, room, chat.Moderator)
	if err != nil {
		t.meters.heldUntold.Inc()
	}
	t.room, t.until = room, time.Now().Add(rosterFor)
	t.logins = append([]string{room}, logins...) // the broadcaster has the room's name
	return t.logins
}
