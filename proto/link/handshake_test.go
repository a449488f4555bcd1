package link

import (
	"errors"
	"strings"
	"testing"
)

// party is one side of a connection in memory.
type party struct {
	*Handshake
	in   Decoder
	done bool
}

func newParty(t testing.TB, side Side, us Hello, secret string) *party {
	t.Helper()
	h, err := NewHandshake(side, us, []byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return &party{Handshake: h}
}

// take is what the party answers to bytes.
func (p *party) take(in []byte) (out []byte, err error) {
	for len(in) > 0 {
		f, n, err := p.in.Next(in)
		if err != nil {
			return out, err
		}
		if n == 0 {
			return out, errors.New("half a frame")
		}
		in = in[n:]
		if f.Kind == KindNone {
			continue
		}
		if out, p.done, err = p.Take(out, f); err != nil {
			return out, err
		}
		if p.done {
			p.in.Trust()
		}
	}
	return out, nil
}

// meet carries bytes between two parties until both are silent, or one fails.
func meet(d, l *party) (dialer, listener error) {
	toL, toD := d.Begin(nil), l.Begin(nil)
	for len(toL)+len(toD) > 0 {
		answer, err := l.take(toL)
		if err != nil {
			return nil, err
		}
		toD = append(toD, answer...)
		if toL, err = d.take(toD); err != nil {
			return err, nil
		}
		toD = nil
	}
	return nil, nil
}

func hello(id uint64) Hello {
	h := Hello{Role: RoleEdge, ID: id, Partitions: 128, Env: "test", Name: "edge.example:1"}
	for i := range h.Nonce {
		h.Nonce[i] = byte(id) + byte(i)
	}
	return h
}

func TestBothSidesProveTheSecret(t *testing.T) {
	d, l := newParty(t, Dialer, hello(1), "s3cret"), newParty(t, Listener, hello(2), "s3cret")
	if de, le := meet(d, l); de != nil || le != nil || !d.done || !l.done {
		t.Fatalf("dialer: %v, %v; listener: %v, %v", d.done, de, l.done, le)
	}
	if *d.Peer() != hello(2) || *l.Peer() != hello(1) {
		t.Fatalf("dialer met %+v, listener %+v", d.Peer(), l.Peer())
	}
}

func TestStrangersAreRefusedByTheirHello(t *testing.T) {
	other := func(change func(*Hello)) Hello {
		h := hello(1)
		change(&h)
		return h
	}
	for name, test := range map[string]struct {
		dialer Hello
		secret string
		why    string
	}{
		"wrong secret": {hello(1), "s3creT", ErrSecret.Error()},
		"no secret":    {hello(1), "", ErrSecret.Error()},
		"itself":       {hello(2), "s3cret", ErrLoop.Error()},
		"environment":  {other(func(h *Hello) { h.Env = "prod" }), "s3cret", `"prod" to environment "test"`},
		"partitions":   {other(func(h *Hello) { h.Partitions = 64 }), "s3cret", "64 partitions"},
	} {
		d, l := newParty(t, Dialer, test.dialer, test.secret), newParty(t, Listener, hello(2), "s3cret")
		de, le := meet(d, l)
		if err := errors.Join(de, le); err == nil || !strings.Contains(err.Error(), test.why) {
			t.Errorf("%s: dialer %v, listener %v", name, de, le)
		}
		if d.done || l.done {
			t.Errorf("%s: done all the same", name)
		}
	}
}

func TestListenerWithoutTheSecretIsNotTrusted(t *testing.T) {
	d, l := newParty(t, Dialer, hello(1), "s3cret"), newParty(t, Listener, hello(2), "guess")
	answer, err := l.take(d.Begin(nil))
	if err != nil {
		t.Fatal(err)
	}
	proof, err := d.take(append(l.Begin(nil), answer...))
	if err != nil || len(proof) != headBytes+ProofBytes {
		t.Fatal("no proof from the dialer", err)
	}
	// It sends the dialer's own proof back, then one of its guess.
	if _, err := d.take(proof); !errors.Is(err, ErrSecret) {
		t.Fatalf("reflected proof: %v", err)
	}
	if _, err := d.take(l.appendProof(nil)); !errors.Is(err, ErrSecret) || d.done {
		t.Fatalf("guessed proof: %v", err)
	}
}

func TestProofOfAnotherConnectionIsWorthless(t *testing.T) {
	d, l := newParty(t, Dialer, hello(1), "s3cret"), newParty(t, Listener, hello(2), "s3cret")
	answer, _ := l.take(d.Begin(nil))
	overheard, err := d.take(append(l.Begin(nil), answer...))
	if err != nil {
		t.Fatal(err)
	}
	fresh := hello(2)
	fresh.Nonce[0]++
	l2 := newParty(t, Listener, fresh, "s3cret")
	if _, err := l2.take(d.Begin(nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := l2.take(overheard); !errors.Is(err, ErrSecret) {
		t.Fatalf("replayed proof: %v", err)
	}
}

func TestRefusalReachesThePeerAsOneLine(t *testing.T) {
	d := newParty(t, Dialer, hello(1), "")
	_, err := d.take(AppendRefuse(AppendPreface(nil), "no\nroom \xff"+strings.Repeat("x", 1000)))
	var refused *RefusedError
	if !errors.As(err, &refused) || !strings.HasPrefix(refused.Reason, "no room ?xxx") || len(refused.Reason) != ReasonBytesMax {
		t.Fatalf("got %v", err)
	}
}

func TestFramesOutOfTurnEndTheHandshake(t *testing.T) {
	first := newParty(t, Dialer, hello(1), "").Begin(nil)
	for name, in := range map[string][]byte{
		"proof first": newParty(t, Dialer, hello(1), "").appendProof(AppendPreface(nil)),
		"hello twice": append(first, first[prefaceBytes:]...),
	} {
		var fault *FrameError
		if _, err := newParty(t, Listener, hello(2), "").take(in); !errors.As(err, &fault) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
