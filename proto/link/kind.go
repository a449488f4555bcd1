package link

import "strconv"

// Kind says what a frame is.
type Kind uint8

// The kinds of frames. Numbers are never used again for something else.
const (
	KindNone Kind = iota // no frame: Decoder.Next took the preface alone
	KindHello
	KindProof
	KindRefuse
	KindRoute
	KindWant
	KindSubscribed
	KindPayload
	KindSince
	KindFound
	KindSubmissions
	KindDecisions
	KindAdmissions
	KindAnswers
	KindPing
	KindPong
	KindTell
	kinds
)

var kindNames = [kinds]string{
	"none", "hello", "proof", "refuse", "route", "want", "subscribed", "payload", "since", "found",
	"submissions", "decisions", "admissions", "answers", "ping", "pong", "tell",
}

// bodyBytesMax bounds the bodies, by kind.
var bodyBytesMax = [kinds]int{
	KindHello:       512,
	KindProof:       ProofBytes,
	KindRefuse:      ReasonBytesMax,
	KindRoute:       8 * RouteNodesMax,
	KindWant:        PartitionsMax / 8,
	KindSubscribed:  PartitionsMax / 8,
	KindPayload:     2 + PayloadBytesMax,
	KindSince:       512,
	KindFound:       foundHeadMax + 4*BatchMax + PayloadBytesMax,
	KindSubmissions: BatchBytesMax,
	KindDecisions:   BatchBytesMax,
	KindAdmissions:  BatchBytesMax,
	KindAnswers:     BatchBytesMax,
	KindPing:        64,
	KindPong:        64,
	KindTell:        2 + TellBytesMax,
}

// String is the kind's name, for logs and metric labels.
func (k Kind) String() string {
	if k < kinds {
		return kindNames[k]
	}
	return "kind " + strconv.Itoa(int(k))
}

// known reports whether frames of the kind exist.
func (k Kind) known() bool { return k > KindNone && k < kinds }

// first reports whether a stranger may send it.
func (k Kind) first() bool { return k == KindHello || k == KindProof || k == KindRefuse }
