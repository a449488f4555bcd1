package redisbus

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/rueidis"

	"uproar/core/exchange"
)

// Bounds of reading a stream back.
const (
	repairsMax     = 128     // at a time, those given up included: rueidis queues them with the flushes
	repairEntries  = 2048    // in one answer: who asks again gets what follows
	repairBytesMax = 4 << 20 // in one answer, of whole entries; one is always in it
)

const partHeadBytes = 4 + 16 // length, epoch, number of the first line

var errEntry = errors.New("an entry of the stream is not made of parts")

// Since implements exchange.Feed. After a position of an epoch that is over it returns
// what is kept of the present one from its beginning. A part may begin at or before the
// position, if it ends after it.
func (f *Feed) Since(ctx context.Context, room string, after exchange.Position) ([][]byte, exchange.Position, error) {
	f.bus.meters.repairs.Inc()
	parts, head, err := f.bus.since(ctx, room, after)
	if err != nil {
		f.bus.meters.repairsBad.Inc()
		return nil, exchange.Position{}, fmt.Errorf("cannot read what is kept of room %q: %w", room, err)
	}
	return parts, head, nil
}

func (b *Bus) since(ctx context.Context, room string, after exchange.Position) ([][]byte, exchange.Position, error) {
	entries, head, err := b.read(ctx, room, after)
	if err == nil && after.Seq != 0 && head.Epoch != after.Epoch {
		entries, head, err = b.read(ctx, room, exchange.Position{Epoch: head.Epoch})
	}
	if err != nil {
		return nil, head, err
	}
	var parts [][]byte
	bytes := 0
	for _, entry := range entries {
		if bytes += len(entry.FieldValues["p"]); bytes > repairBytesMax && len(parts) > 0 {
			break
		}
		// The counter was read first: what came meanwhile is behind head, and a stream that
		// began meanwhile is of another epoch.
		last, whole, err := splitEntry(entry)
		if err != nil {
			return nil, head, err
		}
		for _, part := range whole {
			if binary.BigEndian.Uint64(part[4:]) == head.Epoch {
				parts = append(parts, part)
				head.Seq = max(head.Seq, last)
			}
		}
	}
	return parts, head, nil
}

// read asks for a room's counter and for the entries that end after a number, if it is
// one of an epoch.
func (b *Bus) read(ctx context.Context, room string, after exchange.Position) ([]rueidis.XRangeEntry, exchange.Position, error) {
	select {
	case b.repairs <- struct{}{}:
	case <-ctx.Done():
		return nil, exchange.Position{}, ctx.Err()
	}
	p := exchange.PartitionOf(room, b.config.Partitions)
	client := b.at(p)
	commands := rueidis.Commands{client.B().Hmget().Key(b.keys.counter(p, room)).Field("e", "q").Build()}
	if after.Epoch != 0 {
		start := strconv.FormatUint(after.Seq+1, 10) + "-0"
		commands = append(commands, client.B().Xrange().Key(b.keys.stream(p, room)).Start(start).End("+").Count(repairEntries).Build())
	}
	answer := make(chan []rueidis.RedisResult, 1)
	b.calls.Go(func() { // as in send: the call goes on behind a caller that gives up
		answer <- client.DoMulti(context.Background(), commands...)
		<-b.repairs
	})
	select {
	case results := <-answer:
		head, err := parseHead(results[0])
		if err != nil || len(results) == 1 {
			return nil, head, err
		}
		entries, err := results[1].AsXRange()
		return entries, head, err
	case <-ctx.Done():
		return nil, exchange.Position{}, ctx.Err()
	}
}

// parseHead reads a counter; one that is not there is the zero Position.
func parseHead(result rueidis.RedisResult) (exchange.Position, error) {
	fields, err := result.ToArray()
	if err != nil {
		return exchange.Position{}, err
	}
	epoch, err := fields[0].ToString()
	if rueidis.IsRedisNil(err) {
		return exchange.Position{}, nil
	}
	seq, err2 := fields[1].AsUint64()
	if err := errors.Join(err, err2); err != nil {
		return exchange.Position{}, err
	}
	if len(epoch) != 8 {
		return exchange.Position{}, fmt.Errorf("an epoch has %d bytes", len(epoch))
	}
	return exchange.Position{Epoch: binary.BigEndian.Uint64([]byte(epoch)), Seq: seq}, nil
}

// splitEntry returns the number of an entry's last line, and its parts.
func splitEntry(entry rueidis.XRangeEntry) (last uint64, parts [][]byte, err error) {
	number, _, _ := strings.Cut(entry.ID, "-")
	if last, err = strconv.ParseUint(number, 10, 64); err != nil {
		return 0, nil, fmt.Errorf("%w: its id is %q", errEntry, entry.ID)
	}
	for rest := []byte(entry.FieldValues["p"]); len(rest) > 0; {
		if len(rest) < partHeadBytes {
			return 0, nil, errEntry
		}
		n := uint64(binary.BigEndian.Uint32(rest)) + 4
		if n < partHeadBytes || n > uint64(len(rest)) {
			return 0, nil, errEntry
		}
		parts = append(parts, rest[:n:n])
		rest = rest[n:]
	}
	return last, parts, nil
}
