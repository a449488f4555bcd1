package link

import "encoding/binary"

// AppendPayload appends a payload frame: what was published at once in one partition, whatever it means. It is the
// same bytes for everybody who gets it, so a relay encodes it once.
func AppendPayload(dst []byte, partition int, payload []byte) ([]byte, error) {
	if len(payload) > PayloadBytesMax {
		return dst, tooLong("payload", len(payload), PayloadBytesMax)
	}
	if uint(partition) >= PartitionsMax {
		return dst, tooLong("partition", partition, PartitionsMax-1)
	}
	from := len(dst)
	dst = binary.BigEndian.AppendUint16(begin(dst, KindPayload), uint16(partition))
	return end(append(dst, payload...), from), nil
}

// ParsePayload reads the body of a payload frame. payload aliases it.
func ParsePayload(body []byte) (partition int, payload []byte, err error) {
	if len(body) < 2 {
		return 0, nil, &FrameError{KindPayload, "cut short"}
	}
	partition = int(binary.BigEndian.Uint16(body))
	if partition >= PartitionsMax {
		return 0, nil, &FrameError{KindPayload, "partition out of range"}
	}
	return partition, body[2:], nil
}
