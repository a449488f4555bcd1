package link

import "encoding/binary"

// AppendPayload appends a payload frame: what was published at once in one partition, whatever it means. It is the
// same bytes for everybody who gets it, so a relay encodes it once.
func AppendPayload(dst []byte, partition int, payload []byte) ([]byte, error) {
	return appendOf(dst, KindPayload, partition, payload, PayloadBytesMax)
}

// ParsePayload reads the body of a payload frame. payload aliases it.
func ParsePayload(body []byte) (partition int, payload []byte, err error) {
	return parseOf(KindPayload, body)
}

// AppendTell appends a tell frame: an aside to all who want a partition, whatever it means.
func AppendTell(dst []byte, partition int, aside []byte) ([]byte, error) {
	return appendOf(dst, KindTell, partition, aside, TellBytesMax)
}

// ParseTell reads the body of a tell frame. aside aliases it.
func ParseTell(body []byte) (partition int, aside []byte, err error) { return parseOf(KindTell, body) }

// appendOf appends a frame with bytes of a partition.
func appendOf(dst []byte, k Kind, partition int, bytes []byte, limit int) ([]byte, error) {
	if len(bytes) > limit {
		return dst, tooLong(k.String(), len(bytes), limit)
	}
	if uint(partition) >= PartitionsMax {
		return dst, tooLong("partition", partition, PartitionsMax-1)
	}
	from := len(dst)
	dst = binary.BigEndian.AppendUint16(begin(dst, k), uint16(partition))
	return end(append(dst, bytes...), from), nil
}

func parseOf(k Kind, body []byte) (partition int, bytes []byte, err error) {
	if len(body) < 2 {
		return 0, nil, &FrameError{k, "cut short"}
	}
	partition = int(binary.BigEndian.Uint16(body))
	if partition >= PartitionsMax {
		return 0, nil, &FrameError{k, "partition out of range"}
	}
	return partition, body[2:], nil
}
