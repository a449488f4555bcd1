package chat

import (
	"uproar/edge/engine"
	"uproar/proto/ws"
)

// encoded is events laid end to end, and where each ends: where it begins, for one that
// a variant is not told. buf is nil until needed, also of a batch that all read packed.
type encoded struct {
	buf    *engine.Buffer
	ends   []int
	stops  []int          // the events in front of which a new write begins, and their number
	packed *engine.Buffer // all of it compressed, or nil
}

// writeBytesMax is how many bytes one write of several lines carries that are not
// compressed. A slow member holds back whole writes, so it bounds them too; beyond 64 KiB
// a write costs by the byte.
const writeBytesMax = 64 << 10

// encode returns the batch as v reads it. Events are encoded at most once per set of
// capabilities; a WebSocket's frames are made from that. What is returned is good until
// the next call.
func (l *loop) encode(b *batch, v variant) *encoded {
	raw := &b.raw[int(v.caps)%rawVariants]
	if raw.buf == nil {
		raw.buf = l.NewBuffer()
		for _, e := range b.events {
			raw.buf.B = appendEvent(raw.buf.B, &l.hub.text, e, v.caps)
			raw.ends = append(raw.ends, len(raw.buf.B))
		}
		raw.cut()
	}
	if v.wire == WireTCP {
		return raw
	}
	f := &b.framed
	f.reset()
	if v.wire == WireDeflate && len(raw.buf.B) >= packBytesMin {
		f.packed = l.pack(raw)
		if len(b.marked) == 0 {
			return f // who reads it reads all of it
		}
	}
	f.buf = l.NewBuffer()
	f.frame(v.wire, raw.buf.B, raw.ends)
	return f
}

// frame appends lines, each in a frame of its own, so that single ones can be left out.
func (e *encoded) frame(wire Wire, lines []byte, ends []int) {
	start := 0
	for _, end := range ends {
		switch {
		case start == end:
		case wire == WireTCP:
			e.buf.B = append(e.buf.B, lines[start:end]...)
		default:
			e.buf.B = appendFrames(e.buf.B, wire, lines[start:end])
		}
		e.ends = append(e.ends, len(e.buf.B))
		start = end
	}
	e.cut()
}

// cut sets where writes end, so that each but that of one long event is within
// writeBytesMax.
func (e *encoded) cut() {
	start, last := 0, 0
	for i, end := range e.ends {
		if end-start > writeBytesMax && last > start {
			e.stops = append(e.stops, i)
			start = last
		}
		last = end
	}
	e.stops = append(e.stops, len(e.ends))
}

// writes is how many writes the whole is to one member.
func (e *encoded) writes() int {
	if e.packed != nil {
		return 1
	}
	return len(e.stops)
}

// packBytesMin is from which length on lines are compressed: one without tags is not
// worth it.
const packBytesMin = 200

// packedBytesMax bounds a compressed message, in bytes before compression: libraries
// bound what they read, the strictest at 32 KiB, and from there on a longer one has
// nothing to win, for that is how far back deflate can point.
const packedBytesMax = 32_000

// pack compresses raw lines into one message, or as few as packedBytesMax allows. They
// are the same for every member, since no connection has a window of its own.
func (l *loop) pack(raw *encoded) *engine.Buffer {
	if l.compressor == nil {
		l.compressor = ws.NewCompressor()
	}
	packed, lines := l.NewBuffer(), raw.buf.B
	start, last := 0, 0
	for _, end := range raw.ends {
		if end-start > packedBytesMax && last > start {
			packed.B = l.compressor.AppendMessage(packed.B, ws.OpText, lines[start:last])
			start = last
		}
		last = end
	}
	packed.B = l.compressor.AppendMessage(packed.B, ws.OpText, lines[start:])
	l.hub.meters.deflateIn.Add(len(lines))
	l.hub.meters.deflateOut.Add(len(packed.B))
	return packed
}

func (e *encoded) reset() {
	if e.buf != nil {
		e.buf.Release()
	}
	if e.packed != nil {
		e.packed.Release()
	}
	e.buf, e.packed, e.ends, e.stops = nil, nil, e.ends[:0], e.stops[:0]
}
