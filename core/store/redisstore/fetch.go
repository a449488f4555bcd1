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
	tellSpoken             // Spoken
	tellUnique
	tellFirst
	drawLimits // Draws: of the account
	drawText   // of the room
	drawAge
	drawSeen
)

func (s *Store) split(b *store.Batch) []part {
	parts := make([]part, len(s.shards))
	for i := range parts {
		parts[i] = part{store: s, at: s.shards[i], batch: b}
	}
	for i := range b.Spoken {
		said := &b.Spoken[i]
		p := &parts[s.shard(roomTag(said.Room))]
		if said.Ago < store.SpokenFor {
			p.add(tellSpoken, i)
			if said.Unique {
				p.add(tellUnique, i)
			}
		}
		if said.First {
			p.add(tellFirst, i)
		}
	}
	for i := range b.Reads {
		r := &b.Reads[i]
		r.Room, r.Member, r.Account, r.Err = nil, nil, nil, nil
		if _, tag := s.keys.record(r.Key); tag == "" {
			r.Err = fmt.Errorf("cannot fetch %s: no such kind", r.Key)
		} else {
			parts[s.shard(tag)].add(readRecord, i)
		}
	}
	for i := range b.Draws {
		d := &b.Draws[i]
		d.Left, d.Since, d.Same, d.Seen, d.Err = true, -1, false, false, nil
		if len(d.Limits) > 0 {
			parts[s.shard(userTag(d.Login))].add(drawLimits, i)
		}
		p := &parts[s.shard(roomTag(d.Room))]
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
	commands := make([]rueidis.Completed, len(p.steps))
	for i, st := range p.steps {
		commands[i] = p.command(st, false)
	}
	p.results, p.err = p.at.do(ctx, commands)
	if p.err != nil {
		return
	}
	var again []int
	commands = commands[:0:0]
	for i := range p.results {
		if unknownScript(p.results[i]) {
			again = append(again, i)
			commands = append(commands, p.command(p.steps[i], true))
		}
	}
	if len(again) == 0 {
		return
	}
	results, err := p.at.do(ctx, commands)
	for n, i := range again {
		if err != nil {
			p.results[i] = failure(err)
		} else {
			p.results[i] = results[n]
		}
	}
}

// failure is a result that stands for no answer.
func failure(err error) rueidis.RedisResult { return rueidis.NewErrorResult(err) }

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
	case tellFirst:
		said := &p.batch.Spoken[st.i]
		key := store.Key{Kind: store.KindMember, Room: said.Room, Login: said.Login}
		return p.store.changing(b, byText, key, patch{set: []string{"spoken", "1"}})
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
	buckets := make([]string, len(d.Limits))
	args := make([]string, 0, 2*len(d.Limits))
	for i, limit := range d.Limits {
		buckets[i] = p.store.keys.rate(d.Login, limit.Name)
		args = append(args, strconv.Itoa(limit.N), strconv.FormatInt(max(1, limit.Per.Milliseconds()), 10))
	}
	return takeScript.command(b, byText, buckets, args)
}
