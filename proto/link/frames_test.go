package link

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var ann = User{ID: "7", Login: "ann", Display: "Ann", Color: "#112233"}

// samples are one stream per kind of frame, without a preface.
func samples() map[Kind][]byte {
	us, nonce := hello(3), strings.Repeat("n", WordBytesMax)
	var set Set
	for _, p := range []int{0, 7, 8, 127} {
		set.Add(p)
	}
	return map[Kind][]byte{
		KindHello:      must(AppendHello(nil, &us)),
		KindProof:      end(append(begin(nil, KindProof), us.Nonce[:]...), 0),
		KindRefuse:     AppendRefuse(nil, "busy"),
		KindRoute:      must(AppendRoute(nil, Route{1, 1 << 63})),
		KindWant:       AppendWant(nil, &set),
		KindSubscribed: AppendSubscribed(nil, &set),
		KindPayload:    must(AppendPayload(nil, 300, []byte("payload"))),
		KindSince:      must(AppendSince(nil, &Since{9, "room", Position{1 << 60, 77}})),
		KindFound: must(AppendFound(nil, &Found{ID: 9, Head: Position{5, 6}, Error: "late", Parts: [][]byte{
			[]byte("one"), {}, []byte("three")}})),
		KindSubmissions: must(AppendSubmissions(nil, []Submission{
			{Ticket: 1<<32 - 1, Origin: 1 << 63, Left: 250 * time.Millisecond, Sent: time.Hour, Room: "room", User: ann, Text: "grüße", Nonce: nonce, ReplyTo: "id"},
			{User: User{Anonymous: true}},
		})),
		KindDecisions: must(AppendDecisions(nil, []Decision{
			{Ticket: 1, Origin: 2, Outcome: Accepted, Roles: 255, Events: "\x01\x02"},
			{Ticket: 2, Outcome: Rejected, Notice: Notice{"msg_banned", "You are banned."}},
			{Outcome: Stopped},
		})),
		KindAdmissions: must(AppendAdmissions(nil, []Admission{
			{Ticket: 4, Origin: 5, Left: LeftMax, Sent: SentMax, Behind: true, Again: true, User: ann, Rooms: []string{"a", "b"}},
			{Again: true, Rooms: []string{"c"}},
		})),
		KindAnswers: must(AppendAnswers(nil, []Answer{{Ticket: 4, Origin: 5, Again: true, Verdicts: []Verdict{
			{Color: "#112233", Roles: 4, Modes: Modes{time.Minute, time.Hour, true, false, true, false}},
			{NoModes: true, Refused: true, Notice: Notice{"x", "y"}, Modes: Modes{SubscribersOnly: true, Unique: true}},
			{Missing: true},
		}}, {Ticket: 5}})),
		KindPing: AppendPing(nil, Ping{1 << 63, 1<<32 - 1, 1000}),
		KindPong: AppendPong(nil, Ping{}),
		KindTell: must(AppendTell(nil, 300, []byte("aside"))),
	}
}

// again encodes what a frame means anew.
func again(f Frame) (out []byte, err error) {
	switch f.Kind {
	case KindHello:
		var h Hello
		if h, err = ParseHello(f.Body); err == nil {
			out, err = AppendHello(nil, &h)
		}
	case KindProof:
		if len(f.Body) != ProofBytes {
			return nil, &FrameError{f.Kind, "wrong length"} // as a handshake refuses it
		}
		return end(append(begin(nil, KindProof), f.Body...), 0), nil
	case KindRefuse:
		return AppendRefuse(nil, ParseRefuse(f.Body).Reason), nil
	case KindRoute:
		var r Route
		if r, err = ParseRoute(f.Body); err == nil {
			out, err = AppendRoute(nil, r)
		}
	case KindWant, KindSubscribed:
		var s Set
		if err = ParseSet(f, &s, PartitionsMax); err == nil {
			out = appendSet(nil, f.Kind, &s)
		}
	case KindPayload:
		var p int
		var body []byte
		if p, body, err = ParsePayload(f.Body); err == nil {
			out, err = AppendPayload(nil, p, body)
		}
	case KindTell:
		var p int
		var aside []byte
		if p, aside, err = ParseTell(f.Body); err == nil {
			out, err = AppendTell(nil, p, aside)
		}
	case KindSince:
		var s Since
		if s, err = ParseSince(f.Body); err == nil {
			out, err = AppendSince(nil, &s)
		}
	case KindFound:
		var found Found
		if err = ParseFound(f.Body, &found); err == nil {
			out = appendFound(nil, &found, found.Parts, found.More)
		}
	case KindSubmissions:
		out, err = batchAgain(f.Body, ParseSubmissions, AppendSubmissions)
	case KindDecisions:
		out, err = batchAgain(f.Body, ParseDecisions, AppendDecisions)
	case KindAdmissions:
		out, err = batchAgain(f.Body, ParseAdmissions, AppendAdmissions)
	case KindAnswers:
		out, err = batchAgain(f.Body, ParseAnswers, AppendAnswers)
	case KindPing, KindPong:
		var p Ping
		if p, err = ParsePing(f); err == nil {
			out = appendPing(nil, f.Kind, p)
		}
	default:
		err = fmt.Errorf("nobody reads kind %s", f.Kind)
	}
	return out, err
}

func batchAgain[T any](body []byte, parse func([]T, []byte) ([]T, error), appendAll func([]byte, []T) ([]byte, error)) ([]byte, error) {
	items, err := parse(nil, body)
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return []byte{0, 0, 0, 1, 0}, nil
	}
	return appendAll(nil, items)
}

func TestEveryKindComesBackAsItWas(t *testing.T) {
	all := samples()
	for k := KindHello; k < kinds; k++ {
		frames, err := read(append(AppendPreface(nil), all[k]...), 1<<20)
		if err != nil || len(frames) != 1 || frames[0].Kind != k {
			t.Errorf("%s: %v, %v", k, frames, err)
			continue
		}
		if out, err := again(frames[0]); err != nil || !bytes.Equal(out, all[k]) {
			t.Errorf("%s: %v\n got %q\nwant %q", k, err, out, all[k])
		}
	}
}

func TestEveryCutBodyIsAnError(t *testing.T) {
	// Of these a shorter one means less, but is right: the end of the frame ends them.
	open := []Kind{KindRefuse, KindPayload, KindTell, KindSince, KindWant, KindSubscribed, KindRoute, KindFound}
	for k, in := range samples() {
		body := in[headBytes:]
		for n := 1; n < len(body); n++ {
			out, err := again(Frame{k, body[:n]})
			switch {
			case err != nil:
			case !bytes.Equal(out[headBytes:], body[:n]):
				t.Errorf("%s cut to %d of %d bytes is taken for something else", k, n, len(body))
			case !slices.Contains(open, k) && !isBatch(k):
				t.Errorf("%s is taken with %d of %d bytes", k, n, len(body))
			}
		}
		if _, err := again(Frame{k, append(bytes.Clone(body), 0)}); err == nil && !slices.Contains(open[:4], k) {
			t.Errorf("%s with a byte more is taken", k)
		}
	}
}

// isBatch reports whether a frame holds entries, and so is right without the last.
func isBatch(k Kind) bool { return k >= KindSubmissions && k <= KindAnswers }

func TestValuesSurviveTheWire(t *testing.T) {
	all := samples()
	subs, err := ParseSubmissions(nil, all[KindSubmissions][headBytes:])
	if err != nil || subs[0].Text != "grüße" || subs[0].User != ann || subs[0].Left != 250*time.Millisecond || subs[0].Sent != time.Hour || !subs[1].User.Anonymous {
		t.Errorf("%+v, %v", subs, err)
	}
	answers, err := ParseAnswers(nil, all[KindAnswers][headBytes:])
	if want := (Modes{time.Minute, time.Hour, true, false, true, false}); err != nil || answers[0].Verdicts[0].Modes != want {
		t.Errorf("%+v, %v", answers, err)
	}
	us := hello(3)
	if h, err := ParseHello(all[KindHello][headBytes:]); err != nil || h != us {
		t.Errorf("%+v, %v", h, err)
	}
	var set Set
	if err := ParseSet(Frame{KindWant, all[KindWant][headBytes:]}, &set, 128); err != nil || !slices.Equal(slices.Collect(set.All()), []int{0, 7, 8, 127}) {
		t.Errorf("%v, %v", slices.Collect(set.All()), err)
	}
	if err := ParseSet(Frame{KindWant, all[KindWant][headBytes:]}, &set, 127); err == nil {
		t.Error("partition 127 of 127 is taken")
	}
}

func TestLongBatchBecomesSeveralFrames(t *testing.T) {
	var subs []Submission
	for i := range 3000 {
		subs = append(subs, Submission{Ticket: uint32(i), Room: "room", Text: strings.Repeat("x", i%TextBytesMax)})
	}
	frames, err := read(must(AppendSubmissions(AppendPreface(nil), subs)), 1<<30)
	if err != nil || len(frames) < 3 {
		t.Fatalf("%d frames, %v", len(frames), err)
	}
	var got []Submission
	for _, f := range frames {
		if got, err = ParseSubmissions(got, f.Body); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(got, subs) {
		t.Fatal("the batch has changed")
	}
	short, _ := read(must(AppendSubmissions(AppendPreface(nil), make([]Submission, BatchMax+1))), 1<<30)
	if len(short) != 2 {
		t.Fatalf("%d short entries in %d frames", BatchMax+1, len(short))
	}
}

func TestLongAnswerBecomesSeveralFrames(t *testing.T) {
	part := make([]byte, PayloadBytesMax/2+1)
	frames, err := read(must(AppendFound(AppendPreface(nil), &Found{ID: 1, Parts: [][]byte{part, part, part}})), 1<<30)
	if err != nil || len(frames) != 3 {
		t.Fatalf("%d frames, %v", len(frames), err)
	}
	for i, f := range frames {
		var found Found
		if err := ParseFound(f.Body, &found); err != nil || len(found.Parts) != 1 || found.More != (i < 2) {
			t.Errorf("frame %d: %d parts, more %v, %v", i, len(found.Parts), found.More, err)
		}
	}
}

func TestValuesOverTheirLimitAreNotSent(t *testing.T) {
	long := strings.Repeat("x", EventsBytesMax+1)
	dst := []byte("before")
	for name, f := range map[string]func() ([]byte, error){
		"payload":   func() ([]byte, error) { return AppendPayload(dst, 0, make([]byte, PayloadBytesMax+1)) },
		"partition": func() ([]byte, error) { return AppendPayload(dst, PartitionsMax, nil) },
		"tell":      func() ([]byte, error) { return AppendTell(dst, 0, make([]byte, TellBytesMax+1)) },
		"hello": func() ([]byte, error) {
			return AppendHello(dst, &Hello{Role: RoleEdge, ID: 1, Partitions: 1, Env: long})
		},
		"partitions": func() ([]byte, error) { return AppendHello(dst, &Hello{Role: RoleEdge, ID: 1, Partitions: 1 << 20}) },
		"since":      func() ([]byte, error) { return AppendSince(dst, &Since{Room: long}) },
		"found": func() ([]byte, error) {
			return AppendFound(dst, &Found{Parts: [][]byte{make([]byte, PayloadBytesMax+1)}})
		},
		"route":  func() ([]byte, error) { return AppendRoute(dst, make(Route, RouteNodesMax+1)) },
		"text":   func() ([]byte, error) { return AppendSubmissions(dst, []Submission{{}, {Text: long}}) },
		"events": func() ([]byte, error) { return AppendDecisions(dst, []Decision{{Outcome: Told, Events: long}}) },
		"rooms":  func() ([]byte, error) { return AppendAdmissions(dst, []Admission{{Rooms: make([]string, RoomsMax+1)}}) },
		"notice": func() ([]byte, error) {
			return AppendAnswers(dst, []Answer{{Verdicts: []Verdict{{Notice: Notice{Text: long}}}}})
		},
	} {
		if out, err := f(); !errors.Is(err, ErrLimit) || string(out) != "before" {
			t.Errorf("%s: %d bytes, %v", name, len(out), err)
		}
	}
}

func TestTimesOverTheirLimitAreCut(t *testing.T) {
	subs, err := ParseSubmissions(nil, must(AppendSubmissions(nil, []Submission{
		{Left: time.Hour, Sent: math.MaxInt64}, {Left: -time.Hour, Sent: -1},
	}))[headBytes:])
	if err != nil || subs[0].Left != LeftMax || subs[0].Sent != SentMax || subs[1].Left != 0 || subs[1].Sent != 0 {
		t.Errorf("%+v, %v", subs, err)
	}
}

func TestSetsDiffer(t *testing.T) {
	var a, b Set
	if !a.Add(5) || a.Add(5) || !a.Add(4095) {
		t.Error("Add does not say whether it was new")
	}
	b.Add(5)
	only := a.Without(&b)
	if got := slices.Collect(only.All()); !slices.Equal(got, []int{4095}) {
		t.Errorf("got %v", got)
	}
	a.Remove(4095)
	if a != b {
		t.Error("equal sets differ")
	}
}
