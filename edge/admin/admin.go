// Package admin is the port for those who run the server: metrics, health, profiles and
// the operators' API, over net/http. Whoever reaches it may do all of that without a
// password, and a viewer never should, so it listens on loopback unless told otherwise.
package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"golang.org/x/net/netutil"

	"uproar/core/clue"
	"uproar/core/hls"
	"uproar/core/store"
	"uproar/core/trace"
)

// Config of the port.
type Config struct {
	Addr    string
	Metrics *metrics.Set
	Ready   func() bool // whether load balancers should send clients here
	Log     *slog.Logger

	Video     http.Handler // takes what packagers push below hls.Prefix; nil: nothing is there
	PushesMax int          // connections besides for packagers, each of which has one or two for a rendition

	Process string          // who this is, among the processes of a fleet
	Trace   *trace.Recorder // nil: hops of lines are not kept

	// Of a process with the clue role; else Store is nil, and there is nothing to change.
	Store        Store           // what the API reads and changes
	StoreTimeout time.Duration   // of one call of it
	Changed      func(store.Key) // called for each change that was made, before its answer
	HotRooms     func() []clue.HotRoom
}

// connsMax bounds the connections, besides those for packagers; more wait until one ends.
// The port shares its process's descriptors with chat, which must never run out of them.
const connsMax = 64

// Server is the port. Listen binds it, Run serves it.
type Server struct {
	http     http.Server
	ln       net.Listener
	loopback bool // what ln is on
	cfg      Config
}

// New makes the port. It starts nothing.
func New(cfg Config) *Server {
	s := &Server{cfg: cfg}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", s.metrics)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("/api/", s.guard((&api{
		store: cfg.Store, timeout: cfg.StoreTimeout, changed: cfg.Changed, hot: cfg.HotRooms,
		process: cfg.Process, trace: cfg.Trace, log: cfg.Log,
	}).routes()))
	if cfg.Video != nil {
		mux.Handle(hls.Prefix, s.guard(unhurried(cfg.Video)))
	}
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	s.http = http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, WriteTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(cfg.Log.Handler(), slog.LevelWarn),
	}
	return s
}

// Listen binds the address, and returns it with the port that it got.
func (s *Server) Listen() (string, error) {
	ln, err := net.Listen("tcp", s.cfg.Addr)
	if err != nil {
		return "", fmt.Errorf("cannot listen for admin on %s: %w", s.cfg.Addr, err)
	}
	s.ln, s.loopback = netutil.LimitListener(ln, connsMax+s.cfg.PushesMax), onLoopback(ln)
	return ln.Addr().String(), nil
}

// Run serves until ctx ends. It comes after Listen.
func (s *Server) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = s.http.Close() })
	defer stop()
	if err := s.http.Serve(s.ln); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("cannot serve admin: %w", err)
	}
	return nil
}

// Close gives the address back when Run is not reached.
func (s *Server) Close() {
	if s.ln != nil {
		_ = s.ln.Close()
	}
}

// unhurried lets a request of next take longer than others: a packager sends a segment while
// it comes into being. How long a body may stand still is for next to say.
func unhurried(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
		next.ServeHTTP(w, r)
	})
}

func (s *Server) metrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	s.cfg.Metrics.WritePrometheus(w)
	metrics.WriteProcessMetrics(w)
}

func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	if !s.cfg.Ready() {
		http.Error(w, "not ready: starting or draining", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
}
