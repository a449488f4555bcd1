package scenario

import (
	"context"
	"fmt"
	"time"

	"uproar/bench/load"
	"uproar/bench/meter"
	"uproar/bench/target"
)

// Clue is decisions as clients see them.
var Clue = Scenario{"clue", "Lines decided a second, paced and flat out, with the embedded store and with Redis: the sockets of those who speak included.",
	func() Config { return defaults(&ClueConfig{}) }}

// ClueConfig says who speaks, and how much.
type ClueConfig struct {
	Publishers int           `json:"publishers" default:"250" help:"Accounts, each on a connection of its own and in one room."`
	Rooms      int           `json:"rooms" default:"100" help:"Rooms that they spread over. Nobody is in them: this is about decisions, not deliveries."`
	Rate       float64       `json:"rate" default:"10000" help:"Lines a second of the paced runs."`
	Window     int           `json:"window" default:"16" help:"Lines that each has under way when all go flat out. All together they must be decided within --clue-timeout."`
	Duration   time.Duration `json:"duration" default:"15s" help:"Of each run."`
	Warmup     time.Duration `json:"warmup" default:"3s" help:"Before each, so that everybody is known."`
	TextBytes  int           `json:"text_bytes" default:"60" help:"Size of each line's text, 32 to 500."`
	Store      []string      `json:"store" default:"embedded,redis" enum:"embedded,redis" help:"embedded, redis; comma-separated."`
}

// Smoke is a run that fits beside other tests.
func (c ClueConfig) Smoke() Config {
	s := c
	s.Publishers, s.Rooms, s.Rate = 50, 10, 2000
	s.Duration, s.Warmup = 300*time.Millisecond, 100*time.Millisecond
	return &s
}

// everyRule are flags with which a line goes through every rule that it does by default,
// and is accepted however much its sender says: limits are drawn, and not reached.
var everyRule = []string{"--rate-limit=1000000/30s", "--rate-limit-mod=1000000/30s", "--duplicate-window=30s"}

// ClueRun is one of the runs. Everything is for each line that was decided, but where it
// says otherwise.
type ClueRun struct {
	Store     string  `json:"store"`
	Offered   float64 `json:"offered"` // lines a second; 0 is flat out
	Decided   float64 `json:"decided"` // a second
	P50       float64 `json:"p50_ms"`  // from due time to USERSTATE
	P99       float64 `json:"p99_ms"`
	CPUMicros float64 `json:"cpu_us"` // of the server, sockets included
	Batch     float64 `json:"batch"`  // lines decided at once
	Trips     float64 `json:"trips_per_batch"`

	RedisMicros   float64 `json:"redis_cpu_us"`
	RedisCommands float64 `json:"redis_commands"` // those within scripts too
	RedisTrips    float64 `json:"redis_trips"`    // round trips of the store to Redis
	Publishes     float64 `json:"publishes"`      // and those of the exchange
	Client        float64 `json:"client_cpu_us"`

	Refused int64  `json:"refused"`
	Missing int64  `json:"missing"` // without an answer
	First   string `json:"first,omitempty"`
}

// ClueResult is what came of the lines.
type ClueResult struct {
	Runs []ClueRun `json:"runs"`
}

// Run measures Uproar.
func (c *ClueConfig) Run(ctx context.Context, shop *Workshop) (Result, error) {
	r := &ClueResult{}
	left := time.Duration(2*len(c.Store)) * (c.Warmup + c.Duration + time.Second)
	for _, store := range c.Store {
		shop.Expect(left)
		left -= 2 * (c.Warmup + c.Duration + time.Second)
		if err := c.against(ctx, shop, store, r); err != nil {
			return r, err
		}
	}
	return r, nil
}

// against measures with one store, paced and flat out.
func (c *ClueConfig) against(ctx context.Context, shop *Workshop, store string, r *ClueResult) error {
	args, redis := everyRule, (*target.Redis)(nil)
	if store == "redis" {
		var err error
		if redis, err = target.StartRedis(ctx, shop.Dir); err != nil {
			return err
		}
		defer redis.Stop(stopGrace)
		args = append([]string{"--redis=" + redis.Addr, "--env=bench"}, args...)
	}
	server, err := shop.EdgeServer(ctx, target.EdgeConfig{Wire: load.TCP, Args: args})
	if err != nil {
		return err
	}
	defer server.Stop(stopGrace)
	chorus, err := load.NewChorus(load.ChorusConfig{Addr: server.Publishers, Voices: c.Publishers, Rooms: c.Rooms, TextBytes: c.TextBytes})
	if err != nil {
		return err
	}
	defer chorus.Close()
	if err := chorus.Connect(ctx); err != nil {
		return fmt.Errorf("%w; the server said:\n%s", err, server.Output())
	}
	for _, rate := range []float64{c.Rate, 0} {
		run := ClueRun{Store: store, Offered: rate}
		shop.Log("clue: %d accounts in %d rooms, %s store, %s", c.Publishers, c.Rooms, store, run.offered())
		if _, err := chorus.Sing(ctx, rate, c.Window, c.Warmup); err != nil {
			return fmt.Errorf("%w; the server said:\n%s", err, server.Output())
		}
		before, err := readClue(ctx, server, redis)
		if err != nil {
			return err
		}
		sung, err := chorus.Sing(ctx, rate, c.Window, c.Duration)
		if err != nil {
			return fmt.Errorf("%w; the server said:\n%s", err, server.Output())
		}
		after, err := readClue(ctx, server, redis)
		if err != nil {
			return err
		}
		run.judge(sung, before, after)
		r.Runs = append(r.Runs, run)
	}
	return nil
}

// clueReading is what had been used and counted until a moment.
type clueReading struct {
	server, redis, client time.Duration
	metrics               target.Metrics
	commands              int64 // of Redis
}

func readClue(ctx context.Context, server *target.Server, redis *target.Redis) (c clueReading, err error) {
	if c.server, c.client, err = both(server.Pid); err != nil {
		return c, err
	}
	if c.metrics, err = server.Metrics(ctx); err != nil || redis == nil {
		return c, err
	}
	if c.redis, err = meter.CPU(redis.Pid); err != nil {
		return c, err
	}
	commands, err := redis.Commands(ctx)
	for _, n := range commands {
		c.commands += n
	}
	return c, err
}

// judge fills in what the lines took.
func (r *ClueRun) judge(sung load.Sung, before, after clueReading) {
	grown := func(name string) float64 { return after.metrics.Sum(name) - before.metrics.Sum(name) }
	each := func(n float64) float64 { return n / float64(max(sung.Accepted, 1)) }
	us := func(d time.Duration) float64 { return each(float64(d.Nanoseconds()) / 1e3) }
	r.Decided = float64(sung.Accepted) / max(sung.Took.Seconds(), 1e-9)
	r.P50, r.P99 = meter.Milliseconds(sung.Latency.Quantile(0.5)), meter.Milliseconds(sung.Latency.Quantile(0.99))
	r.CPUMicros, r.RedisMicros, r.Client = us(after.server-before.server), us(after.redis-before.redis), us(after.client-before.client)
	if batches := grown("uproar_clue_batch_lines_count"); batches > 0 {
		r.Batch = grown("uproar_clue_batch_lines_sum") / batches
		r.Trips = grown("uproar_clue_store_trips_total") / batches
	}
	r.Publishes = each(grown("uproar_exchange_publishes_total"))
	r.RedisTrips = each(grown("uproar_store_round_trips_total"))
	r.RedisCommands = each(float64(after.commands - before.commands))
	r.Refused, r.Missing, r.First = sung.Refused, sung.Missing, sung.First
}

// offered is what was, in words.
func (r *ClueRun) offered() string {
	if r.Offered == 0 {
		return "flat out"
	}
	return fmt.Sprintf("%v lines/s", r.Offered)
}

// clueTripsMax is what a batch may take of round trips to the store: one, and a few over
// all, by which a shard that has fallen silent tells what was said last.
const clueTripsMax = 1.01

// Check fails when a line was refused or not answered, or a batch asked the store more
// than once.
func (r *ClueResult) Check() error {
	for _, run := range r.Runs {
		if run.Refused != 0 || run.Missing != 0 {
			return fmt.Errorf("%s store, %s: %d lines refused, %d not answered: %s", run.Store, run.offered(), run.Refused, run.Missing, run.First)
		}
		if run.Trips > clueTripsMax {
			return fmt.Errorf("%s store, %s: %.3f round trips for each batch, want at most %v", run.Store, run.offered(), run.Trips, clueTripsMax)
		}
	}
	return nil
}

// Header names the columns of Cells.
func (r *ClueResult) Header() []string {
	return []string{"store", "offered", "decided/s", "p50 ms", "p99 ms", "CPU us/line", "decided per core", "lines/batch", "trips/batch",
		"Redis CPU us/line", "Redis trips/line", "publishes/line", "Redis commands/line", "client CPU us/line"}
}

// Cells is a row for each run.
func (r *ClueResult) Cells() [][]string {
	var rows [][]string
	for _, run := range r.Runs {
		redis := []string{"-", "-", "-", "-"}
		if run.Store == "redis" {
			redis = []string{fmt.Sprintf("%.2f", run.RedisMicros), fmt.Sprintf("%.4f", run.RedisTrips), fmt.Sprintf("%.4f", run.Publishes), fmt.Sprintf("%.3f", run.RedisCommands)}
		}
		rows = append(rows, append(append([]string{run.Store, run.offered(), fmt.Sprintf("%.0f", run.Decided), fmt.Sprintf("%.1f", run.P50), fmt.Sprintf("%.1f", run.P99),
			fmt.Sprintf("%.2f", run.CPUMicros), fmt.Sprintf("%.0f", 1e6/max(run.CPUMicros, 1e-9)), fmt.Sprintf("%.1f", run.Batch), fmt.Sprintf("%.3f", run.Trips)},
			redis...), fmt.Sprintf("%.2f", run.Client)))
	}
	return rows
}

// Remarks says what a reader of the table must know.
func (r *ClueResult) Remarks() []string {
	return []string{"server CPU is that of the whole process: a line's read, its decision, its way to the exchange and the write of its USERSTATE. " +
		"What the decision alone takes is measured without sockets: go test -run '^$' -bench Clue ./core/clue/...",
		"server, Redis and clients share the cores: flat out, decided/s is what is left for the server"}
}
