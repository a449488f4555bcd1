package scenario

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"uproar/bench/load"
	"uproar/bench/meter"
	"uproar/bench/target"
)

// ClueStall is chat while Redis does not answer.
var ClueStall = Scenario{"clue-stall", "Redis is stopped while a crowd chats: what members, senders and strangers notice, and how soon all is well again.",
	func() Config { return defaults(&ClueStallConfig{}) }}

// ClueStallConfig says who chats, for how long Redis is stopped, and what is too much.
type ClueStallConfig struct {
	Members  int           `json:"members" default:"1000" help:"Members who read, over all rooms."`
	Rooms    int           `json:"rooms" default:"10" help:"Rooms; room k has 1/(k+1) as many members and lines as the first."`
	Talkers  int           `json:"talkers" default:"200" help:"Accounts that talk before, during and after."`
	Every    time.Duration `json:"every" default:"1s" help:"Each of them says a line in each."`
	Stranger time.Duration `json:"stranger" default:"50ms" help:"In each somebody comes whom nobody knows, says a line and goes."`
	Moderate time.Duration `json:"moderate" default:"250ms" help:"In each the broadcaster of the first room bans somebody."`
	Before   time.Duration `json:"before" default:"10s" help:"Measured before Redis is stopped, after a warm-up of three times what talkers wait."`
	Stop     time.Duration `json:"stop" default:"30s" help:"For how long it is."`
	After    time.Duration `json:"after" default:"15s" help:"Measured after it goes on."`

	AnswerMax   time.Duration `json:"answer_max" default:"470ms" help:"A sender's answer may take as long: --clue-timeout, --store-timeout and 120ms for the exchange to find that nobody takes the line."`
	PingMax     time.Duration `json:"ping_max" default:"100ms" help:"That to a PING, which needs an event loop and nothing else."`
	RecoveryMax time.Duration `json:"recovery_max" default:"1s" help:"From SIGCONT until nobody is refused any more."`
	GrowthMax   Size          `json:"growth_max" default:"64MB" help:"Of the server's memory: what waits for Redis may be as much."`
}

// Smoke is a stop that fits beside other tests, which may hold the processors.
func (c ClueStallConfig) Smoke() Config {
	s := c
	s.Members, s.Rooms, s.Talkers, s.Every = 60, 3, 10, 100*time.Millisecond
	s.Before, s.Stop, s.After = 500*time.Millisecond, 1500*time.Millisecond, 1500*time.Millisecond
	s.AnswerMax, s.PingMax, s.RecoveryMax = 2*time.Second, 2*time.Second, 2*time.Second
	return &s
}

// StallPhase is what was seen before, during or after the stop.
type StallPhase struct {
	Name       string  `json:"name"`
	Seconds    float64 `json:"seconds"`
	Deliveries int64   `json:"deliveries"`
	P50        float64 `json:"p50_ms"` // of a delivery
	P99        float64 `json:"p99_ms"`
	Max        float64 `json:"max_ms"`
	Quiet      float64 `json:"quiet_ms"` // the longest time without any delivery

	Lines      map[string]int64 `json:"lines"`   // answered, by kind of sender
	Refused    map[string]int64 `json:"refused"` // of these
	Unanswered int64            `json:"unanswered"`
	Answer     float64          `json:"answer_ms"` // the slowest

	Pings  int64   `json:"pings"`
	Ping   float64 `json:"ping_ms"` // the slowest
	Stalls float64 `json:"stalls"`  // of loops, as the server counts them
	RSS    int64   `json:"rss"`     // at its end
}

// ClueStallResult is what was noticed.
type ClueStallResult struct {
	Phases   []StallPhase       `json:"phases"`
	Told     []string           `json:"told"`        // what refused senders were, while Redis was stopped
	Senders  float64            `json:"senders_ms"`  // from SIGCONT until the last refusal was over
	Exchange float64            `json:"exchange_ms"` // until lines went through Redis again
	Drained  float64            `json:"drained_ms"`  // until what had waited was published too
	RSSMax   int64              `json:"rss_max"`
	Faults   Faults             `json:"faults"`
	Remark   string             `json:"remark,omitempty"`
	Bounds   ClueStallConfig    `json:"bounds"` // by which it is judged
	Felt     map[string]float64 `json:"felt"`   // what the server has counted since it began
}

// Run measures Uproar.
func (c *ClueStallConfig) Run(ctx context.Context, shop *Workshop) (Result, error) {
	redis, err := target.StartRedis(ctx, shop.Dir)
	if err != nil {
		return nil, err
	}
	defer redis.Stop(stopGrace)
	args := append([]string{"--redis=" + redis.Addr, "--env=bench"}, everyRule...)
	server, err := shop.EdgeServer(ctx, target.EdgeConfig{Wire: load.WebSocket, Args: args})
	if err != nil {
		return nil, err
	}
	names := append(numberedNames("talker", c.Talkers), numberedNames("stranger", c.strangers())...)
	shop.Log("clue-stall: %d members and %d talkers in %d rooms", c.Members, c.Talkers, c.Rooms)
	g, err := gather(ctx, server, load.SwarmConfig{Rooms: c.Rooms, Nicks: names, TextBytes: stallTextBytes}, c.Members)
	if err != nil {
		return nil, err
	}
	defer g.disperse()
	s := &stall{config: c, shop: shop, redis: redis, crowd: g, chat: newChat(server.Publishers, c.Rooms, stallTextBytes)}
	defer s.chat.end()
	defer redis.Thaw() // or neither server could end at once
	if err := s.chat.talk(ctx, c.Talkers, c.Every); err != nil {
		return nil, err
	}
	r := &ClueStallResult{Bounds: *c, Felt: map[string]float64{}}
	return r, s.run(ctx, r)
}

const (
	stallTextBytes = 100
	pingers        = 16 // so many that every event loop of a small machine has some
	pingEvery      = 100 * time.Millisecond
)

// strangers is how many come at most.
func (c *ClueStallConfig) strangers() int { return int((c.Before+c.Stop+c.After)/c.Stranger) + 1 }

// stall is a run of the scenario.
type stall struct {
	config *ClueStallConfig
	shop   *Workshop
	redis  *target.Redis
	crowd  *crowd
	chat   *chat
}

// run goes through the phases.
func (s *stall) run(ctx context.Context, r *ClueStallResult) error {
	c := s.config
	s.shop.Expect(3*c.Every + c.Before + c.Stop + c.After + 5*time.Second)
	if err := pause(ctx, 3*c.Every); err != nil { // everybody is known
		return err
	}
	if err := errors.Join(s.chat.ping(ctx, pingers, pingEvery), s.chat.moderate(ctx, c.Moderate)); err != nil {
		return err
	}
	s.chat.receive(c.Stranger, c.strangers())
	s.shop.Log("clue-stall: chat as ever")
	marks := []int64{load.Now()}
	next := func(name string, d time.Duration, change func() error) error {
		if err := s.phase(ctx, r, name, d); err != nil {
			return err
		}
		marks = append(marks, load.Now())
		return change()
	}
	if err := next("before", c.Before, s.redis.Freeze); err != nil {
		return err
	}
	s.shop.Log("clue-stall: Redis is stopped")
	if err := next("during", c.Stop, s.redis.Thaw); err != nil {
		return err
	}
	s.shop.Log("clue-stall: Redis goes on")
	recovered := make(chan error, 1)
	go func() { recovered <- s.recovery(ctx, r, marks[2]) }()
	err := next("after", c.After, func() error { return nil })
	if recovery := <-recovered; err == nil {
		err = recovery
	}
	if err != nil {
		return err
	}
	s.chat.end()
	return s.count(ctx, r, marks)
}

// phase watches for so long.
func (s *stall) phase(ctx context.Context, r *ClueStallResult, name string, d time.Duration) error {
	const every = 20 * time.Millisecond
	p := StallPhase{Name: name}
	before, err := s.crowd.server.Metrics(ctx)
	if err != nil {
		return err
	}
	// What was due before this moment and comes after it belongs to this phase too.
	began := load.Now()
	if err := s.crowd.swarm.Measure(began - int64(10*time.Second)); err != nil {
		return err
	}
	start := s.crowd.swarm.Deliveries()
	seen, changed, looked := start, began, began
	for now := began; now < began+int64(d); now = load.Now() {
		if err := pause(ctx, min(every, time.Duration(began+int64(d)-now))); err != nil {
			return err
		}
		if n := s.crowd.swarm.Deliveries(); n != seen {
			seen, changed = n, load.Now()
		}
		p.Quiet = max(p.Quiet, meter.Milliseconds(time.Duration(load.Now()-changed)))
		if load.Now() > looked+int64(time.Second) {
			looked = load.Now()
			if _, err := s.memory(r); err != nil {
				return err
			}
		}
	}
	p.Seconds = time.Duration(load.Now() - began).Seconds()
	p.Deliveries = s.crowd.swarm.Deliveries() - start
	t := s.crowd.swarm.Tally()
	p.P50, p.P99, p.Max = meter.Milliseconds(t.Latency.Quantile(0.5)), meter.Milliseconds(t.Latency.Quantile(0.99)), meter.Milliseconds(t.Latency.Quantile(1))
	after, err := s.crowd.server.Metrics(ctx)
	if err != nil {
		return err
	}
	p.Stalls = after.Sum("uproar_loop_stalls_total") - before.Sum("uproar_loop_stalls_total")
	if p.RSS, err = s.memory(r); err != nil {
		return err
	}
	r.Phases = append(r.Phases, p)
	if name == "before" {
		return nil
	}
	for _, metric := range stallFelt {
		r.Felt[metric] += after.Sum(metric) - before.Sum(metric)
	}
	return nil
}

// memory is what the server holds now.
func (s *stall) memory(r *ClueStallResult) (int64, error) {
	m, err := meter.ReadMemory(s.crowd.server.Pid)
	r.RSSMax = max(r.RSSMax, m.RSS)
	return m.RSS, err
}

// stallFelt are metrics that grow while Redis is stopped: a stop that nobody felt is none.
var stallFelt = []string{"uproar_store_errors_total", "uproar_clue_cache_stale_total", "uproar_clue_unavailable_total", "uproar_exchange_away_total", "uproar_exchange_home_total",
	"uproar_exchange_republished_total", "uproar_exchange_dropped_total", "uproar_exchange_repaired_total", "uproar_exchange_gaps_total", "uproar_exchange_missed_total"}

// recovery waits until the exchange is well again.
func (s *stall) recovery(ctx context.Context, r *ClueStallResult, thawed int64) error {
	since := func() float64 { return meter.Milliseconds(time.Duration(load.Now() - thawed)) }
	r.Exchange, r.Drained = -1, -1
	for load.Now() < thawed+int64(s.config.After) {
		m, err := s.crowd.server.Metrics(ctx)
		if err != nil {
			return err
		}
		if r.Exchange < 0 && m.Sum("uproar_exchange_away_partitions") == 0 && m.Sum("uproar_store_breaker_open") == 0 {
			r.Exchange = since()
		}
		if r.Exchange >= 0 && m.Sum("uproar_exchange_backlog_lines") < float64(s.config.Talkers) {
			r.Drained = since()
			return nil
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// count takes over what the members, the senders and the server know. marks are when the
// phases began, and when the last ended.
func (s *stall) count(ctx context.Context, r *ClueStallResult, marks []int64) error {
	lost := func() int64 { return s.crowd.swarm.LostIn(s.chat.mu.acceptedIn) }
	for end := time.Now().Add(5 * time.Second); lost() > 0 && time.Now().Before(end); {
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	t := s.crowd.swarm.Tally()
	r.Faults = Faults{Lost: lost(), Told: t.Told, Reordered: t.Reordered, Duplicated: t.Duplicated, Wrong: t.Wrong, Ended: t.EOF + t.Broken, Orders: 1}
	if len(t.Oddities) > 0 {
		r.Remark = t.Oddities[0]
	}
	told := map[string]int{}
	for _, a := range s.chat.mu.said {
		p := r.at(marks, a.At)
		if p == nil {
			continue
		}
		p.answered(&a)
		if !a.accepted() && p.Name == "during" {
			told[a.kind+": "+a.Told+" "+a.Text]++
		}
	}
	for _, text := range slices.Sorted(maps.Keys(told)) {
		r.Told = append(r.Told, fmt.Sprintf("%d x %s", told[text], text))
	}
	for _, a := range s.chat.mu.pings {
		if p := r.at(marks, a.at); p != nil {
			p.Pings++
			p.Ping = max(p.Ping, meter.Milliseconds(time.Duration(a.at-a.sent)))
		}
	}
	r.Senders = meter.Milliseconds(sendersBack(s.chat.mu.said, marks[2]))
	return nil
}

// at is the phase in which something came; nil when none was.
func (r *ClueStallResult) at(marks []int64, came int64) *StallPhase {
	for i := len(r.Phases) - 1; i >= 0; i-- {
		if came >= marks[i] {
			return &r.Phases[i]
		}
	}
	return nil
}

// answered counts an answer that came in this phase.
func (p *StallPhase) answered(a *said) {
	if p.Lines == nil {
		p.Lines, p.Refused = map[string]int64{}, map[string]int64{}
	}
	p.Answer = max(p.Answer, meter.Milliseconds(a.Took()))
	switch p.Lines[a.kind]++; {
	case a.Told == load.Silence:
		p.Unanswered++
	case !a.accepted():
		p.Refused[a.kind]++
	}
}

// never is how long it takes those who are refused to the end.
const never = time.Hour

// sendersBack is how long after a moment every kind of sender had been told that all is
// well, and nobody who spoke later was refused.
func sendersBack(all []said, since int64) (took time.Duration) {
	refused := since
	for _, a := range all {
		if a.Sent > since && !a.accepted() {
			refused = max(refused, a.Sent)
		}
	}
	first := map[string]int64{}
	for _, a := range all {
		if _, known := first[a.kind]; !known {
			first[a.kind] = since + int64(never)
		}
		if a.Sent >= refused && a.accepted() {
			first[a.kind] = min(first[a.kind], a.At)
		}
	}
	for _, at := range first {
		took = max(took, time.Duration(at-since))
	}
	return took
}

// Check fails when somebody noticed more of the stop than must be.
func (r *ClueStallResult) Check() error {
	b, most := &r.Bounds, func(what string, ms float64, bound time.Duration) error {
		if ms <= meter.Milliseconds(bound) {
			return nil
		}
		return fmt.Errorf("%s took %.0f ms, want at most %v", what, ms, bound)
	}
	var errs []error
	for _, p := range r.Phases {
		errs = append(errs, most(p.Name+", an answer to a sender,", p.Answer, b.AnswerMax), most(p.Name+", an answer to a PING,", p.Ping, b.PingMax),
			most(p.Name+", a delivery", p.Max, b.AnswerMax+b.PingMax), most(p.Name+", the time without a delivery", p.Quiet, b.AnswerMax+b.PingMax))
		if p.Unanswered != 0 || p.Refused[kindMember] != 0 {
			errs = append(errs, fmt.Errorf("%s: %d senders had no answer, %d members who are known were refused", p.Name, p.Unanswered, p.Refused[kindMember]))
		}
		if p.Deliveries == 0 || p.Pings == 0 || len(p.Lines) < 3 {
			errs = append(errs, fmt.Errorf("%s: too little happened to say anything: %+v", p.Name, p))
		}
	}
	errs = append(errs, most("recovery of the senders", r.Senders, b.RecoveryMax), most("recovery of the exchange", r.Exchange, b.RecoveryMax), r.Faults.Check())
	if r.Faults.Told != 0 {
		errs = append(errs, fmt.Errorf("members were told that they miss %d lines, and miss %d", r.Faults.Told, r.Faults.Lost))
	}
	if len(r.Phases) < 3 || r.Exchange < 0 || r.Felt["uproar_clue_unavailable_total"] == 0 || r.Felt["uproar_exchange_away_total"] == 0 {
		return errors.Join(append(errs, fmt.Errorf("the stop was not felt, or never over: %v", r.Felt))...)
	}
	if n := r.Phases[0].Refused; len(n) > 0 {
		errs = append(errs, fmt.Errorf("senders were refused while Redis was well: %v", n))
	}
	if grown := r.growth(); grown > int64(b.GrowthMax) {
		errs = append(errs, fmt.Errorf("the server grew by %s MB, want at most %s", megabytes(grown), megabytes(int64(b.GrowthMax))))
	}
	return errors.Join(errs...)
}

// growth is how much more the server held than before, at most.
func (r *ClueStallResult) growth() int64 { return r.RSSMax - r.Phases[0].RSS }

// Header names the columns of Cells.
func (r *ClueStallResult) Header() []string {
	return []string{"Redis stopped", "seconds", "deliveries/s", "p50 ms", "p99 ms", "max ms", "longest silence ms", "lines", "refused: members", "strangers", "moderators",
		"no answer", "slowest answer ms", "slowest PING ms", "loop stalls", "RSS MB"}
}

// Cells is a row for each phase.
func (r *ClueStallResult) Cells() [][]string {
	var rows [][]string
	for _, p := range r.Phases {
		lines := int64(0)
		for _, n := range p.Lines {
			lines += n
		}
		of := func(kind string) string { return fmt.Sprintf("%d of %d", p.Refused[kind], p.Lines[kind]) }
		rows = append(rows, []string{p.Name, fmt.Sprintf("%.1f", p.Seconds), fmt.Sprintf("%.0f", float64(p.Deliveries)/p.Seconds), fmt.Sprintf("%.1f", p.P50), fmt.Sprintf("%.1f", p.P99),
			fmt.Sprintf("%.1f", p.Max), fmt.Sprintf("%.0f", p.Quiet), fmt.Sprint(lines), of(kindMember), of(kindStranger), of(kindModerator),
			fmt.Sprint(p.Unanswered), fmt.Sprintf("%.1f", p.Answer), fmt.Sprintf("%.1f", p.Ping), fmt.Sprint(p.Stalls), megabytes(p.RSS)})
	}
	return rows
}

// Remarks says what the columns do not.
func (r *ClueStallResult) Remarks() []string {
	if len(r.Phases) < 3 {
		return nil
	}
	f := &r.Faults
	remarks := []string{
		fmt.Sprintf("after SIGCONT: all senders accepted again after %.0f ms, lines through Redis after %.0f ms, what had waited published after %.0f ms", r.Senders, r.Exchange, r.Drained),
		fmt.Sprintf("server memory grew by %s MB at most; deliveries lost %d, told missing %d, out of order %d, duplicated %d, wrong %d", megabytes(r.growth()), f.Lost, f.Told, f.Reordered, f.Duplicated, f.Wrong),
		"while Redis was stopped, senders were told: " + strings.Join(r.Told, "; "),
	}
	counted := make([]string, len(stallFelt))
	for i, metric := range stallFelt {
		counted[i] = fmt.Sprintf("%s %.0f", strings.TrimPrefix(metric, "uproar_"), r.Felt[metric])
	}
	remarks = append(remarks, "the server counted: "+strings.Join(counted, ", "))
	if r.Remark != "" {
		remarks = append(remarks, r.Remark)
	}
	return remarks
}
