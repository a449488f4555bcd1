package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"uproar/core/hls"
	"uproar/core/hls/find"
	"uproar/core/hls/origin"
	"uproar/core/hls/tier"
	"uproar/core/store"
	"uproar/edge/web"
)

// video is the parts of a process with the role hls.
type video struct {
	origin *origin.Origin // nil without the role
	dir    videoDir       // its
	tier   *tier.Source   // nil with it
	node   *hls.Node
	finder *find.Finder
	geo    *find.Geo // nil without --geoip
	secret []byte
}

// checkVideo refuses roles of video that could not do their work, and what would be left
// unused without a word.
func (o *options) checkVideo() error {
	serves, takes := o.has(roleHLS), o.has(roleOrigin)
	switch {
	case takes && !serves:
		return fmt.Errorf("--roles origin: nobody could watch what it takes: add the role hls")
	case takes && len(o.HLSUpstream) > 0:
		return fmt.Errorf("--hls-upstream: of no use in a process that has the role origin itself; leave origin out of --roles")
	case serves && !takes && len(o.HLSUpstream) == 0:
		return fmt.Errorf("--roles hls: where does its video come from? name nodes above with --hls-upstream, or add the role origin")
	}
	for _, f := range []struct {
		flag string
		set  bool
	}{
		{"--hls-upstream", len(o.HLSUpstream) > 0}, {"--hls-secret-file", o.HLSSecretFile != ""},
		{"--hls-url", o.HLSURL != ""}, {"--hls-region", o.HLSRegion != ""}, {"--geoip", o.GeoIP != ""},
	} {
		if f.set && !serves {
			return fmt.Errorf("%s: of no use without the role hls", f.flag)
		}
	}
	for i, addr := range o.HLSUpstream {
		if err := checkAddr(addr); err != nil {
			return fmt.Errorf("--hls-upstream: cannot read %q as host:port: %w", addr, err)
		}
		if slices.Contains(o.HLSUpstream[:i], addr) {
			return fmt.Errorf("--hls-upstream: %q stands there twice", addr)
		}
	}
	if len(o.HLSUpstream) > tier.NodesMax {
		return fmt.Errorf("--hls-upstream: %d nodes, at most %d are possible", len(o.HLSUpstream), tier.NodesMax)
	}
	return o.checkVideoValues()
}

// hlsBytesLeast holds some segments of several channels.
const hlsBytesLeast = 16 << 20

func (o *options) checkVideoValues() error {
	if o.HLSBytes < hlsBytesLeast {
		return fmt.Errorf("--hls-bytes: %d is below %d", o.HLSBytes, hlsBytesLeast)
	}
	if o.VideoBytes <= 0 {
		return fmt.Errorf("--video-bytes: %d is not above 0", o.VideoBytes)
	}
	if o.VideoPart < 100*time.Millisecond || o.VideoPart > o.VideoSegment {
		return fmt.Errorf("--video-part: %v is not 100ms to --video-segment, %v", o.VideoPart, o.VideoSegment)
	}
	if o.VideoSegment < time.Second || o.VideoSegment > time.Minute {
		return fmt.Errorf("--video-segment: %v is not 1s to 1m", o.VideoSegment)
	}
	if o.VideoAge <= 0 {
		return fmt.Errorf("--video-age: %v is not a time above 0", o.VideoAge)
	}
	if o.HLSURL != "" {
		if err := find.CheckURL(o.HLSURL); err != nil {
			return fmt.Errorf("--hls-url: %w", err)
		}
	}
	if o.HLSRegion != "" {
		if _, err := find.ParseRegion(o.HLSRegion); err != nil {
			return fmt.Errorf("--hls-region: %w", err)
		}
	}
	return nil
}

// hlsSecret reads the secret that signs addresses; without a file there is none.
func (o *options) hlsSecret() ([]byte, error) {
	if o.HLSSecretFile == "" {
		return nil, nil
	}
	content, err := readSecret(o.HLSSecretFile)
	if err != nil {
		return nil, fmt.Errorf("cannot use --hls-secret-file: %w", err)
	}
	content = bytes.TrimSpace(content)
	if len(content) < secretBytesLeast {
		return nil, fmt.Errorf("cannot use --hls-secret-file: %q holds %d bytes, want at least %d; make one with: openssl rand -hex 32 >%s", o.HLSSecretFile, len(content), secretBytesLeast, o.HLSSecretFile)
	}
	return content, nil
}

// wireVideo makes what takes, keeps and finds video.
func (s *server) wireVideo() (err error) {
	if !s.o.has(roleHLS) {
		return nil
	}
	v := &s.video
	if v.secret, err = s.o.hlsSecret(); err != nil {
		return &codedError{err, exitFile}
	}
	if s.o.GeoIP != "" {
		if v.geo, err = find.OpenGeo(s.o.GeoIP); err != nil {
			return &codedError{fmt.Errorf("cannot use --geoip: %w", err), exitFile}
		}
	}
	source, err := s.videoSource()
	if err != nil {
		return err
	}
	v.node, err = hls.New(hls.Config{Source: source, BytesMax: int64(s.o.HLSBytes), Metrics: s.set, Log: s.log})
	if err != nil {
		return err
	}
	s.runs(v.node.Run)
	v.finder = find.New(s.finderConfig())
	s.runs(v.finder.Run)
	return nil
}

// videoSource is where the node has its video from.
func (s *server) videoSource() (source hls.Source, err error) {
	v := &s.video
	if !s.o.has(roleOrigin) {
		v.tier, err = tier.New(tier.Config{Nodes: s.o.HLSUpstream, Metrics: s.set})
		return v.tier, err
	}
	v.dir.path = s.o.VideoDir
	alone, err := v.dir.open()
	if err != nil {
		return nil, &codedError{fmt.Errorf("cannot use --video-dir: %w", err), exitFile}
	}
	v.origin, err = origin.New(origin.Config{
		Shared:     !alone,
		PartTarget: s.o.VideoPart, SegmentTarget: s.o.VideoSegment,
		Dir: s.o.VideoDir, ArchiveBytesMax: s.o.VideoBytes, ArchiveAgeMax: s.o.VideoAge, Metrics: s.set, Log: s.log,
	})
	if err != nil {
		return nil, &codedError{fmt.Errorf("cannot use --video-dir: %w", err), exitFile}
	}
	s.runs(v.origin.Run)
	return v.origin, v.dir.share()
}

func (s *server) finderConfig() find.Config {
	cfg := find.Config{
		ID: strconv.FormatUint(s.id, 36), URL: s.o.HLSURL, Region: find.Region(s.o.HLSRegion), Serves: s.video.tier != nil,
		Load: s.load(), Ending: s.ending.Load, Geo: s.video.geo, Timeout: cmp.Or(s.o.StoreTimeout, time.Second),
		Metrics: s.set, Log: s.log,
	}
	if posts, ok := s.store.(store.Posts); ok {
		cfg.Posts = posts
	}
	if s.video.origin != nil {
		cfg.Streams = s.liveStreams
	}
	return cfg
}

// load makes what says how much of the process is used, 0 to 1: of its connections, or of
// the time of its loops since it was last asked.
func (s *server) load() func() float64 {
	asked, worked := time.Now(), time.Duration(0)
	return func() float64 {
		if s.clients == nil {
			return 0
		}
		conns, connsMax, busy, loops := s.clients.Usage()
		now := time.Now()
		share := 0.0
		if passed := now.Sub(asked); loops > 0 && passed > 0 {
			share = float64(busy-worked) / float64(passed) / float64(loops)
		}
		asked, worked = now, busy
		return max(float64(conns)/float64(connsMax), min(share, 1))
	}
}

// liveStreams are those of this process' origin, for the finder.
func (s *server) liveStreams() []find.Stream {
	var streams []find.Stream
	for _, l := range s.video.origin.List() {
		one := find.Stream{Channel: l.Channel, Broadcast: l.Broadcast, Since: l.Since.UTC().Truncate(time.Millisecond), Renditions: []find.Rendition{}}
		for _, r := range l.Renditions {
			one.Renditions = append(one.Renditions, find.Rendition{
				Name: r.Name, Bandwidth: r.Bandwidth, Resolution: r.Resolution, Codecs: r.Codecs, LowLatency: r.LowLatency,
			})
		}
		streams = append(streams, one)
	}
	return streams
}

// webConfig is that of the HTTP port.
func (s *server) webConfig() web.Config {
	cfg := web.Config{
		HeaderTimeout: s.o.HeaderTimeout, IdleTimeout: s.o.IdleTimeout, Deflate: s.o.WSDeflate,
		Secret: s.video.secret, Metrics: s.set,
	}
	if s.video.node != nil {
		cfg.Videos, cfg.Finder = s.video.node, s.video.finder
	}
	return cfg
}

// pushes is where packagers push to; nil without the role origin.
func (v *video) pushes() http.Handler {
	if v.origin == nil {
		return nil
	}
	return v.dir.guard(v.origin)
}

// pushesMax is how many connections packagers may have. A process that has chat's clients
// too takes fewer descriptors from them.
func (s *server) pushesMax() int {
	switch {
	case s.video.origin == nil:
		return 0
	case s.o.has(roleEdge):
		return 128
	default:
		return 1024
	}
}

// close gives back what the parts hold; nobody uses them any more.
func (v *video) close() {
	v.dir.close()
	if v.tier != nil {
		v.tier.Close()
	}
	if v.geo != nil {
		_ = v.geo.Close()
	}
}

// endsWith marks the process as one that takes no viewers any more once ctx ends.
func endsWith(ctx context.Context, ending *atomic.Bool) (stop func() bool) {
	return context.AfterFunc(ctx, func() { ending.Store(true) })
}
