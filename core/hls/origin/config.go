package origin

import (
	"log/slog"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// Config is what an Origin is made of. A zero bound takes its default.
type Config struct {
	// Dir is where broadcasts are kept; it is made when it is not there. Empty: nowhere, and
	// a segment is gone once the specification lets it go.
	Dir string
	// Shared says that another process uses Dir too: what is live there is its own, and not
	// taken up here. What either has ended, both serve.
	Shared bool

	ArchiveBytesMax int64         // of all broadcasts on disk; default 100 GiB
	ArchiveAgeMax   time.Duration // since the end of a broadcast; default 7 days

	MemoryBytesMax   int64 // of all files in memory; default 1 GiB. Beyond: a PUT is refused with 507
	SegmentBytesMax  int64 // of one body; default 64 MiB. Beyond: 413
	PlaylistBytesMax int64 // of one body; default 1 MiB. Beyond: 413
	ChannelsMax      int   // live at a time; default 1,000. Beyond: 507

	// SilenceMax is how long nothing may come of a broadcast before it has ended; at least 3
	// target durations count. Default 15 s.
	SilenceMax time.Duration
	// StallMax is how long a body may stand still. Default 30 s.
	StallMax time.Duration
	// BlockReload offers blocking reloads of classic playlists too. Playlists with parts have
	// them always (section 6.2.2).
	BlockReload bool
	// PartTarget is the longest part that is cut from a stream of fragments, SegmentTarget
	// the length of its segments. Defaults 1 s and 4 s. Of the window of a playlist that
	// the origin writes, see streamWindow.
	PartTarget, SegmentTarget time.Duration

	Metrics *metrics.Set
	Log     *slog.Logger
}

// Bounds that nobody needs to set.
const (
	renditionsMax   = 16               // of a broadcast; beyond: 507
	pendingMax      = 64               // files of a rendition that no playlist lists yet; beyond: 507
	pendingAgeMax   = time.Minute      // of such a file; beyond: let go
	runsMax         = 4                // of a channel in memory; beyond: the oldest is let go
	runAgeMin       = time.Second      // a run that is younger is not replaced by another: 409
	arrivalGrace    = time.Second      // a playlist waits so long for what it lists to arrive
	masterGrace     = time.Second      // a packager's multivariant playlist is waited for so long before the origin writes one
	firstChunkBytes = 8 << 10          // memory of a file begins with this
	readChunkBytes  = 64 << 10         // and grows in such steps
	sweepInterval   = time.Second      // what is past its time is let go of
	archiveInterval = 10 * time.Second // the archive is measured
	holdHintedMax   = 30 * time.Second // a request for a hinted part is held so long at most; then 404
	refusalTextMax  = 300              // bytes of a reason in an answer and a log line
	journalLineMax  = 64 << 10         // bytes
)

func (c *Config) setDefaults() {
	set := func(v *int64, d int64) {
		if *v <= 0 {
			*v = d
		}
	}
	span := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&c.ArchiveBytesMax, 100<<30)
	set(&c.MemoryBytesMax, 1<<30)
	set(&c.SegmentBytesMax, 64<<20)
	set(&c.PlaylistBytesMax, 1<<20)
	span(&c.ArchiveAgeMax, 7*24*time.Hour)
	span(&c.SilenceMax, 15*time.Second)
	span(&c.StallMax, 30*time.Second)
	span(&c.PartTarget, time.Second)
	span(&c.SegmentTarget, 4*time.Second)
	if c.ChannelsMax <= 0 {
		c.ChannelsMax = 1000
	}
	if c.Metrics == nil {
		c.Metrics = metrics.NewSet()
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}
