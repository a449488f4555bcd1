package hls

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// Config of a Node. Only Source must be set; what is 0 has the value that its comment gives.
type Config struct {
	Source Source

	BytesMax         int64 // of segments of live playlists in memory, readers' included; 1 GiB
	VODBytesMax      int64 // of all other segments; a quarter of BytesMax
	SegmentBytesMax  int64 // of one segment; a longer one is refused as 502; 64 MiB
	PlaylistBytesMax int64 // of one playlist; 4 MiB

	WaitersMax        int // viewers that wait, in all; beyond: 503; 1,000,000
	KeyWaitersMax     int // that wait for one thing; beyond: 503; 250,000
	FillsMax          int // segments under way that a playlist lists; beyond: 503; 1,024
	RenditionFillsMax int // of them, of one rendition; beyond: 503; 64
	StraysMax         int // fetches of what no playlist here lists, playlists not known yet included; beyond: 503; 128
	RenditionStrays   int // of them, of one rendition; beyond: 503; 4
	PlaylistsMax      int // known; beyond: one that nobody asks for goes, else 503; 4,096
	UnknownMax        int // names of playlists that are only asked for; beyond: the oldest goes; 1,024
	VerdictsMax       int // failures remembered for one rendition; beyond: the oldest goes; 64
	HopsMax           int // nodes that a request may have passed; beyond: 508; 6

	FillTimeout  time.Duration // of a fetch of a segment; what a hint announces has 3 target durations more; 20 s
	StallTimeout time.Duration // without a byte of its body; 5 s
	StaleMax     time.Duration // for which a playlist is served that cannot be refreshed; 60 s
	IdleAfter    time.Duration // without a request a playlist is not refreshed any more; 30 s

	Now     func() time.Time // time.Now
	Metrics *metrics.Set     // nil: metrics are counted for nobody
	Log     *slog.Logger     // nil: nothing is logged
}

// complete fills in what is not set.
func (c *Config) complete() error {
	if c.Source == nil {
		return errors.New("cannot make a node of the video tier without a source")
	}
	orElse(&c.BytesMax, 1<<30)
	orElse(&c.VODBytesMax, max(c.BytesMax/4, pageBytes))
	orElse(&c.SegmentBytesMax, 64<<20)
	orElse(&c.PlaylistBytesMax, 4<<20)
	orElse(&c.WaitersMax, 1_000_000)
	orElse(&c.KeyWaitersMax, 250_000)
	orElse(&c.FillsMax, 1024)
	orElse(&c.RenditionFillsMax, 64)
	orElse(&c.StraysMax, 128)
	orElse(&c.RenditionStrays, 4)
	orElse(&c.PlaylistsMax, 4096)
	orElse(&c.UnknownMax, 1024)
	orElse(&c.VerdictsMax, 64)
	orElse(&c.HopsMax, 6)
	orElse(&c.FillTimeout, 20*time.Second)
	orElse(&c.StallTimeout, 5*time.Second)
	orElse(&c.StaleMax, time.Minute)
	orElse(&c.IdleAfter, 30*time.Second)
	if c.BytesMax < pageBytes || c.VODBytesMax < pageBytes {
		return fmt.Errorf("cannot cache segments in %d and %d bytes: want %d at least", c.BytesMax, c.VODBytesMax, pageBytes)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Metrics == nil {
		c.Metrics = metrics.NewSet()
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

func orElse[T int | int64 | time.Duration](v *T, def T) {
	if *v == 0 {
		*v = def
	}
}
