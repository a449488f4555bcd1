package clue

import (
	"context"
	"time"

	"uproar/core/chat"
	"uproar/core/clue/command"
	"uproar/core/store"
)

// recordsOf are the records that a command is judged by, asked for afresh: a moderator
// who was one a moment ago is none.
type recordsOf struct {
	batch store.Batch
	at    map[store.Key]int
}

func (r *recordsOf) want(k store.Key) {
	if _, known := r.at[k]; !known {
		r.at[k] = len(r.batch.Reads)
		r.batch.Reads = append(r.batch.Reads, store.Read{Key: k})
	}
}

func (r *recordsOf) room(name string) *store.Room {
	return r.batch.Reads[r.at[store.Key{Kind: store.KindRoom, Room: name}]].Room
}

func (r *recordsOf) member(room, login string) *store.Member {
	return r.batch.Reads[r.at[store.Key{Kind: store.KindMember, Room: room, Login: login}]].Member
}

func (r *recordsOf) account(login string) *store.Account {
	return r.batch.Reads[r.at[store.Key{Kind: store.KindAccount, Login: login}]].Account
}

// Limits of whispers, as buckets.
var (
	whispersPerSecond = []store.Limit{{Name: "whispersec", N: command.WhispersPerSecond, Per: time.Second}}
	whispersPerMinute = []store.Limit{{Name: "whispermin", N: command.WhispersPerMinute, Per: time.Minute}}
)

// call looks up what a command needs: its records in one round trip, then the rosters.
func (l *lane) call(ctx context.Context, cmd *command.Command, sub *Submission, args string) (*command.Call, error) {
	needs := cmd.Needs(args)
	var target *chat.User
	if needs.Login != "" {
		target = l.desk.cfg.Users(needs.Login)
	}
	if sub.held != nil {
		target = sub.held.line.User
	}
	r, err := l.fetch(ctx, sub, &needs, target)
	if err != nil {
		return nil, err
	}
	who := r.account(sub.User.Login)
	issuer := (&entry{account: who}).dress(sub.User)
	id := l.ids.next()
	c := &command.Call{
		Args: args, Room: sub.Room, Issuer: issuer, Banned: who.Banned,
		Roles: chat.RolesIn(sub.Room, issuer) | r.member(sub.Room, issuer.Login).Roles,
		Modes: r.room(sub.Room).Modes,
		Now:   time.Now(), ID: id.String(), Limits: l.desk.cfg.Commands,
		Line: sub.about,
	}
	if sub.held != nil {
		c.Held = sub.held.line
	}
	if target != nil {
		c.Target = command.Target{User: target, Banned: r.account(target.Login).Banned, Member: r.member(sub.Room, target.Login)}
	}
	if needs.Goal && target != nil {
		c.Goal = command.Goal{Room: r.room(target.Login), Member: r.member(target.Login, issuer.Login)}
		c.Viewers = l.desk.cfg.Viewers(sub.Room)
	}
	if needs.Raiding {
		c.Raiding, c.RaidOff = l.desk.raids.of(sub.Room, c.Now)
	}
	if needs.Whispers {
		c.Spent = spent(r.batch.Draws)
	}
	return c, l.rosters(ctx, c, &needs)
}

// fetch asks for the records, and draws from the limits of whispers. What it learns is
// news to the cache too.
func (l *lane) fetch(ctx context.Context, sub *Submission, needs *command.Needs, target *chat.User) (*recordsOf, error) {
	login := sub.User.Login
	r := &recordsOf{at: make(map[store.Key]int)}
	r.want(store.Key{Kind: store.KindRoom, Room: sub.Room})
	r.want(store.Key{Kind: store.KindMember, Room: sub.Room, Login: login})
	r.want(store.Key{Kind: store.KindAccount, Login: login})
	if target != nil {
		r.want(store.Key{Kind: store.KindMember, Room: sub.Room, Login: target.Login})
		r.want(store.Key{Kind: store.KindAccount, Login: target.Login})
		if needs.Goal {
			r.want(store.Key{Kind: store.KindRoom, Room: target.Login})
			r.want(store.Key{Kind: store.KindMember, Room: target.Login, Login: login})
		}
	}
	if needs.Whispers {
		r.batch.Draws = []store.Draw{
			{Room: sub.Room, Login: login, Limits: whispersPerSecond},
			{Room: sub.Room, Login: login, Limits: whispersPerMinute},
		}
	}
	stamps := make([]uint64, len(r.batch.Reads))
	for i := range r.batch.Reads {
		stamps[i] = l.desk.cache.stamp(r.batch.Reads[i].Key)
	}
	l.desk.source.fetch(ctx, &r.batch)
	tick := l.desk.clue.tick()
	for i := range r.batch.Reads {
		if err := r.batch.Reads[i].Err; err != nil {
			return nil, err
		}
		l.desk.cache.put(&r.batch.Reads[i], stamps[i], tick)
	}
	return r, nil
}

// spent tells which limit of whispers is used up. A store that cannot count lets them
// pass: they were drawn from the limits of lines as well.
func spent(draws []store.Draw) command.Spent {
	for i, s := range [...]command.Spent{command.SpentSecond, command.SpentMinute} {
		if draws[i].Err == nil && !draws[i].Left {
			return s
		}
	}
	return command.Within
}

// rosters looks up who moderates, and who is VIP.
func (l *lane) rosters(ctx context.Context, c *command.Call, needs *command.Needs) (err error) {
	if needs.Mods {
		if c.Mods, err = l.desk.source.roster(ctx, c.Room, chat.Moderator); err != nil {
			return err
		}
	}
	if needs.VIPs {
		c.VIPs, err = l.desk.source.roster(ctx, c.Room, chat.VIP)
	}
	return err
}
