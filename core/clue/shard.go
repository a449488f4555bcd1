package clue

import (
	"context"
	"hash/maphash"
	"math/bits"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/google/uuid"

	"uproar/core/chat"
)

// batchLinesMax is the number of submissions that a shard decides at once. Larger
// batches save nothing more and keep the first sender waiting for the last.
const batchLinesMax = 256

// pinnedBytesMax is how much of a submitted text a line may keep alive beyond its
// own. A text that lost more to trimming or cutting is copied.
const pinnedBytesMax = 64

// shard decides for its rooms. One goroutine owns all of it but the queue.
type shard struct {
	queue     *queue
	publisher Publisher
	replier   Replier
	meters    *meters
	accounts  *buckets
	seed      maphash.Seed
	epoch     time.Time // the Clue's
	deadline  time.Duration
	window    time.Duration // Config.DuplicateWindow

	rooms    *rooms
	speakers *recall[said]
	ids      *ids
	rejected map[string]*metrics.Counter // by msg-id

	// Of the batch in progress.
	now       time.Time
	tick      int64
	facts     Facts // here and not on the stack: calls through the table would move them to the heap
	line      Line
	batch     [batchLinesMax]waiting
	decisions [batchLinesMax]Decision
	accepted  []accepted
	speaking  []*room      // rooms with accepted lines
	published []chat.Event // accepted lines, by room
}

// said is the last delivered line of one user in one room.
type said struct {
	text uint64 // hash
	at   int64  // tick
}

// accepted is one accepted line of the batch.
type accepted struct {
	room     *room
	decision *Decision
	speaker  uint64 // key in speakers
}

func newShard(cfg *Config, seed maphash.Seed, accounts *buckets, pub Publisher, rep Replier, m *meters) *shard {
	return &shard{
		queue:     newQueue(cfg.QueueMax),
		publisher: pub,
		replier:   rep,
		meters:    m,
		accounts:  accounts,
		seed:      seed,
		epoch:     time.Now(),
		deadline:  cfg.Deadline,
		window:    cfg.DuplicateWindow,
		rooms:     newRooms(cfg, m),
		speakers:  newRecall[said](cfg.SpeakersMax/cfg.Shards, int64(cfg.DuplicateWindow)),
		ids:       newIDs(),
		rejected:  make(map[string]*metrics.Counter),
		accepted:  make([]accepted, 0, batchLinesMax),
		speaking:  make([]*room, 0, batchLinesMax),
		published: make([]chat.Event, batchLinesMax),
	}
}

// run decides until ctx ends, then answers what is left.
func (s *shard) run(ctx context.Context) {
	for ctx.Err() == nil {
		if n := s.queue.take(s.batch[:]); n > 0 {
			s.decideBatch(n)
			continue
		}
		select {
		case <-s.queue.wake:
		case <-ctx.Done():
		}
	}
	s.queue.close()
	for n := s.queue.take(s.batch[:]); n > 0; n = s.queue.take(s.batch[:]) {
		for i := range n {
			s.decisions[i] = answerTo(&s.batch[i].Submission)
			s.reject(&s.decisions[i], chat.RejectUnavailable)
		}
		s.meters.stopped.Add(n)
		s.finish(n)
	}
}

// decideBatch decides the first n entries of the batch, publishes what is accepted,
// then answers everybody.
func (s *shard) decideBatch(n int) {
	s.now = time.Now()
	s.tick = int64(s.now.Sub(s.epoch))
	s.meters.batchLines.Update(float64(n))
	s.meters.waitSeconds.Update(s.now.Sub(s.batch[0].Queued).Seconds())
	s.rooms.sweep(s.tick)
	for i := range n {
		s.decisions[i] = answerTo(&s.batch[i].Submission)
		s.decide(&s.batch[i].Submission, &s.decisions[i])
	}
	s.publish()
	s.finish(n)
}

// finish answers n senders and lets go of what the batch pointed to.
func (s *shard) finish(n int) {
	s.replier.Decided(s.decisions[:n])
	clear(s.decisions[:n])
	clear(s.batch[:n])
}

func answerTo(sub *Submission) Decision {
	return Decision{Room: sub.Room, User: sub.User, Nonce: sub.Nonce, Origin: sub.Origin}
}

// decide decides one submission, and changes no state unless it is accepted, but
// for the rate.
func (s *shard) decide(sub *Submission, d *Decision) {
	if s.now.Sub(sub.Queued) > s.deadline {
		s.meters.timedOut.Inc()
		s.reject(d, chat.RejectUnavailable)
		return
	}
	s.line = Parse(sub.Text)
	if s.line.Text == "" || sub.User.Anonymous {
		d.Outcome = Ignored
		s.meters.ignored.Inc()
		return
	}
	account := maphash.String(s.seed, sub.User.Login)
	speaker := bits.RotateLeft64(account, 31) ^ maphash.String(s.seed, sub.Room)
	text := maphash.String(s.seed, s.line.Text)
	if s.line.Action {
		text = ^text
	}
	s.gather(sub, account, speaker, text)
	if r := judge(&s.facts, &s.line); r != nil {
		s.reject(d, r)
		return
	}
	s.accept(sub, d, speaker, text)
}

// gather fills the facts. It is the place that a store and its cache go to.
func (s *shard) gather(sub *Submission, account, speaker, text uint64) {
	roles := chat.RolesIn(sub.Room, sub.User)
	s.facts = Facts{
		Roles:    roles,
		RateLeft: s.accounts.draw(account, roles, s.tick),
		Window:   s.window,
	}
	if s.window <= 0 {
		return
	}
	if last, ok := s.speakers.get(speaker); ok && last.text == text {
		s.facts.Repeats, s.facts.RepeatAge = true, time.Duration(s.tick-last.at)
	}
}

// accept makes the line and remembers it.
func (s *shard) accept(sub *Submission, d *Decision, speaker, text uint64) {
	r := s.rooms.speak(sub.Room, s.now, s.tick)
	r.seq++
	id := s.ids.next()
	m := &chat.Message{
		Place:  chat.Place{Room: r.name, RoomID: r.id, Seq: r.seq, Time: s.now},
		ID:     id.String(),
		User:   sub.User,
		Roles:  s.facts.Roles,
		Text:   s.line.Text,
		Action: s.line.Action,
		Nonce:  sub.Nonce,
		Origin: sub.Origin,
	}
	if parent := r.parent(sub.ReplyTo); parent != nil {
		m.Reply = replyTo(parent)
		m.Text = addressed(m.Text, parent.User)
	}
	if len(sub.Text)-len(m.Text) > pinnedBytesMax {
		m.Text = strings.Clone(m.Text)
	}
	s.rooms.remember(r, id, m)
	if s.window > 0 {
		if n := s.speakers.put(speaker, said{text, s.tick}, s.tick); n > 0 {
			s.meters.forgotSpeakers.Add(n)
		}
	}
	d.Outcome, d.Message = Accepted, m
	if r.batchLines == 0 {
		s.speaking = append(s.speaking, r)
	}
	r.batchLines++
	s.accepted = append(s.accepted, accepted{r, d, speaker})
}

// parent is the line of that id, or nil.
func (r *room) parent(replyTo string) *chat.Message {
	if replyTo == "" {
		return nil
	}
	id, err := uuid.Parse(replyTo)
	if err != nil {
		return nil
	}
	return r.recent.find(id)
}

func (s *shard) reject(d *Decision, r *chat.Rejection) {
	d.Outcome, d.Message, d.Rejection = Rejected, nil, r
	c := s.rejected[r.MsgID]
	if c == nil {
		c = s.meters.rejected(r.MsgID)
		s.rejected[r.MsgID] = c
	}
	c.Inc()
}

// publish hands on the accepted lines of the batch, room by room: it lays them out
// by room in one array, in order, and publishes slices of that.
func (s *shard) publish() {
	next := 0
	for _, r := range s.speaking {
		r.batchNext = next
		next += r.batchLines
	}
	for i := range s.accepted {
		r := s.accepted[i].room
		s.published[r.batchNext] = s.accepted[i].decision.Message
		r.batchNext++
	}
	for _, r := range s.speaking {
		lines := s.published[r.batchNext-r.batchLines : r.batchNext]
		if err := s.publisher.Publish(r.name, lines); err != nil {
			s.takeBack(r)
		} else {
			s.meters.accepted.Add(len(lines))
		}
		r.batchLines = 0
	}
	clear(s.published[:next])
	clear(s.speaking)
	clear(s.accepted)
	s.speaking, s.accepted = s.speaking[:0], s.accepted[:0]
}

// takeBack rejects the accepted lines of a room whose publication failed. Their
// senders may say the same again; their sequence numbers are not used again, for
// nobody knows how far they got.
func (s *shard) takeBack(r *room) {
	for i := range s.accepted {
		a := &s.accepted[i]
		if a.room != r {
			continue
		}
		r.recent.drop(a.decision.Message)
		s.speakers.drop(a.speaker)
		s.meters.publishFailed.Inc()
		s.reject(a.decision, chat.RejectUnavailable)
	}
}
