package main

import (
	"fmt"
	"io"
	"net"
	"regexp"
	"time"

	"github.com/alecthomas/kong"

	"uproar/core/clue"
	"uproar/edge/engine"
)

// options are the flags; each is also an environment variable UPROAR_… and a key of
// the config file. Rates are lines per time, "20/30s"; "0" or "off" turns one off, as 0
// does every other limit that is a number. Timeouts cannot be off.
type options struct {
	Config      configFlag `placeholder:"FILE" help:"Read flags from a YAML file; --print-config writes one."`
	PrintConfig bool       `help:"Print the effective configuration and exit."`
	CheckConfig bool       `help:"Check the configuration and its files of tokens and emotes, and exit."`

	IRCAddr   string `name:"irc-addr" default:":6667" help:"IRC over TCP. Port 0 picks a free one, here and below." group:"Ports"`
	HTTPAddr  string `name:"http-addr" default:":8080" help:"The page, IRC over WebSocket, and video." group:"Ports"`
	AdminAddr string `name:"admin-addr" default:"127.0.0.1:9090" help:"Metrics, health, profiles, the operators' API, and where packagers push video; keep it private." group:"Ports"`
	ReusePort bool   `help:"Share the IRC, HTTP and link ports with other processes (SO_REUSEPORT)." group:"Ports"`

	ServerName string `default:"tmi.twitch.tv" help:"Name in every line from the server. Twitch libraries insist on tmi.twitch.tv." group:"Chat"`
	Auth       string `enum:"open,tokens" default:"open" help:"Who may log in: open (any oauth: token is its nick's, for trying out) or tokens (those of --tokens)." group:"Chat"`
	Tokens     string `type:"path" placeholder:"FILE" help:"Lines of: token login [display]. Read again on SIGHUP." group:"Chat"`

	Rooms  string `enum:"open,created" default:"open" help:"Which rooms exist: open (any that somebody joins) or created (those that the store knows)." group:"Chat"`
	Emotes string `type:"path" placeholder:"FILE" help:"Emotes, as lines of: id name. Read again on SIGHUP." group:"Chat"`

	Data              string        `default:"uproar.db" help:"File that keeps bans, roles and modes; empty: memory alone." group:"Store"`
	Redis             []string      `placeholder:"HOST:PORT" help:"Keep state on Redis instead: one server, several, or some nodes of a cluster." group:"Store"`
	RedisMode         string        `enum:"auto,single,sharded,cluster" default:"auto" help:"What the Redis servers are; auto asks them." group:"Store"`
	RedisUser         string        `placeholder:"NAME" help:"User of Redis; empty: its default one." group:"Store"`
	RedisPasswordFile string        `type:"path" placeholder:"FILE" help:"File with that user's password." group:"Store"`
	RedisTLS          bool          `name:"redis-tls" help:"Speak TLS with Redis." group:"Store"`
	RedisCA           string        `name:"redis-ca" type:"path" placeholder:"FILE" help:"Certificates, in PEM, that vouch for Redis; without it those of this machine." group:"Store"`
	Env               string        `default:"prod" help:"Part of every key in Redis: a test fleet cannot touch another's." group:"Store"`
	StoreTimeout      time.Duration `default:"100ms" help:"For one round trip to the store." group:"Store"`
	ClueTimeout       time.Duration `default:"250ms" help:"For a line to be decided; then its sender is told to try again." group:"Store"`
	EdgeTimeout       time.Duration `default:"1s" help:"For the answer to reach the edge; then it tells the sender so by itself." group:"Store"`

	Roles          []string `default:"edge,clue,exchange,origin,hls" help:"What this process does: edge (chat's clients), clue (decides lines), exchange (carries lines to the edges below it), origin (takes video), hls (serves video)." group:"Fleet"`
	LinkAddr       string   `placeholder:"HOST:PORT" help:"Where other processes of the fleet reach the roles clue and exchange of this one." group:"Fleet"`
	LinkSecretFile string   `type:"path" placeholder:"FILE" help:"File with the secret that all processes of the fleet share; needed off loopback." group:"Fleet"`
	Clue           []string `placeholder:"HOST:PORT" help:"Processes that decide lines, for one without the role clue; each room has one." group:"Fleet"`
	Exchange       []string `placeholder:"HOST:PORT" help:"Relays, any of which brings an edge its lines; without it they come from Redis." group:"Fleet"`
	Upstream       []string `default:"redis" placeholder:"redis|HOST:PORT" help:"Where the role exchange has its lines from: redis, or relays above this one." group:"Fleet"`
	Trace          bool     `help:"Remember by which hops the last lines have passed, for tools/trace." group:"Operation"`

	HLSUpstream   []string      `name:"hls-upstream" placeholder:"HOST:PORT" help:"Nodes that the role hls has video from: the HTTP ports of others. Without it, the role origin of this process." group:"Video"`
	HLSBytes      int           `name:"hls-bytes" default:"536870912" help:"Bytes of video that the role hls keeps in memory." group:"Video"`
	HLSSecretFile string        `name:"hls-secret-file" type:"path" placeholder:"FILE" help:"Only who has an address signed with this file's secret may watch." group:"Video"`
	HLSURL        string        `name:"hls-url" placeholder:"URL" help:"What viewers reach this process by, http://HOST[:PORT]; with --redis it is found under it." group:"Video"`
	HLSRegion     string        `name:"hls-region" placeholder:"EU-DE" help:"Where this process is: continent, or continent and country." group:"Video"`
	GeoIP         string        `name:"geoip" type:"path" placeholder:"FILE" help:"MaxMind file of countries, by which viewers are sent to a node of their region." group:"Video"`
	VideoPart     time.Duration `default:"1s" help:"Longest part of low latency that the role origin cuts from a stream of fragments." group:"Video"`
	VideoSegment  time.Duration `default:"4s" help:"Length of the segments that it cuts." group:"Video"`
	VideoDir      string        `default:"uproar-video" help:"Folder where the role origin keeps broadcasts; made by the first; empty: memory alone." group:"Video"`
	VideoBytes    int64         `default:"10737418240" help:"Bytes of broadcasts in it; beyond, the oldest go." group:"Video"`
	VideoAge      time.Duration `default:"168h" help:"For how long a broadcast is kept that has ended." group:"Video"`

	RateLimitVerified clue.Rate     `default:"7500/30s" help:"Lines of one verified account." group:"Limits"`
	JoinLimitVerified clue.Rate     `default:"2000/10s" help:"Rooms joined by one verified account." group:"Limits"`
	LineGap           time.Duration `default:"1s" help:"Least time between two lines of a viewer in a room." group:"Limits"`
	RateLimit         clue.Rate     `default:"20/30s" help:"Lines of one account." group:"Limits"`
	RateLimitMod      clue.Rate     `default:"100/30s" help:"Lines of one account where it moderates." group:"Limits"`
	DuplicateWindow   time.Duration `default:"30s" help:"The same text again is refused for this long." group:"Limits"`
	JoinLimit         clue.Rate     `default:"20/10s" help:"Rooms joined by one account; anonymous readers are free." group:"Limits"`
	AuthLimit         clue.Rate     `default:"20/10s" help:"Logins of one account." group:"Limits"`
	AuthLimitVerified clue.Rate     `default:"2000/10s" help:"Logins of one verified account." group:"Limits"`
	FloodLimit        clue.Rate     `default:"3000/10s" help:"Lines of one connection, whatever they are; beyond, it is closed." group:"Limits"`
	RoomsMax          int           `default:"100" help:"Rooms of one connection at a time." group:"Limits"`
	MaxConns          int           `default:"0" help:"Open connections; 0: as many as RLIMIT_NOFILE allows." group:"Limits"`
	MaxConnsPerIP     int           `name:"max-conns-per-ip" default:"100" help:"Open connections of one address." group:"Limits"`
	HeaderTimeout     time.Duration `default:"10s" help:"For a whole HTTP request to come." group:"Limits"`
	IdleTimeout       time.Duration `default:"60s" help:"Between HTTP requests of one connection." group:"Limits"`
	RegisterTimeout   time.Duration `default:"15s" help:"For a client to log in." group:"Limits"`
	PingInterval      time.Duration `default:"5m" help:"Silence after which a client is sent PING." group:"Limits"`
	PingTimeout       time.Duration `default:"30s" help:"Silence after that PING before it is closed." group:"Limits"`
	MembershipWindow  time.Duration `default:"10s" help:"JOIN and PART of others are told once in this time." group:"Limits"`

	Loops          int           `default:"0" help:"Event loops; 0: one per processor." group:"Fan-out"`
	FanoutDuty     float64       `default:"5" help:"A room waits this many times as long as its last write to all took, but not over 20ms while its loop has time to spare." group:"Fan-out"`
	FanoutDelayMax time.Duration `default:"500ms" help:"Nor over this when it has not." group:"Fan-out"`
	OutboxBytes    int           `default:"32768" help:"Bytes held back for one slow member; beyond, lines are left out and it is told." group:"Fan-out"`
	WSDeflate      bool          `name:"ws-deflate" default:"true" negatable:"" help:"Compress what many WebSockets read, for those that offer it (RFC 7692)." group:"Fan-out"`
	SlowTimeout    time.Duration `default:"30s" help:"A member that reads nothing for this long is closed." group:"Fan-out"`

	DrainTimeout time.Duration `default:"10s" help:"On SIGTERM, connections are told to reconnect and closed over this time. A second signal ends at once." group:"Operation"`
	LogLevel     string        `enum:"debug,info,warn,error" default:"info" help:"Least level that is logged." group:"Operation"`
	LogFormat    string        `enum:"auto,text,json" default:"auto" help:"auto: coloured on a terminal, text elsewhere." group:"Operation"`
}

const about = `Uproar's edge: chat, Twitch-flavoured IRC over TCP and WebSocket, and live video (HLS).

Without flags it serves chat on :6667 (IRC) and :8080 (a page, WebSocket), and there the
video that is pushed to 127.0.0.1:9090, with no other server needed. Every flag is also an environment variable, --irc-addr as
UPROAR_IRC_ADDR, and a key of the --config file, as irc-addr.

Processes with the same --redis share rooms; --roles sets apart who has clients, who
decides and who carries lines: see "Fleets" in README.md, and "Video" for its tiers.`

// parse reads flags, environment and config file. A bad one ends the process with
// exitUsage and one line that says which; --help ends it with exitOK.
func parse(args []string, out, errs io.Writer) (*options, *kong.Kong, int, bool) {
	var o options
	code, ended := exitOK, false
	k, err := kong.New(&o,
		kong.Name("uproar"), kong.Description(about), kong.UsageOnError(),
		kong.DefaultEnvars("UPROAR"), kong.Configuration(readConfig),
		kong.ValueFormatter(func(v *kong.Value) string { return v.Help }), // without each variable's name
		kong.Writers(out, errs), kong.Exit(func(c int) { code, ended = c, true }))
	if err != nil {
		panic("BUG: " + err.Error())
	}
	_, err = k.Parse(args)
	if ended {
		return nil, nil, code, false
	}
	if err == nil {
		err = o.check()
	}
	if err != nil {
		fmt.Fprintf(errs, "uproar: %v (see --help)\n", err)
		return nil, nil, exitUsage, false
	}
	return &o, k, exitOK, true
}

// serverName keeps the name from breaking the lines that it stands in.
var serverName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$`)

// check refuses what no flag alone shows. Flags are looked at in the order of --help.
func (o *options) check() error {
	for _, a := range []struct{ flag, addr string }{
		{"--irc-addr", o.IRCAddr}, {"--http-addr", o.HTTPAddr}, {"--admin-addr", o.AdminAddr},
	} {
		if err := checkAddr(a.addr); err != nil {
			return fmt.Errorf("%s: cannot read %q as host:port: %w", a.flag, a.addr, err)
		}
	}
	if !serverName.MatchString(o.ServerName) {
		return fmt.Errorf("--server-name: %q is no host name of 1 to 63 letters, digits, '.' and '-'", o.ServerName)
	}
	if o.Auth == "tokens" && o.Tokens == "" {
		return fmt.Errorf("--auth tokens: which? name a file with --tokens")
	}
	if o.Auth != "tokens" && o.Tokens != "" {
		return fmt.Errorf("--tokens: of no use without --auth tokens")
	}
	if err := o.checkRedis(); err != nil {
		return err
	}
	if err := o.checkFleet(); err != nil {
		return err
	}
	if err := o.checkVideo(); err != nil {
		return err
	}
	if err := o.checkLimits(); err != nil {
		return err
	}
	if o.Loops < 0 || o.Loops > engine.LoopsMax {
		return fmt.Errorf("--loops: %d is not 0 to %d", o.Loops, engine.LoopsMax)
	}
	if !(o.FanoutDuty >= 0 && o.FanoutDuty <= 1000) { // NaN is neither
		return fmt.Errorf("--fanout-duty: %v is not 0 to 1000", o.FanoutDuty)
	}
	if o.FanoutDelayMax < 0 {
		return fmt.Errorf("--fanout-delay-max: %v is negative", o.FanoutDelayMax)
	}
	if o.OutboxBytes <= 0 {
		return fmt.Errorf("--outbox-bytes: %d is not above 0", o.OutboxBytes)
	}
	return nil
}

func (o *options) checkLimits() error {
	if o.StoreTimeout >= o.ClueTimeout && o.ClueTimeout > 0 {
		return fmt.Errorf("--store-timeout: %v is not below --clue-timeout, %v", o.StoreTimeout, o.ClueTimeout)
	}
	if o.ClueTimeout+o.StoreTimeout >= o.EdgeTimeout && o.EdgeTimeout > 0 {
		return fmt.Errorf("--edge-timeout: %v is not above --clue-timeout and --store-timeout together, %v", o.EdgeTimeout, o.ClueTimeout+o.StoreTimeout)
	}
	for _, r := range []struct {
		flag string
		rate clue.Rate
	}{
		{"--rate-limit", o.RateLimit}, {"--rate-limit-mod", o.RateLimitMod}, {"--rate-limit-verified", o.RateLimitVerified},
		{"--join-limit", o.JoinLimit}, {"--join-limit-verified", o.JoinLimitVerified},
		{"--auth-limit", o.AuthLimit}, {"--auth-limit-verified", o.AuthLimitVerified}, {"--flood-limit", o.FloodLimit},
	} {
		if r.rate.N > 0 && (r.rate.Per < time.Millisecond || r.rate.Per > 24*time.Hour) {
			return fmt.Errorf("%s: a window of %v is not 1ms to 24h", r.flag, r.rate.Per)
		}
	}
	for _, n := range []struct {
		flag  string
		value int
	}{
		{"--rooms-max", o.RoomsMax}, {"--max-conns", o.MaxConns}, {"--max-conns-per-ip", o.MaxConnsPerIP},
	} {
		if n.value < 0 {
			return fmt.Errorf("%s: %d is negative", n.flag, n.value)
		}
	}
	for _, d := range []struct {
		flag string
		time time.Duration
	}{
		{"--store-timeout", o.StoreTimeout}, {"--clue-timeout", o.ClueTimeout}, {"--edge-timeout", o.EdgeTimeout},
		{"--header-timeout", o.HeaderTimeout}, {"--idle-timeout", o.IdleTimeout},
		{"--register-timeout", o.RegisterTimeout}, {"--ping-interval", o.PingInterval},
		{"--ping-timeout", o.PingTimeout}, {"--membership-window", o.MembershipWindow},
		{"--slow-timeout", o.SlowTimeout}, {"--drain-timeout", o.DrainTimeout},
	} {
		if d.time <= 0 {
			return fmt.Errorf("%s: %v is not a time above 0", d.flag, d.time)
		}
	}
	if o.LineGap < 0 {
		return fmt.Errorf("--line-gap: %v is negative", o.LineGap)
	}
	if o.DuplicateWindow < 0 {
		return fmt.Errorf("--duplicate-window: %v is negative", o.DuplicateWindow)
	}
	return nil
}

func onLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
