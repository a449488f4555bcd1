package uplink

import wire "uproar/proto/link"

// feedLink is the link of a Feed to one of its relays. It is the Owner of the Peer.
type feedLink struct {
	feed *Feed
	peer *Peer
}

// Up implements Owner: all is wanted and asked anew.
func (l *feedLink) Up(wire.Hello) {
	f := l.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.up = l.peer
	f.sayWanted()
	for _, q := range f.mu.questions {
		f.say(q)
	}
}

// Down implements Owner. Questions wait for the next relay, as long as who asks does.
func (l *feedLink) Down(*DownError) {
	f := l.feed
	f.mu.Lock()
	f.mu.up = nil
	for _, q := range f.mu.questions {
		q.found, q.bytes = wire.Found{}, 0
	}
	f.mu.Unlock()
	if f.routed {
		f.routed = false
		_ = f.cfg.OnRoute(nil) // nobody is on it
	}
}

// Frame implements Owner.
func (l *feedLink) Frame(fr wire.Frame) error {
	f := l.feed
	switch fr.Kind {
	case wire.KindPayload:
		p, payload, err := wire.ParsePayload(fr.Body)
		if err == nil && p >= f.cfg.Self.Partitions {
			err = &wire.FrameError{Kind: fr.Kind, Reason: "partition out of range"}
		}
		if err != nil {
			return err
		}
		f.meters.payloads.Inc()
		f.meters.payloadBytes.Add(len(payload))
		f.sink.Payload(p, payload)
		return nil
	case wire.KindSubscribed:
		var s wire.Set
		if err := wire.ParseSet(fr, &s, f.cfg.Self.Partitions); err != nil {
			return err
		}
		for p := range s.All() {
			f.meters.subscribed.Inc()
			f.sink.Subscribed(p)
		}
		return nil
	case wire.KindFound:
		return f.heard(fr.Body)
	case wire.KindRoute:
		return f.route(fr.Body)
	}
	return &wire.FrameError{Kind: fr.Kind, Reason: "not for a child"}
}

// route takes the way up. A process on it is above itself.
func (f *Feed) route(body []byte) error {
	r, err := wire.ParseRoute(body)
	if err != nil {
		return err
	}
	if r.Has(f.cfg.Self.ID) {
		return wire.ErrLoop
	}
	if f.cfg.OnRoute == nil {
		return nil
	}
	f.routed = true
	return f.cfg.OnRoute(r)
}
