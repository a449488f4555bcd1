package redisstore

import (
	"fmt"
	"time"

	"github.com/redis/rueidis"

	"uproar/core/store"
)

// fill writes the answers of one shard into the batch.
func (p *part) fill(now time.Time) {
	for i, st := range p.steps {
		err := p.err
		var result rueidis.RedisResult
		if err == nil {
			result = p.results[i]
			if e := result.Error(); e != nil && !rueidis.IsRedisNil(e) {
				err = p.at.unavailable(e)
			}
		}
		switch st.do {
		case readRecord:
			p.fillRead(&p.batch.Reads[st.i], result, err, now)
		case readMark:
			fillMark(&p.batch.Reads[st.i], result, err)
		case tellSpoken, tellUnique, tellMark:
			if said := &p.batch.Spoken[st.i]; err != nil && said.Err == nil {
				said.Err = fmt.Errorf("cannot tell that %q spoke in room %q: %w", said.Login, said.Room, err)
			}
		default:
			d := &p.batch.Draws[st.i]
			if err == nil {
				err = fillDraw(d, st.do, result)
			}
			if err != nil && d.Err == nil {
				d.Err = fmt.Errorf("cannot draw for %q in room %q: %w", d.Login, d.Room, err)
			}
		}
	}
}

func (p *part) fillRead(r *store.Read, result rueidis.RedisResult, err error, now time.Time) {
	var f fields
	if err == nil {
		f, err = result.AsStrMap()
	}
	if err == nil {
		switch r.Key.Kind {
		case store.KindRoom:
			r.Room, err = decodeRoom(f)
		case store.KindMember:
			r.Member, err = decodeMember(f, now)
		case store.KindAccount:
			r.Account, err = decodeAccount(f)
		}
	}
	if err != nil {
		r.Room, r.Member, r.Account = nil, nil, nil
		r.Err = fmt.Errorf("cannot fetch %s: %w", r.Key, err)
	}
}

// fillMark completes a member that has been read.
func fillMark(r *store.Read, result rueidis.RedisResult, err error) {
	if r.Err != nil {
		return
	}
	mark := ""
	if err == nil {
		if mark, err = result.ToString(); rueidis.IsRedisNil(err) {
			err = nil
		}
	}
	if err == nil {
		*r.Member, err = decodeMark(*r.Member, mark)
	}
	if err != nil {
		r.Member, r.Err = nil, fmt.Errorf("cannot fetch %s: %w", r.Key, err)
	}
}

func fillDraw(d *store.Draw, do verb, result rueidis.RedisResult) error {
	if do == drawText {
		text, err := result.ToString()
		if rueidis.IsRedisNil(err) {
			return nil
		}
		d.Same = text == textHash(d.Text)
		return err
	}
	n, err := result.ToInt64()
	if err != nil {
		return err
	}
	switch do {
	case drawLimits:
		d.Left = n == 1
	case drawAge:
		if n >= 0 { // otherwise there is no such key, or it never ends, which none of ours does
			d.Since = max(0, store.SpokenFor-time.Duration(n)*time.Millisecond)
		}
	case drawSeen:
		d.Seen = n > 0
	}
	return nil
}
