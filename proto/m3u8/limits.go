package m3u8

import (
	"fmt"
	"time"
)

// Bounds of what a parser takes. A playlist beyond one of them is refused.
const (
	BytesMax     = 8 << 20 // of a playlist: 24 h in segments of 2 s are 2 MB
	LineBytesMax = 8 << 10 // of a line without its end
	SegmentsMax  = 100_000
	PartsMax     = 512     // of one segment
	NumberMax    = 1 << 53 // of a sequence number, an offset or a length
	DurationMax  = 24 * time.Hour

	attrsMax      = 64  // of one tag
	tagsMax       = 64  // that this package does not know, at one segment
	keysMax       = 8   // that count for one segment
	hintsMax      = 4   // preload hints
	reportsMax    = 64  // rendition reports
	dateRangesMax = 512 //
	headMax       = 64  // lines of the head
	variantsMax   = 512 // variants, and as many renditions
)

// Error says where a playlist breaks the rules, and which.
type Error struct {
	Line   int // from 1; 0: the playlist as a whole
	Reason string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return "playlist: " + e.Reason
	}
	return fmt.Sprintf("playlist, line %d: %s", e.Line, e.Reason)
}

func fault(format string, args ...any) *Error {
	return &Error{Reason: fmt.Sprintf(format, args...)}
}
