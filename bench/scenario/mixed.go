package scenario

import (
	"context"
	"fmt"
	"time"

	"uproar/bench/load"
	"uproar/bench/meter"
	"uproar/bench/target"
)

// Mixed is a day of a site in two minutes.
var Mixed = Scenario{"mixed", "All kinds of clients at once: both wires, with tags, compressed, who come and go, sit idle, read too slowly; moderators and one hot room.",
	func() Config { return defaults(&MixedConfig{}) }}

// MixedConfig says who is there, and what goes on.
type MixedConfig struct {
	Members   int           `json:"members" default:"5000" help:"Members of all kinds."`
	Rooms     int           `json:"rooms" default:"300" help:"Rooms; room k has 1/(k+1) as many members and lines as the first."`
	Rate      float64       `json:"rate" default:"300" help:"Lines a second, in all rooms together."`
	HotRate   float64       `json:"hot_rate" default:"200" help:"Lines a second in the first room, besides."`
	Moderated int           `json:"moderated" default:"20" help:"Rooms whose broadcaster deletes, times out and bans, the largest ones."`
	Moderate  time.Duration `json:"moderate" default:"4s" help:"Each of them does all of this once in each."`
	Restless  time.Duration `json:"restless" default:"10ms" help:"In each a member of those who come and go parts and joins, or reconnects."`
	Ping      time.Duration `json:"ping" default:"10s" help:"The server's --ping-interval; the slow member reads nothing for 4/5 of it, in every second one."`
	Duration  time.Duration `json:"duration" default:"90s" help:"Measured."`
	Warmup    time.Duration `json:"warmup" default:"10s" help:"Before that, not measured, but checked."`
	GrowthMax Size          `json:"growth_max" default:"64MB" help:"Of the server's memory, while it is measured: the last 65,536 lines are kept for those who come back."`
}

// Smoke is a day that fits beside other tests.
func (c MixedConfig) Smoke() Config {
	s := c
	s.Members, s.Rooms, s.Moderated, s.Restless, s.Moderate = 200, 10, 2, 20*time.Millisecond, 1500*time.Millisecond
	s.Ping, s.Duration, s.Warmup = 500*time.Millisecond, 2*time.Second, 500*time.Millisecond
	return &s
}

const (
	mixedTextBytes  = 120
	mixedPublishers = 20
	tagged          = "twitch.tv/tags twitch.tv/commands"
	quietRoom       = "#quiet" // where nobody speaks
)

// kind is one sort of client.
type kind struct {
	name  string
	share float64 // of all members; 0 is one member
	load.SwarmConfig
}

// kinds are all of them. Rooms, names and addresses are filled in by muster.
var kinds = []kind{
	{"WebSocket", 0.30, load.SwarmConfig{Wire: load.WebSocket}},
	{"WebSocket, tags", 0.20, load.SwarmConfig{Wire: load.WebSocket, Caps: tagged}},
	{"WebSocket, tags, deflate", 0.20, load.SwarmConfig{Wire: load.WebSocket, Caps: tagged, Deflate: true}},
	{"TCP", 0.10, load.SwarmConfig{Wire: load.TCP}},
	{"TCP, tags", 0.10, load.SwarmConfig{Wire: load.TCP, Caps: tagged}},
	{restlessKind, 0.05, load.SwarmConfig{Wire: load.WebSocket, Caps: tagged + " uproar/resume", Resume: true}},
	{idleKind, 0.05, load.SwarmConfig{Wire: load.WebSocket, Room: quietRoom}},
	{slowKind, 0, load.SwarmConfig{Wire: load.WebSocket, Caps: tagged}},
}

const (
	restlessKind = "come and go"
	idleKind     = "idle, own room"
	slowKind     = "slow, hot room"
)

// MixedKind is what one kind of client saw. Faults count from its first line, all else
// from the end of the warm-up.
type MixedKind struct {
	Name       string    `json:"name"`
	Members    int       `json:"members"`
	Deliveries int64     `json:"deliveries"`
	P50        float64   `json:"p50_ms"`
	P99        float64   `json:"p99_ms"`
	Max        float64   `json:"max_ms"`
	Pinged     int64     `json:"pinged"`      // members that were sent a PING, which all answer
	Cleared    int64     `json:"cleared"`     // CLEARCHAT and CLEARMSG
	ClearedAll int64     `json:"cleared_all"` // that there were for them; 0 for those whom nobody counted
	Packed     int64     `json:"packed"`      // compressed messages
	Notices    int64     `json:"notices"`     // those that tell of lines missed too
	Faults     Faults    `json:"faults"`
	Remark     string    `json:"remark,omitempty"`
	Fate       load.Fate `json:"fate"` // of the slow one
}

// MixedResult is what all saw.
type MixedResult struct {
	Kinds      []MixedKind `json:"kinds"`
	Lines      int64       `json:"lines"` // said and accepted, the warm-up's too
	Unsent     int64       `json:"unsent"`
	Refused    int64       `json:"refused"` // lines of those who should be heard
	CPUMicros  float64     `json:"cpu_us_per_delivery"`
	Cores      float64     `json:"server_cores"`
	RSSBefore  int64       `json:"rss_before"`
	RSS        int64       `json:"rss"`
	Kept       int64       `json:"kept"` // events, at the end, for those who come back
	GrowthMax  int64       `json:"growth_max"`
	Moderation Moderation  `json:"moderation"`
	Returns    Returns     `json:"returns"`
	Remark     string      `json:"remark,omitempty"`
}

// Returns is how often members left and came back.
type Returns struct {
	Parted  int64   `json:"parted"` // and joined again on the same connection
	Left    int64   `json:"left"`   // with their connection
	Back    int64   `json:"back"`   // of both
	Refused int64   `json:"refused"`
	AwayP50 float64 `json:"away_p50_ms"`
	AwayP99 float64 `json:"away_p99_ms"`
}

// Run measures Uproar.
func (c *MixedConfig) Run(ctx context.Context, shop *Workshop) (Result, error) {
	server, err := shop.EdgeServer(ctx, target.EdgeConfig{Wire: load.WebSocket, PingInterval: c.Ping, Args: everyRule})
	if err != nil {
		return nil, err
	}
	defer server.Stop(stopGrace)
	m := &mixed{config: c, shop: shop, server: server, chat: newChat(server.Publishers, c.Rooms, mixedTextBytes)}
	defer m.disperse()
	shop.Log("mixed: %d members of %d kinds in %d rooms", c.Members, len(kinds), c.Rooms)
	if err := m.muster(ctx); err != nil {
		return nil, fmt.Errorf("%w; the server said:\n%s", err, server.Output())
	}
	r := &MixedResult{GrowthMax: int64(c.GrowthMax)}
	return r, m.run(ctx, r)
}

// mixed is a run of the scenario.
type mixed struct {
	config *MixedConfig
	shop   *Workshop
	server *target.Server
	chat   *chat
	groups []*group
	lines  *load.Publisher // all rooms
	hot    *load.Publisher // the first one
	police *police
}

// group is the members of one kind.
type group struct {
	kind
	members int
	swarm   *load.Swarm
	cancel  context.CancelFunc
	over    chan error
	before  load.Tally // when the measurement began
}

// muster has everybody come.
func (m *mixed) muster(ctx context.Context) error {
	c := m.config
	writers, hot := numberedNames("writer", mixedPublishers), numberedNames("hot", mixedPublishers/2)
	names := append(append(append([]string(nil), writers...), hot...), numberedNames("victim", c.Moderated)...)
	addrs := map[load.Wire]string{load.WebSocket: m.server.Members, load.TCP: m.server.Publishers}
	first := 0
	for _, k := range kinds {
		g := &group{kind: k, members: max(1, int(k.share*float64(c.Members))), over: make(chan error, 1)}
		g.Addr, g.First, g.Nicks, g.TextBytes, g.Rooms = addrs[k.Wire], first, names, mixedTextBytes, c.Rooms
		if k.name == slowKind {
			g.First, g.Rooms, g.Room = 0, 1, load.RoomName(load.DefaultRoom, c.Rooms, 0)
		}
		if k.name == idleKind {
			g.Rooms = 1
		}
		if k.Resume {
			g.Return = []string{g.Addr}
		}
		first += g.members
		if err := m.enter(ctx, g); err != nil {
			return err
		}
	}
	var err error
	if m.lines, err = m.publisher(ctx, load.PublisherConfig{Rooms: c.Rooms, Nicks: writers, Rate: c.Rate}); err != nil {
		return err
	}
	if m.hot, err = m.publisher(ctx, load.PublisherConfig{Room: load.RoomName(load.DefaultRoom, c.Rooms, 0), Nicks: hot, Rate: c.HotRate}); err != nil {
		return err
	}
	m.police, err = newPolice(ctx, m.chat, c.Moderated, c.Moderate)
	return err
}

// enter has the members of g join.
func (m *mixed) enter(ctx context.Context, g *group) (err error) {
	if g.swarm, err = load.NewSwarm(g.SwarmConfig); err != nil {
		return err
	}
	var running context.Context
	running, g.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go func() { g.over <- g.swarm.Run(running) }()
	m.groups = append(m.groups, g)
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	return g.swarm.Grow(ctx, g.members)
}

func (m *mixed) publisher(ctx context.Context, c load.PublisherConfig) (*load.Publisher, error) {
	c.Addr, c.TextBytes = m.server.Publishers, mixedTextBytes
	p, err := load.NewPublisher(c)
	if err != nil {
		return nil, err
	}
	return p, p.Connect(ctx)
}

// disperse ends those who talk, then the members.
func (m *mixed) disperse() {
	m.chat.end()
	for _, p := range []*load.Publisher{m.lines, m.hot} {
		if p != nil {
			p.Close()
		}
	}
	for _, g := range m.groups {
		g.cancel()
		<-g.over
		g.swarm.Close()
	}
}

// group returns that of a kind.
func (m *mixed) group(name string) *group {
	for _, g := range m.groups {
		if g.name == name {
			return g
		}
	}
	panic("BUG: no kind of clients is called " + name)
}

// run is the day.
func (m *mixed) run(ctx context.Context, r *MixedResult) error {
	c := m.config
	start := load.Now() + int64(20*time.Millisecond)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	published := make(chan error, 2)
	for _, p := range []struct {
		*load.Publisher
		rate float64
	}{{m.lines, c.Rate}, {m.hot, c.HotRate}} {
		go func() { published <- p.Run(ctx, start, int64(p.rate*(c.Warmup+c.Duration).Seconds())) }()
	}
	m.police.patrol()
	m.unsettle(r)
	err := m.watch(ctx, r, start)
	if err != nil {
		cancel()
	}
	for range cap(published) {
		if publishing := <-published; err == nil && publishing != nil {
			err = fmt.Errorf("%w; the server said:\n%s", publishing, m.server.Output())
		}
	}
	m.chat.end()
	if err != nil {
		return err
	}
	m.shop.Log("mixed: waiting for the last of %d lines", m.lines.SentTotal()+m.hot.SentTotal())
	if err := m.settle(ctx); err != nil {
		return err
	}
	return m.count(r)
}

// watch measures.
func (m *mixed) watch(ctx context.Context, r *MixedResult, start int64) error {
	c := m.config
	m.shop.Expect(c.Warmup + c.Duration + 5*time.Second)
	m.shop.Log("mixed: %v lines/s, and %v in the first room", c.Rate, c.HotRate)
	if err := pause(ctx, time.Duration(start-load.Now())+c.Warmup); err != nil {
		return err
	}
	for _, g := range m.groups {
		if err := g.swarm.Measure(load.Now()); err != nil {
			return err
		}
		g.before = g.swarm.Tally()
	}
	memory, err := meter.ReadMemory(m.server.Pid)
	if err != nil {
		return err
	}
	r.RSSBefore = memory.RSS
	before := m.deliveries()
	m.slacken()
	cpu, err := cpuOf(m.server.Pid, func() error { return pause(ctx, c.Duration) })
	if err != nil {
		return err
	}
	if memory, err = meter.ReadMemory(m.server.Pid); err != nil {
		return err
	}
	r.RSS = memory.RSS
	metrics, err := m.server.Metrics(ctx)
	if err != nil {
		return err
	}
	r.Kept = int64(metrics.Sum("uproar_recent_events"))
	r.CPUMicros, r.Cores = micros(cpu, int(m.deliveries()-before)), cpu.Seconds()/c.Duration.Seconds()
	return nil
}

// deliveries are those of all kinds.
func (m *mixed) deliveries() (n int64) {
	for _, g := range m.groups {
		n += g.swarm.Deliveries()
	}
	return n
}

// unsettle has members part and reconnect, in turn, until the chat ends.
func (m *mixed) unsettle(r *MixedResult) {
	g := m.group(restlessKind)
	m.chat.all.Go(func() {
		i := 0
		m.chat.regularly(load.Now()+int64(m.config.Warmup/2), m.config.Restless, func(int64) {
			i++
			switch member := i * 7919 % g.members; {
			case i%2 == 0 && g.swarm.Part(member):
				r.Returns.Parted++
			case i%2 == 1 && g.swarm.Leave(member):
				r.Returns.Left++
			}
		})
	})
}

// slacken has the slow member not read for most of every PING's time, but not so long that
// it would be taken for dead, until the chat ends.
func (m *mixed) slacken() {
	g := m.group(slowKind)
	m.chat.all.Go(func() {
		m.chat.regularly(load.Now(), 2*m.config.Ping, func(int64) {
			g.swarm.Pause(0) // fails only when the swarm has ended, and then so does the chat
			pause(m.chat.ctx, m.config.Ping*4/5)
			g.swarm.Resume(0)
		})
	})
}

// saidIn is how many lines were accepted in each room of a group's.
func (m *mixed) saidIn(g *group) []int64 {
	if g.name == idleKind {
		return []int64{0}
	}
	all := make([]int64, m.config.Rooms)
	for k, n := range m.lines.SentIn() {
		all[k] = n + m.chat.mu.acceptedIn[k]
	}
	all[0] += m.hot.SentIn()[0]
	return all[:g.Rooms]
}

// settle waits until everybody has everything, or long enough.
func (m *mixed) settle(ctx context.Context) error {
	missing := func() (n int64) {
		for _, g := range m.groups {
			n += max(0, g.swarm.LostIn(m.saidIn(g))-g.swarm.Told())
		}
		return n
	}
	for end := time.Now().Add(10 * time.Second); missing() > 0 && time.Now().Before(end); {
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}
