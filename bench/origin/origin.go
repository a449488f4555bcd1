// Package origin is the upstream behind every cache that a benchmark measures: one small
// HTTP server, as a process of its own, of one broadcast whose playlists and segments follow
// from their names alone. It counts what it is asked, and notes when the last byte of each
// answer went out, so that a cache in front of it can be judged.
//
// It serves /hls/CHANNEL/index.m3u8, /hls/CHANNEL/BROADCAST/index.m3u8,
// /hls/CHANNEL/BROADCAST/RENDITION/index.m3u8 with _HLS_msn, and segments beside that. The
// process is this same program, started as `PROGRAM origin CONFIG`: main and TestMain call
// Run first.
package origin

import (
	"encoding/binary"
	"fmt"
	"time"
)

// Names of what is broadcast.
const (
	Channel   = "bench"
	Broadcast = "b1"
)

// Config is what an origin serves.
type Config struct {
	Renditions []Rendition   `json:"renditions"`
	Target     time.Duration `json:"target"` // of every segment: whole seconds
	Window     int           `json:"window"` // segments that a playlist lists
	Head       int64         `json:"head"`   // media sequence number of the newest
	Pace       time.Duration `json:"pace"`   // that a segment's bytes take to go out, evenly; 0: at once
}

// Rendition is one of the broadcast's.
type Rendition struct {
	Name  string `json:"name"`
	Bytes int    `json:"bytes"` // of each segment
}

// Record is what became of one path with its query.
type Record struct {
	Requests int     `json:"requests"`
	Ends     []int64 `json:"ends"` // when the last byte of each whole answer went out, on CLOCK_MONOTONIC; the first thousand
}

// MediaPath is where the media playlist of a rendition is.
func MediaPath(rendition string) string {
	return "/hls/" + Channel + "/" + Broadcast + "/" + rendition + "/index.m3u8"
}

// SegmentPath is where a segment is.
func SegmentPath(rendition string, msn int64) string {
	return "/hls/" + Channel + "/" + Broadcast + "/" + rendition + "/" + SegmentName(msn)
}

// SegmentName is that of a segment, in its rendition's playlist.
func SegmentName(msn int64) string { return fmt.Sprintf("segment-%08d.m4s", msn) }

// Body is what a segment consists of: bytes that no other has.
func Body(rendition string, msn int64, size int) []byte {
	x := uint64(msn)*0x9e3779b97f4a7c15 + 1
	for _, c := range []byte(rendition) {
		x = (x ^ uint64(c)) * 0x100000001b3
	}
	body := make([]byte, size+8)
	for i := 0; i < size; i += 8 { // xorshift64
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		binary.LittleEndian.PutUint64(body[i:], x)
	}
	return body[:size:size]
}
