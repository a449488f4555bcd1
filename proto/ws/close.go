package ws

import "fmt"

// Close codes that this server sends or may receive
// (RFC 6455 section 7.4.1 and the IANA registry "WebSocket Close Code Number").
const (
	CodeNormal         uint16 = 1000
	CodeGoingAway      uint16 = 1001
	CodeProtocolError  uint16 = 1002
	CodeUnsupported    uint16 = 1003
	CodeBadPayload     uint16 = 1007
	CodePolicy         uint16 = 1008
	CodeTooBig         uint16 = 1009
	CodeInternalError  uint16 = 1011
	CodeServiceRestart uint16 = 1012
	CodeTryAgainLater  uint16 = 1013
)

// ValidCode reports whether code may stand in a close frame: 1000-1003, 1007-1014 (the registry has grown past the
// RFC's 1011), 3000-4999. 1005, 1006 and 1015 are names for what never goes over the wire.
func ValidCode(code uint16) bool {
	switch {
	case code < 1000:
		return false
	case code <= 1003:
		return true
	case code < 1007:
		return false
	case code <= 1014:
		return true
	}
	return 3000 <= code && code <= 4999
}

// CloseError says that the peer broke a rule. The caller answers with a close frame of this code and reason,
// then closes. All of this package's are shared values: compare Code, do not change them.
type CloseError struct {
	Code   uint16
	Reason string
}

func (e *CloseError) Error() string {
	return fmt.Sprintf("cannot decode frame: %s (close %d)", e.Reason, e.Code)
}

var (
	errRSV           = &CloseError{CodeProtocolError, "reserved bit without an extension"}
	errOpcode        = &CloseError{CodeProtocolError, "reserved opcode"}
	errUnmasked      = &CloseError{CodeProtocolError, "client frame is not masked"}
	errMasked        = &CloseError{CodeProtocolError, "server frame is masked"}
	errControlSplit  = &CloseError{CodeProtocolError, "fragmented control frame"}
	errControlLong   = &CloseError{CodeProtocolError, "control frame over 125 bytes"}
	errStray         = &CloseError{CodeProtocolError, "continuation of nothing"}
	errNotContinued  = &CloseError{CodeProtocolError, "new message inside a fragmented one"}
	errLengthBit     = &CloseError{CodeProtocolError, "length with its highest bit set"}
	errCloseOneByte  = &CloseError{CodeProtocolError, "close frame of one byte"}
	errCloseCode     = &CloseError{CodeProtocolError, "close code not allowed"}
	errDeflate       = &CloseError{CodeBadPayload, "message cannot be inflated"}
	errTextUTF8      = &CloseError{CodeBadPayload, "text is not UTF-8"}
	errReasonUTF8    = &CloseError{CodeBadPayload, "close reason is not UTF-8"}
	errMessageTooBig = &CloseError{CodeTooBig, "message too big"}
)
