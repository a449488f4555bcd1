package clue

import (
	"context"
	"hash/maphash"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/chat"
	"uproar/core/recall"
	"uproar/core/store"
	"uproar/core/trace"
)

// batchLinesMax is the number of submissions that a shard decides at once. Larger
// batches save nothing more and keep the first sender waiting for the last.
const batchLinesMax = 256

// spokenWait is how long a quiet shard keeps to itself who has spoken: a batch tells
// the store of the lines of the batch before.
const spokenWait = 50 * time.Millisecond

// spokenMax bounds what waits to be told to the store: the lines of a few batches.
const spokenMax = 4 * batchLinesMax

// handedMax is the number of handovers that wait for one shard. The desk waits beyond.
const handedMax = 16

// endWait is how long publications that are under way at the end are waited for: no edge
// waits longer for its answers by default.
const endWait = time.Second

// shard decides for its rooms. One goroutine owns all of it but the queue, what is hot,
// ends and the channels.
type shard struct {
	queue     *queue
	hot       *hot
	handed    chan handover
	ended     chan struct{} // closed at the end of run
	publisher Publisher
	replier   Replier
	meters    *meters
	accounts  *buckets
	source    *source
	cache     *cache
	desk      *desk
	heard     func(room, id string) *chat.Message // Config.Heard
	emotes    *Emotes
	trace     *trace.Recorder
	seed      maphash.Seed
	epoch     time.Time // the Clue's
	deadline  time.Duration
	limits    limits
	needs     drawNeeds
	repeated  *chat.Notice // Facts.Repeated
	created   bool         // Config.RoomsCreated

	rooms    *rooms
	speakers *recall.Table[said]  // by room and user
	texts    *recall.Table[int64] // of unique rooms: when a text was said, by room and text
	held     *held
	ids      *ids
	rejected map[string]*metrics.Counter // by msg-id

	// Of the batch in progress.
	now       time.Time
	tick      int64
	facts     Facts // here and not on the stack: calls through the table would move them to the heap
	before    said  // beside facts: the sender's last line here, if spoke
	spoke     bool
	batch     [batchLinesMax]waiting
	asks      [batchLinesMax]ask
	decisions [batchLinesMax]Decision
	fetch     fetch
	accepted  []accepted
	firsts    map[uint64]struct{} // speakers with a line in this batch that is the first ever, or the first again
	speaking  []*room             // rooms with accepted lines
	byRoom    [batchLinesMax]*accepted

	// Beyond the batch: what is on its way to the exchange.
	next     *publication   // to be offered
	underWay []*publication // in no order
	ends     ends
	void     map[voidLine]struct{}
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
	noted
}

// noted is what a shard has noted of an accepted line, so that it can be taken back.
type noted struct {
	message *chat.Message
	speaker uint64 // key in speakers
	said    said
	before  said   // what was in its place, if spoke
	member  *entry // of the sender, when it was accepted
	marked  *entry // the one that was put in place of that, or nil
	spoke   bool
	kept    bool // it is remembered, for the rules of later lines
	unique  bool // the room is in unique chat
	due     bool // the store is to mark it
}

func newShard(c *Clue, cfg *Config) *shard {
	s := &shard{
		queue:     newQueue(cfg.QueueMax),
		hot:       &hot{epoch: c.epoch},
		handed:    make(chan handover, handedMax),
		ended:     make(chan struct{}),
		publisher: c.publisher,
		replier:   c.replier,
		meters:    c.meters,
		accounts:  c.gate.accounts,
		source:    c.source,
		cache:     c.cache,
		desk:      c.desk,
		heard:     cfg.Heard,
		emotes:    cfg.Emotes,
		trace:     cfg.Trace,
		seed:      c.gate.seed,
		epoch:     c.epoch,
		deadline:  cfg.Deadline,
		limits:    newLimits(cfg),
		needs:     drawNeeds{window: cfg.DuplicateWindow, gap: cfg.LineGap},
		repeated:  rejectDuplicate(cfg.DuplicateWindow),
		created:   cfg.RoomsCreated,
		rooms:     newRooms(cfg, c.meters),
		speakers:  recall.New[said](cfg.SpeakersMax/cfg.Shards, int64(max(cfg.DuplicateWindow, store.SpokenFor))),
		texts:     recall.New[int64](cfg.SpeakersMax/cfg.Shards, int64(store.SpokenFor)),
		held:      newHeld(cfg, c.meters),
		ids:       newIDs(),
		rejected:  make(map[string]*metrics.Counter),
		fetch:     newFetch(),
		accepted:  make([]accepted, 0, batchLinesMax),
		firsts:    make(map[uint64]struct{}),
		speaking:  make([]*room, 0, batchLinesMax),
		ends:      newEnds(),
		void:      make(map[voidLine]struct{}),
	}
	s.next = newPublication(s)
	return s
}

// run decides until ctx ends, then answers what is queued. Whoever calls it calls end then.
func (s *shard) run(ctx context.Context) {
	defer close(s.ended)
	quiet := time.NewTimer(spokenWait)
	defer quiet.Stop()
	for ctx.Err() == nil {
		s.lookAtEnds()
		s.takeHanded()
		if n := s.queue.take(s.batch[:]); n > 0 {
			s.decideBatch(n)
			continue
		}
		if len(s.fetch.spoken) > 0 {
			quiet.Reset(spokenWait)
		}
		select {
		case <-s.queue.wake:
		case <-s.ends.wake:
			s.takeEnds()
		case h := <-s.handed:
			s.take(h)
		case <-quiet.C:
			s.fetch.tellAside(s.source, s.epoch)
		case <-ctx.Done():
		}
	}
	s.queue.close()
	for n := s.queue.take(s.batch[:]); n > 0; n = s.queue.take(s.batch[:]) {
		for i := range n {
			s.decisions[i] = answerTo(&s.batch[i].Submission)
			s.reject(&s.decisions[i], Unavailable(s.batch[i].Text))
		}
		s.meters.stopped.Add(n)
		s.finish(n)
	}
}

// end ends what run and the desk have left. Both are over; nobody else has the shard then.
func (s *shard) end() {
	s.takeHanded()
	s.endPublications(time.Now().Add(endWait))
	s.fetch.settle()
	s.fetch.tellNow(s.source, s.epoch)
}

// decideBatch decides the first n entries of the batch, publishes what is accepted,
// then answers everybody. In between it makes one Fetch at most, whose context ends
// after the store's timeout. A store in this process does not look at that: it waits for
// locks alone.
func (s *shard) decideBatch(n int) {
	s.clock()
	s.meters.batchLines.Update(float64(n))
	s.meters.waitSeconds.Update(s.now.Sub(s.batch[0].Queued).Seconds())
	s.hot.count(s.batch[:n], s.tick)
	s.rooms.sweep(s.tick)
	s.held.sweep(s.tick)
	for i := range n {
		s.decisions[i] = answerTo(&s.batch[i].Submission)
		s.look(&s.batch[i].Submission, &s.decisions[i], &s.asks[i])
	}
	if s.ask() {
		s.clock()
	}
	for i := range n {
		if s.decisions[i].Outcome == 0 {
			s.decide(&s.batch[i].Submission, &s.decisions[i], &s.asks[i])
		}
	}
	s.publish()
	s.finish(n)
}

func (s *shard) clock() {
	s.now = time.Now()
	s.tick = int64(s.now.Sub(s.epoch))
}

// finish answers n senders, but those that the desk will answer, or a publication that is
// under way, and lets go of what the batch pointed to.
func (s *shard) finish(n int) {
	answers := 0
	for i := range n {
		if s.decisions[i].Outcome != 0 {
			if answers != i {
				s.decisions[answers] = s.decisions[i]
			}
			answers++
		}
	}
	if answers > 0 {
		s.replier.Decided(s.decisions[:answers])
	}
	clear(s.decisions[:n])
	clear(s.batch[:n])
	clear(s.asks[:n])
	clear(s.firsts)
	s.fetch.clear()
}

func answerTo(sub *Submission) Decision {
	return Decision{Room: sub.Room, User: sub.User, Nonce: sub.Nonce, Origin: sub.Origin, Ticket: sub.Ticket}
}

func (s *shard) reject(d *Decision, r *chat.Notice) {
	d.Outcome, d.Message, d.Rejection = Rejected, nil, r
	c := s.rejected[r.MsgID]
	if c == nil {
		c = s.meters.rejected(r.MsgID)
		s.rejected[r.MsgID] = c
	}
	c.Inc()
}
