package presence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"

	"uproar/core/chat"
	"uproar/core/exchange"
)

// Room is who is in a room on one edge.
type Room struct {
	Name  string
	Seats int      // anonymous readers included
	Named int      // logins; where there are too many to know them apart, seats that are not anonymous
	Host  bool     // the broadcaster is among them
	Names []string // all that are Named, or none because they are too many
}

// NamesMax is how many names of a room are told of, and are listed to clients: Twitch
// tells of JOIN and PART, and lists names, only up to 1,000 chatters.
const NamesMax = 1000

// A report is one or more asides, each
//
//	byte  version, 1
//	u64   the edge, big endian, as is the next one
//	u32   number of the aside, which grows by one with each of this edge, and wraps
//	rooms, until the aside ends, each
//	  byte    length of the name, and the name
//	  uvarint seats
//	  uvarint named
//	  byte    flags: 1, the broadcaster is here; 2, the names follow
//	  uvarint bytes of the names
//	  names, sorted, each once, each a byte for its length and its bytes
//
// A list of names is never cut in two: the longest has 26,000 bytes and an aside at most
// 65,536. Rooms go into one aside until the next does not fit.
const (
	version = 1
	headLen = 1 + 8 + 4

	flagHost   byte = 1
	flagListed byte = 2

	seatsMax      = 1 << 30
	namesBytesMax = NamesMax * (1 + chat.LoginBytesMax)
	roomBytesMax  = 1 + chat.LoginBytesMax + 5 + 5 + 1 + 3 + namesBytesMax
)

var (
	errDamaged = errors.New("damaged")
	errVersion = errors.New("unknown version")
)

// appendHead appends what an aside begins with, behind its mark.
func appendHead(b []byte, edge uint64, number uint32) []byte {
	b = append(b, version)
	b = binary.BigEndian.AppendUint64(b, edge)
	return binary.BigEndian.AppendUint32(b, number)
}

// appendRoom appends a room, whose names it sorts.
func appendRoom(b []byte, r *Room) []byte {
	b = append(b, byte(len(r.Name)))
	b = append(b, r.Name...)
	b = binary.AppendUvarint(b, uint64(min(r.Seats, seatsMax)))
	b = binary.AppendUvarint(b, uint64(min(r.Named, seatsMax)))
	var flags byte
	if r.Host {
		flags |= flagHost
	}
	if len(r.Names) != r.Named || r.Named > NamesMax {
		return append(b, flags, 0)
	}
	size := 0
	for _, name := range r.Names {
		size += 1 + len(name)
	}
	b = append(b, flags|flagListed)
	b = binary.AppendUvarint(b, uint64(size))
	slices.Sort(r.Names)
	for _, name := range r.Names {
		b = append(b, byte(len(name)))
		b = append(b, name...)
	}
	return b
}

// head is whose an aside is.
type head struct {
	edge   uint64
	number uint32
}

func readHead(b []byte) (h head, rooms []byte, err error) {
	if len(b) == 0 {
		return head{}, nil, fmt.Errorf("cannot read a report: %w: it is empty", errDamaged)
	}
	if b[0] != version {
		return head{}, nil, fmt.Errorf("cannot read a report: %w %d, this program reads version %d", errVersion, b[0], version)
	}
	if len(b) < headLen || len(b) >= exchange.AsideBytesMax {
		return head{}, nil, fmt.Errorf("cannot read a report: %w: it has %d bytes", errDamaged, len(b))
	}
	h = head{binary.BigEndian.Uint64(b[1:]), binary.BigEndian.Uint32(b[9:])}
	if h.edge == 0 {
		return head{}, nil, fmt.Errorf("cannot read a report: %w: of no edge", errDamaged)
	}
	return h, b[headLen:], nil
}

// told is a Room as it stands in a report. Its slices point into that. Names are looked
// at when they are new: see checkNames.
type told struct {
	name         []byte
	seats, named uint32
	flags        byte
	names        []byte
}

// rooms yields the rooms of a report. An error is the last.
func rooms(b []byte) iter.Seq2[told, error] {
	return func(yield func(told, error) bool) {
		for len(b) > 0 {
			t, rest, ok := cutRoom(b)
			if !ok {
				yield(told{}, fmt.Errorf("cannot read a report: %w: %d bytes before its end", errDamaged, len(b)))
				return
			}
			if !yield(t, nil) {
				return
			}
			b = rest
		}
	}
}

func cutRoom(b []byte) (t told, rest []byte, ok bool) {
	end := 1 + int(b[0])
	if len(b) < end {
		return told{}, nil, false
	}
	t.name, b = b[1:end], b[end:]
	if t.seats, b, ok = cutNumber(b, seatsMax); !ok {
		return told{}, nil, false
	}
	if t.named, b, ok = cutNumber(b, seatsMax); !ok || len(b) == 0 {
		return told{}, nil, false
	}
	t.flags, b = b[0], b[1:]
	size, b, ok := cutNumber(b, namesBytesMax)
	if !ok || int(size) > len(b) || t.flags&flagListed == 0 && size > 0 {
		return told{}, nil, false
	}
	t.names, rest = b[:size], b[size:]
	return t, rest, chat.ValidName(t.name) && t.named <= t.seats && t.flags <= flagHost|flagListed
}

func cutNumber(b []byte, most uint64) (v uint32, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > most {
		return 0, nil, false
	}
	return uint32(n), b[size:], true
}

// checkNames reports whether the names are as many as was said, sorted, each once, and
// such as clients may be sent.
func (t *told) checkNames() bool {
	var n uint32
	var last []byte
	for b := t.names; len(b) > 0; n++ {
		end := 1 + int(b[0])
		if len(b) < end || !chat.ValidName(b[1:end]) || string(b[1:end]) <= string(last) {
			return false
		}
		last, b = b[1:end], b[end:]
	}
	return t.flags&flagListed == 0 || n == t.named && n <= NamesMax
}

// appendNames appends the names of a list that checkNames has seen, as parts of it.
func appendNames(dst []string, list string) []string {
	for len(list) > 0 {
		end := 1 + int(list[0])
		dst = append(dst, list[1:end])
		list = list[end:]
	}
	return dst
}
