package hls

import "bytes"

// Prefix begins the path of everything that a Node serves.
const Prefix = "/hls/"

// Playlist is the name of every playlist.
const Playlist = "index.m3u8"

// Bounds of the parts of a Path, in bytes.
const (
	channelBytesMax = 25 // as a login of chat
	partBytesMax    = 64
	nameBytesMax    = 128
)

// Kind is what a Path names.
type Kind uint8

const (
	KindMaster  Kind = iota // CHANNEL/index.m3u8 or CHANNEL/BROADCAST/index.m3u8: a multivariant playlist
	KindMedia               // CHANNEL/BROADCAST/RENDITION/index.m3u8: a media playlist
	KindSegment             // CHANNEL/BROADCAST/RENDITION/NAME: a segment, part or initialisation section
)

// Path names one thing of the tier, below Prefix. A broadcast is one run of a channel: its
// id is never used again, so that no cache can take a segment of another run for this one's.
type Path struct {
	Kind      Kind
	Channel   string
	Broadcast string // empty: the one that is live
	Rendition string // empty in a KindMaster
	Name      string // of the file; Playlist in a KindMaster and a KindMedia
}

// ParsePath reads a path of a request, with its Prefix. It takes unreserved characters of
// RFC 3986 alone, and so no encoded ones, no empty part and no part that begins with a dot.
// The Path holds copies.
func ParsePath(path []byte) (p Path, ok bool) {
	rest, ok := bytes.CutPrefix(path, []byte(Prefix))
	if !ok {
		return Path{}, false
	}
	var parts [4][]byte
	n := 0
	for part := range bytes.SplitSeq(rest, []byte{'/'}) {
		if n == len(parts) || !plain(part) {
			return Path{}, false
		}
		parts[n] = part
		n++
	}
	if n < 2 || !validChannel(parts[0]) || len(parts[n-1]) > nameBytesMax {
		return Path{}, false
	}
	p = Path{Channel: string(parts[0]), Name: string(parts[n-1])}
	for _, part := range parts[1 : n-1] {
		if len(part) > partBytesMax {
			return Path{}, false
		}
	}
	if n > 2 {
		p.Broadcast = string(parts[1])
	}
	if n > 3 {
		p.Rendition, p.Kind = string(parts[2]), KindSegment
		if p.Name == Playlist {
			p.Kind = KindMedia
		}
	}
	return p, p.Kind != KindMaster || p.Name == Playlist
}

// String is the path as ParsePath reads it.
func (p Path) String() string {
	s := Prefix + p.Channel + "/"
	if p.Broadcast != "" {
		s += p.Broadcast + "/"
	}
	if p.Rendition != "" {
		s += p.Rendition + "/"
	}
	return s + p.Name
}

func plain[T string | []byte](part T) bool {
	for i := range len(part) {
		c := part[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.') {
			return false
		}
	}
	return len(part) > 0 && part[0] != '.'
}

func validChannel(b []byte) bool {
	for _, c := range b {
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_') {
			return false
		}
	}
	return len(b) > 0 && len(b) <= channelBytesMax
}

// Reload is what a viewer asks of a media playlist beyond its path: the delivery directives
// of section 6.2.5 of the specification.
type Reload struct {
	MSN  int64 // _HLS_msn: wait for this media sequence number; -1: none
	Part int64 // _HLS_part: wait for this part of it; -1: none. Without MSN it is an error, status 400
	Skip Skip  // _HLS_skip
}

// NoReload asks for the playlist as it is.
var NoReload = Reload{MSN: -1, Part: -1}

// Skip is the value of _HLS_skip.
type Skip uint8

const (
	SkipNo  Skip = iota
	SkipYes      // leave older segments out
	SkipV2       // and date ranges
)
