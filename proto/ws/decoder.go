package ws

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// Event is one thing that a client said.
type Event struct {
	// Op is OpText, OpBinary, OpPing, OpPong or OpClose; OpNone when a fragment was consumed, or bytes behind
	// the end of the conversation.
	Op Op
	// Code is what a close frame asks the server to echo: its code, CodeNormal when it has none. Only for OpClose.
	Code uint16
	// Payload is the whole message, unmasked; the reason for OpClose, where it is UTF-8. It aliases Decoder.Next's
	// input, and so is valid until that changes; that of a fragmented or compressed message is the caller's own.
	Payload []byte
}

// Decoder turns the bytes of one client into events. The zero value is ready. It holds a buffer only between the
// first and the last fragment of a message, so an idle connection costs its 32 bytes.
type Decoder struct {
	fragments []byte // payload so far, of a message of kind op
	checked   uint32 // how many bytes of fragments are known to be whole runes; text that is not packed only
	op        Op     // OpNone outside a fragmented message
	packed    bool   // fragments are compressed
	done      bool   // a close frame or an error ended the conversation

	// Deflate says that messages may be compressed, since that was agreed. It is set before the first Next.
	Deflate bool
}

// InMessage reports whether a fragmented message is under way, and FragmentBytes how much of it is held.
func (d *Decoder) InMessage() bool { return d.op != OpNone }

// FragmentBytes returns the bytes that the decoder holds: 0 outside a fragmented message.
func (d *Decoder) FragmentBytes() int { return len(d.fragments) }

// Next decodes the first frame of in. n is the number of bytes that it took; n == 0 without an error means that
// more input is needed, and in is untouched. The caller passes the same bytes again with more behind them, and
// never passes bytes twice that were taken, since the payload is unmasked in place.
//
// A message over maxMessageBytes is refused as soon as its header is there, fragments counted together, so a
// buffer of maxMessageBytes+HeaderBytesMax holds any frame. Control frames do not count. A compressed message is held
// to it twice: as it comes, and inflated, which goes no further.
//
// err is a *CloseError and final, as is an OpClose event: behind them Next swallows all input
// (RFC 6455 section 1.4: data behind a close is ignored).
func (d *Decoder) Next(in []byte, maxMessageBytes int) (ev Event, n int, err error) {
	if d.done {
		return Event{}, len(in), nil
	}
	ev, n, fault := d.next(in, maxMessageBytes)
	if fault != nil {
		*d = Decoder{done: true}
		return Event{}, 0, fault
	}
	return ev, n, nil
}

func (d *Decoder) next(in []byte, maxMessageBytes int) (Event, int, *CloseError) {
	if len(in) < 2 {
		return Event{}, 0, nil
	}
	h := parseStart(in)
	if fault := d.check(&h, in[1]&lenBits); fault != nil {
		return Event{}, 0, fault
	}
	if !h.parseLength(in) {
		return Event{}, 0, nil
	}
	if fault := d.checkSize(&h, maxMessageBytes); fault != nil {
		return Event{}, 0, fault
	}
	if h.size == 0 || uint64(len(in)-h.size) < h.payloadLen {
		return Event{}, 0, nil
	}
	end := h.size + int(h.payloadLen)
	payload := in[h.size:end:end]
	ws.Cipher(payload, h.mask, 0)
	ev, fault := d.frame(&h, payload, maxMessageBytes)
	return ev, end, fault
}

// check holds the rules that the first two bytes decide (RFC 6455 sections 5.1, 5.2, 5.4 and 5.5; RFC 7692 section 6).
func (d *Decoder) check(h *header, len7 byte) *CloseError {
	switch {
	case h.rsv, h.packed && !(d.Deflate && h.beginsMessage()):
		return errRSV
	case h.op.isReserved():
		return errOpcode
	case !h.masked:
		return errUnmasked
	case h.op.isControl() && !h.fin:
		return errControlSplit
	case h.op.isControl() && len7 > ControlBytesMax:
		return errControlLong
	case h.op == OpNone && d.op == OpNone:
		return errStray
	case !h.op.isControl() && h.op != OpNone && d.op != OpNone:
		return errNotContinued
	}
	return nil
}

func (d *Decoder) checkSize(h *header, maxMessageBytes int) *CloseError {
	if h.payloadLen>>63 != 0 {
		return errLengthBit
	}
	if room := maxMessageBytes - len(d.fragments); !h.op.isControl() && (room < 0 || h.payloadLen > uint64(room)) {
		return errMessageTooBig
	}
	return nil
}

// frame handles one whole frame, unmasked.
func (d *Decoder) frame(h *header, payload []byte, maxMessageBytes int) (Event, *CloseError) {
	switch {
	case h.op == OpClose:
		return d.close(payload)
	case h.op.isControl():
		return Event{Op: h.op, Payload: payload}, nil
	case h.fin && d.op == OpNone:
		// Fast path: a message of one frame.
		if h.packed {
			return unpack(h.op, payload, maxMessageBytes)
		}
		if h.op == OpText && !utf8.Valid(payload) {
			return Event{}, errTextUTF8
		}
		return Event{Op: h.op, Payload: payload}, nil
	}
	if d.op == OpNone {
		d.op, d.packed = h.op, h.packed
	}
	d.fragments = append(d.fragments, payload...)
	if d.op == OpText && !d.packed && !d.checkText(h.fin) {
		return Event{}, errTextUTF8
	}
	if !h.fin {
		return Event{}, nil
	}
	ev, packed := Event{Op: d.op, Payload: d.fragments}, d.packed
	*d = Decoder{Deflate: d.Deflate}
	if packed {
		return unpack(ev.Op, ev.Payload, maxMessageBytes)
	}
	return ev, nil
}

// unpack makes the event of a compressed message.
func unpack(op Op, payload []byte, maxMessageBytes int) (Event, *CloseError) {
	payload, fault := inflate(payload, maxMessageBytes)
	if fault == nil && op == OpText && !utf8.Valid(payload) {
		fault = errTextUTF8
	}
	if fault != nil {
		return Event{}, fault
	}
	return Event{Op: op, Payload: payload}, nil
}

// checkText validates what came in since the last fragment, so that bad text fails at the fragment that has it. Only
// inside a message may a rune be unfinished.
func (d *Decoder) checkText(final bool) bool {
	fresh := d.fragments[d.checked:]
	if !final {
		fresh = fresh[:len(fresh)-unfinishedRune(fresh)]
	}
	d.checked += uint32(len(fresh))
	return utf8.Valid(fresh)
}

// unfinishedRune returns how many bytes at the end of b begin a rune that more bytes could finish: 0 to 3.
func unfinishedRune(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if tail := b[len(b)-n:]; utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}

// close handles a close frame (RFC 6455 section 5.5.1).
func (d *Decoder) close(payload []byte) (Event, *CloseError) {
	ev := Event{Op: OpClose, Code: CodeNormal}
	switch len(payload) {
	case 0:
	case 1:
		return Event{}, errCloseOneByte
	default:
		ev.Code, ev.Payload = binary.BigEndian.Uint16(payload), payload[2:]
		if !ValidCode(ev.Code) {
			return Event{}, errCloseCode
		}
		if !utf8.Valid(ev.Payload) {
			return Event{}, errReasonUTF8
		}
	}
	*d = Decoder{done: true}
	return ev, nil
}
