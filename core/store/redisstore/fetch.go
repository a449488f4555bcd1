package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"uproar/core/store"
)

// Fetch implements store.Store: one pipeline for each server that the batch touches, all
// at the same time. What was spoken goes ahead of the draws, so that a draw knows of the
// line before it. A server that does not know a script yet is asked once more.
func (s *Store) Fetch(ctx context.Context, b *store.Batch) {
	parts := s.split(b)
	busy := make([]*part, 0, len(parts))
	for i := range parts {
		if len(parts[i].steps) > 0 {
			busy = append(busy, &parts[i])
		}
	}
	var wait sync.WaitGroup
	for i, p := range busy {
		if i < len(busy)-1 {
			wait.Go(func() { p.run(ctx) })
		} else {
			p.run(ctx)
		}
	}
	wait.Wait()
	now := time.Now()
	for _, p := range busy {
		p.fill(now)
	}
}

// part is what a batch asks of one shard. It belongs to one goroutine at a time: to that
// of Fetch, to that of run, and to Fetch again.
type part struct {
	store   *Store
	at      *shard
	batch   *store.Batch
	steps   []step
	results []rueidis.RedisResult // one for each step, unless err
	err     error
}

// step is one command for entry i of Reads, Draws or Spoken.
type step struct {
	do verb
	i  int
}

type verb uint8

const (
	readRecord verb = iota // Reads
	readMark               // of a member, after readRecord
	tellSpoken             // Spoken
	tellUnique
	tellMark
	drawLimits // Draws: of the account
	drawText   // of the room
	drawAge
	drawSeen
)

func (s *Store) split(b *store.Batch) []part {
	l := s.layout.Load()
	parts := make([]part, len(l.shards))
	for i := range parts {
		parts[i] = part{store: s, at: l.shards[i], batch: b}
	}
	for i := range b.Spoken {
		said := &b.Spoken[i]
		said.Err = nil
		p := &parts[l.find(roomTag(said.Room))]
		if said.Ago < store.SpokenFor {
			p.add(tellSpoken, i)
			if said.Unique {
				p.add(tellUnique, i)
			}
		}
		if said.Mark {
			p.add(tellMark, i)
		}
	}
	for i := range b.Reads {
		r := &b.Reads[i]
		r.Room, r.Member, r.Account, r.Err = nil, nil, nil, nil
		if _, tag := s.keys.record(r.Key); tag == "" {
			r.Err = fmt.Errorf("cannot fetch %s: no such kind", r.Key)
		} else {
			p := &parts[l.find(tag)]
			p.add(readRecord, i)
			if r.Key.Kind == store.KindMember {
				p.add(readMark, i)
			}
		}
	}
	for i := range b.Draws {
		d := &b.Draws[i]
		d.Left, d.Since, d.Same, d.Seen, d.Err = true, -1, false, false, nil
		if anyLimits(d.Limits) {
			parts[l.find(userTag(d.Login))].add(drawLimits, i)
		}
		p := &parts[l.find(roomTag(d.Room))]
		p.add(drawText, i)
		p.add(drawAge, i)
		if d.Unique {
			p.add(drawSeen, i)
		}
	}
	return parts
}

func (p *part) add(do verb, i int) { p.steps = append(p.steps, step{do, i}) }

// run asks the shard.
func (p *part) run(ctx context.Context) {
	p.results, p.err = p.at.doAll(ctx, len(p.steps), func(i int, byText bool) rueidis.Completed {
		return p.command(p.steps[i], byText)
	})
}

// command builds what st sends. Scripts go by their hash, or byText.
func (p *part) command(st step, byText bool) rueidis.Completed {
	b, k := p.at.client.B(), p.store.keys
	switch st.do {
	case readRecord:
		key, _ := k.record(p.batch.Reads[st.i].Key)
		return b.Hgetall().Key(key).Build()
	case tellSpoken:
		said := &p.batch.Spoken[st.i]
		return b.Set().Key(k.last(said.Room, said.Login)).Value(textHash(said.Text)).PxMilliseconds(left(said)).Build()
	case tellUnique:
		said := &p.batch.Spoken[st.i]
		return b.Set().Key(k.said(said.Room, said.Text)).Value("").PxMilliseconds(left(said)).Build()
	case readMark:
		key := &p.batch.Reads[st.i].Key
		return b.Get().Key(k.mark(key.Room, key.Login)).Build()
	case tellMark:
		said := &p.batch.Spoken[st.i]
		return markScript.command(b, byText, []string{k.mark(said.Room, said.Login), k.member(said.Room, said.Login)}, []string{
			strconv.FormatInt(time.Now().Add(-max(0, said.Ago)).UnixMilli(), 10),
			strconv.FormatInt(store.LongAgo.UnixMilli(), 10),
			strconv.FormatInt(store.MarkFor.Milliseconds(), 10),
		})
	case drawText:
		d := &p.batch.Draws[st.i]
		return b.Get().Key(k.last(d.Room, d.Login)).Build()
	case drawAge:
		d := &p.batch.Draws[st.i]
		return b.Pttl().Key(k.last(d.Room, d.Login)).Build()
	case drawSeen:
		d := &p.batch.Draws[st.i]
		return b.Exists().Key(k.said(d.Room, d.Text)).Build()
	default:
		return p.taking(b, byText, &p.batch.Draws[st.i])
	}
}

// left is for how many milliseconds a line that was spoken is remembered from now on.
func left(said *store.Spoken) int64 {
	return max(1, (store.SpokenFor - max(0, said.Ago)).Milliseconds())
}

func (p *part) taking(b rueidis.Builder, byText bool, d *store.Draw) rueidis.Completed {
	buckets := make([]string, 0, len(d.Limits))
	args := make([]string, 0, 2*len(d.Limits))
	for i := range d.Limits {
		if limit := &d.Limits[i]; limits(limit) {
			buckets = append(buckets, p.store.keys.rate(d.Login, limit.Name))
			args = append(args, strconv.Itoa(limit.N), strconv.FormatInt(max(1, limit.Per.Milliseconds()), 10))
		}
	}
	return takeScript.command(b, byText, buckets, args)
}

// limits reports whether l limits anything: 0 turns a limit off.
func limits(l *store.Limit) bool { return l.N > 0 && l.Per > 0 }

func anyLimits(all []store.Limit) bool {
	for i := range all {
		if limits(&all[i]) {
			return true
		}
	}
	return false
}
