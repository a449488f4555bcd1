package clue

import (
	"context"
	"errors"
	"strings"
	"sync"

	"uproar/core/chat"
	"uproar/core/clue/command"
	"uproar/core/store"
)

// deskLanes is the number of commands that can be under way at once.
const deskLanes = 16

// desk carries out commands. A command may wait for the store several times, up to the
// deadline of its submission: that is why no shard does it.
//
// What follows from a command is changed in the store, then in the cache, then handed
// to the shard of the room as events, so that they have their place among its lines:
// every line behind a ban in the room has been judged by it.
type desk struct {
	cfg    *Config
	clue   *Clue
	lanes  [deskLanes]*lane
	turns  *turns
	raids  raids
	teller *teller
	source *source
	cache  *cache
	meters *meters
}

// lane is one goroutine of the desk.
type lane struct {
	desk *desk
	ids  *ids
}

// handover is what a shard publishes for the desk, and whom it answers then. All events
// are of the room. With a held line it is that line's fate, if that is still to be decided.
type handover struct {
	room   string
	events []chat.Event
	answer Decision
	held   *heldLine
	fate   command.Fate
}

func newDesk(c *Clue, cfg *Config) *desk {
	d := &desk{cfg: cfg, clue: c, source: c.source, cache: c.cache, meters: c.meters, turns: newTurns(cfg.CommandsMax)}
	for i := range d.lanes {
		d.lanes[i] = &lane{desk: d, ids: newIDs()}
	}
	d.teller = newTeller(cfg, c.source, c.meters)
	c.meters.watchDesk(d.turns.len)
	return d
}

// run carries out commands until ctx ends; what is left then is refused.
func (d *desk) run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, l := range d.lanes {
		wg.Go(func() { l.run(ctx) })
	}
	<-ctx.Done()
	d.turns.close()
	wg.Wait()
}

func (l *lane) run(ctx context.Context) {
	for sub := l.desk.turns.take(); sub != nil; sub = l.desk.turns.take() {
		if ctx.Err() == nil {
			l.serve(ctx, sub)
		} else {
			l.desk.meters.stopped.Inc()
			l.refuse(sub, chat.RejectUndone)
		}
		l.desk.turns.done(sub.turn)
	}
}

// serve carries out one command and answers its sender.
func (l *lane) serve(ctx context.Context, sub *Submission) {
	ctx, cancel := context.WithDeadline(ctx, sub.Queued.Add(l.desk.cfg.Deadline))
	defer cancel()
	if ctx.Err() != nil {
		l.desk.meters.timedOut.Inc()
		l.refuse(sub, chat.RejectUndone)
		return
	}
	name, args := commandOf(sub.Text)
	cmd, ok := command.Lookup(name)
	if !ok {
		panic("BUG: a command at the desk that nobody knows")
	}
	call, err := l.call(ctx, cmd, sub, args)
	if err != nil {
		l.desk.meters.deskFailed.Inc()
		l.refuse(sub, chat.RejectUndone)
		return
	}
	v := cmd.Judge(call)
	if v.Failed {
		l.refuse(sub, &v.Notice)
		return
	}
	if err := l.change(ctx, v.Changes); err != nil {
		l.desk.meters.deskFailed.Inc()
		l.refuse(sub, chat.RejectUndone)
		return
	}
	l.show(sub, call, &v)
}

// commandOf splits a command from its arguments, which are as a text is: with single
// spaces inside, and cut with their command to a line's length.
func commandOf(text string) (name, args string) {
	name, args, _ = strings.Cut(Parse(text).Text[1:], " ")
	return name, args
}

// change makes the changes, and their records unknown here, or doubtful if it failed.
func (l *lane) change(ctx context.Context, changes []command.KeyedChange) error {
	for i := range changes {
		c := &changes[i]
		err := l.desk.source.change(ctx, c.Key, c.Change)
		if err != nil {
			if !errors.Is(err, store.ErrNotDone) {
				l.desk.cache.suspect(c.Key)
			}
			return err
		}
		l.desk.cache.stale(c.Key)
	}
	return nil
}

// show lets the room, or one user, see what the command did, then answers the sender.
func (l *lane) show(sub *Submission, call *command.Call, v *command.Verdict) {
	answer := answerTo(sub)
	answer.Outcome, answer.Notice, answer.Roles, answer.Events = Told, v.Notice, call.Roles, v.Events
	if w := v.Whisper; w != nil && l.desk.cfg.Messenger != nil {
		w.Line.Emotes = l.desk.cfg.Emotes.Tag(w.Line.Text)
		l.desk.cfg.Messenger.Whisper(w.To.Login, w.Line)
	}
	for _, e := range v.Events {
		if r, ok := e.(*chat.Raid); ok {
			l.desk.raids.began(sub.Room, r, call.Now)
		}
	}
	h := handover{room: sub.Room, events: v.Events, answer: answer}
	switch {
	case v.Fate != command.Undecided:
		h.held, h.fate = sub.held, v.Fate
	case len(v.Events) == 0:
		l.answer(&answer)
		return
	default:
		h.room = v.Events[0].Where().Room
	}
	s := l.desk.clue.shardOf(h.room)
	select {
	case s.handed <- h:
	case <-s.ended: // nobody is left to see it; it is changed all the same
		l.desk.meters.stopped.Inc()
		l.refuse(sub, chat.RejectUndone)
	}
}

func (l *lane) refuse(sub *Submission, r *chat.Notice) {
	d := answerTo(sub)
	d.Outcome, d.Rejection = Rejected, r
	l.desk.meters.rejected(r.MsgID).Inc()
	l.desk.clue.replier.Decided([]Decision{d})
}

func (l *lane) answer(d *Decision) {
	l.desk.meters.told.Inc()
	l.desk.clue.replier.Decided([]Decision{*d})
}
