package origin

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"uproar/core/hls"
	"uproar/proto/m3u8"
)

// target is what a packager's path names: /hls/CHANNEL/NAME or /hls/CHANNEL/RENDITION/NAME.
type target struct {
	channel, rendition, name string
}

func (t target) playlist() bool { return strings.HasSuffix(t.name, ".m3u8") }

// readTarget reads a path by the rules of hls.ParsePath.
func readTarget(path string) (target, bool) {
	rest, ok := strings.CutPrefix(path, hls.Prefix)
	if !ok {
		return target{}, false
	}
	parts := strings.Split(rest, "/")
	t := target{channel: parts[0], name: parts[len(parts)-1]}
	if len(parts) == 3 {
		t.rendition = parts[1]
	} else if len(parts) != 2 {
		return target{}, false
	}
	// The path that viewers will ask for must be one.
	rendition := t.rendition
	if rendition == "" {
		rendition = "-"
	}
	_, ok = hls.ParsePath([]byte(hls.Prefix + t.channel + "/-/" + rendition + "/" + t.name))
	return t, ok
}

// ServeHTTP takes PUT, POST and DELETE of a packager, and gives a playlist back by GET to
// one that wants to go on where it was.
func (o *Origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t, ok := readTarget(r.URL.Path)
	if !ok {
		o.refuse(w, t, http.StatusNotFound, "path", "this is no path of a channel: /hls/CHANNEL/RENDITION/NAME, in plain letters")
		return
	}
	switch r.Method {
	case http.MethodPut, http.MethodPost:
		if t.playlist() {
			o.putPlaylist(w, r, t)
		} else if t.name == streamName {
			o.putStream(w, r, t)
		} else {
			o.putFile(w, r, t)
		}
	case http.MethodDelete:
		// The packager's window is not ours: section 6.2.2 says how long a segment stays.
		o.meters.deletes.Inc()
		w.WriteHeader(http.StatusNoContent)
	case http.MethodGet, http.MethodHead:
		o.getPlaylist(w, t)
	default:
		w.Header().Set("Allow", "GET, HEAD, PUT, POST, DELETE")
		o.refuse(w, t, http.StatusMethodNotAllowed, "method", "a packager sends PUT, POST or DELETE")
	}
}

// refuse answers with a reason, counts it, and logs it once.
func (o *Origin) refuse(w http.ResponseWriter, t target, status int, kind, reason string) {
	if len(reason) > refusalTextMax {
		reason = reason[:refusalTextMax]
	}
	o.meters.refused(kind)
	o.log.Warn("refused what a packager sent", "channel", t.channel, "rendition", t.rendition, "name", t.name,
		"status", status, "reason", reason)
	http.Error(w, reason, status)
}

// getPlaylist serves the playlist as it is, for a packager that appends to its own.
func (o *Origin) getPlaylist(w http.ResponseWriter, t target) {
	var text []byte
	if c := o.find(t.channel); c != nil && t.playlist() {
		c.mu.Lock()
		if b := c.liveLocked(); b != nil {
			if t.rendition == "" {
				text = b.masterText("", time.Now())
			} else if r := b.renditions[t.rendition]; r != nil && r.media != nil {
				text = r.live.Version().Full.Bytes
			}
		}
		c.mu.Unlock()
	}
	if text == nil {
		http.Error(w, "no such playlist", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", playlistType)
	w.Write(text)
}

func (o *Origin) putPlaylist(w http.ResponseWriter, r *http.Request, t target) {
	body, err := o.readPlaylist(w, r)
	if err != nil {
		status, kind := http.StatusBadRequest, "cut"
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			status, kind = http.StatusRequestEntityTooLarge, "too_large"
		}
		o.refuse(w, t, status, kind, err.Error())
		return
	}
	var status int
	if t.rendition == "" {
		status, err = o.takeMaster(t, body)
	} else {
		var m *m3u8.Media
		if m, err = readMedia(body); err != nil {
			status = http.StatusBadRequest
		} else {
			// ffmpeg does not stay for the answer: what came whole counts.
			status, err = o.takeMedia(context.WithoutCancel(r.Context()), t, m)
		}
	}
	if err != nil {
		kind := "playlist"
		if status == http.StatusInsufficientStorage {
			kind = "full"
		}
		o.refuse(w, t, status, kind, err.Error())
		return
	}
	o.meters.playlists.Inc()
	w.WriteHeader(http.StatusOK)
}

func (o *Origin) readPlaylist(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	o.extend(w)
	return io.ReadAll(http.MaxBytesReader(w, r.Body, o.cfg.PlaylistBytesMax))
}

// extend lets the body stand still for StallMax from now. Where the connection cannot do so
// the server's own deadlines count.
func (o *Origin) extend(w http.ResponseWriter) {
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(o.cfg.StallMax))
}

var errChannels = errors.New("too many channels or renditions")

// takeMedia makes a media playlist the current version of its rendition.
func (o *Origin) takeMedia(ctx context.Context, t target, m *m3u8.Media) (int, error) {
	deadline := time.Now().Add(arrivalGrace)
	for {
		r, status, err := o.choose(t, m)
		if errors.Is(err, errContradicts) && r.awaitArrival(ctx, deadline) {
			continue
		}
		if err != nil {
			return status, err
		}
		sent := *m // a playlist belongs to whoever takes it
		sent.Segments = slices.Clone(m.Segments)
		err = o.publish(ctx, r, &sent, deadline)
		if errors.Is(err, hls.ErrOlder) && o.awaitRun(ctx, r, deadline) {
			continue
		}
		switch {
		case err == nil:
			return http.StatusOK, nil
		case errors.Is(err, hls.ErrOlder):
			return http.StatusConflict, err
		default:
			return http.StatusBadRequest, err
		}
	}
}

// choose finds the rendition that a playlist belongs to: of the live run, or of another that
// begins with it.
func (o *Origin) choose(t target, m *m3u8.Media) (*rendition, int, error) {
	now := time.Now()
	c := o.enter(t.channel)
	if c == nil {
		return nil, http.StatusInsufficientStorage, errChannels
	}
	b := c.currentLocked(now)
	old := b
	if r := b.renditions[t.rendition]; r != nil && r.startsOver(m) {
		if !r.pendingOf(m) {
			c.mu.Unlock()
			return r, http.StatusConflict, errContradicts
		}
		b = c.renewLocked(now)
	}
	if b == nil {
		c.mu.Unlock()
		return nil, http.StatusConflict, errTwice
	}
	r := b.rendition(t.rendition)
	c.mu.Unlock()
	if old != b {
		o.finish(old)
	}
	if r == nil {
		return nil, http.StatusInsufficientStorage, errChannels
	}
	return r, 0, nil
}

// errContradicts refuses a playlist that would begin a new run, with nothing to show for it.
var errContradicts = errors.New("it cannot follow the playlist before, and none of its segments has arrived since")

// pendingOf says whether a playlist lists a segment that arrived since the last playlist.
func (r *rendition) pendingOf(m *m3u8.Media) bool {
	for i := range m.Segments {
		if f := r.files[m.Segments[i].URI]; f != nil && !f.listed {
			return true
		}
	}
	return false
}

// awaitArrival waits for the next file of a rendition, or for the end of its run.
func (r *rendition) awaitArrival(ctx context.Context, deadline time.Time) bool {
	r.b.c.mu.Lock()
	ended, arrived := !r.b.ended.IsZero(), r.arrived
	r.b.c.mu.Unlock()
	return ended || time.Now().Before(deadline) && wait(ctx, arrived, deadline) == nil
}

// awaitRun waits for the run of a rendition to end: the first playlist of the next may be here
// before the segment that tells of it. It is false when it did not.
func (o *Origin) awaitRun(ctx context.Context, r *rendition, deadline time.Time) bool {
	for {
		r.b.c.mu.Lock()
		ended, changed := !r.b.ended.IsZero(), r.changed
		r.b.c.mu.Unlock()
		if ended || !time.Now().Before(deadline) || wait(ctx, changed, deadline) != nil {
			return ended
		}
	}
}

var errTwice = errors.New("another run of this channel began just now: are there two packagers?")

// publish takes a playlist and records what it adds.
func (o *Origin) publish(ctx context.Context, r *rendition, m *m3u8.Media, deadline time.Time) error {
	b := r.b
	r.write.Lock()
	defer r.write.Unlock()
	if err := r.awaitFiles(ctx, m, deadline); err != nil {
		return err
	}
	b.c.mu.Lock()
	now := time.Now()
	b.heard = now
	o.inheritMap(r, m)
	before := r.media
	err := r.takeLocked(m, now)
	if err == nil && b.ended.IsZero() && b.allEnded() {
		b.endLocked(now)
	}
	longer := err == nil && (before == nil || before.LastMSN() < r.media.LastMSN())
	b.c.mu.Unlock()
	if longer {
		o.record(r)
	}
	return err
}

// awaitFiles waits until what a playlist lists anew is whole. A packager that opens a
// connection for each request sends the segment first, and yet the playlist can be here before
// it. What is missing at the deadline is a gap, what is still coming is given out as it comes.
func (r *rendition) awaitFiles(ctx context.Context, m *m3u8.Media, deadline time.Time) error {
	for time.Now().Before(deadline) {
		r.b.c.mu.Lock()
		changed := r.incompleteLocked(m)
		r.b.c.mu.Unlock()
		if changed == nil {
			return nil
		}
		if err := wait(ctx, changed, deadline); err != nil {
			return err
		}
	}
	return nil
}

// incompleteLocked looks for a file of a playlist that is worth waiting for, and returns what
// is closed when it has changed; nil when there is none.
func (r *rendition) incompleteLocked(m *m3u8.Media) <-chan struct{} {
	from := len(m.Segments) - 1
	if r.media != nil {
		from = int(max(0, r.media.LastMSN()+1-m.MediaSequence))
	}
	for i := max(0, from); i < len(m.Segments); i++ {
		s := &m.Segments[i]
		if s.Gap {
			continue
		}
		if changed := r.incompleteFileLocked(s.URI); changed != nil {
			return changed
		}
		if s.Map != nil && (r.media == nil || r.media.Segments[0].Map == nil || r.media.Segments[0].Map.URI != s.Map.URI) {
			return r.incompleteFileLocked(s.Map.URI)
		}
	}
	return nil
}

func (r *rendition) incompleteFileLocked(name string) <-chan struct{} {
	if f := r.files[name]; f != nil {
		if _, state, changed := f.blob.look(); state == blobComing {
			return changed
		} else if state == blobWhole {
			return nil
		}
	}
	if r.b.c.o.disk.has(r.b, r.name, name) {
		return nil
	}
	return r.arrived
}

// allEnded says whether every rendition of which anything came has its ENDLIST.
func (b *broadcast) allEnded() bool {
	for _, r := range b.renditions {
		if r.media == nil && len(r.files) > 0 || r.media != nil && !r.media.EndList {
			return false
		}
	}
	return true
}

// inheritMap takes the initialisation section from the run before, for a packager that fell
// silent for so long that its run ended, and goes on without sending it anew.
func (o *Origin) inheritMap(r *rendition, m *m3u8.Media) {
	runs := r.b.c.mu.runs
	if len(runs) < 2 || runs[len(runs)-1] != r.b || len(m.Segments) == 0 || m.Segments[0].Map == nil {
		return
	}
	name := m.Segments[0].Map.URI
	if old := runs[len(runs)-2].renditions[r.name]; !r.has(name) && old != nil && old.files[name] != nil {
		r.files[name] = &file{blob: wholeBlob(&o.held, old.files[name].blob.bytes())}
	}
}

// takeMaster keeps the multivariant playlist.
func (o *Origin) takeMaster(t target, body []byte) (int, error) {
	if !m3u8.IsMaster(body) {
		return http.StatusBadRequest, errors.New("this is no multivariant playlist; a media playlist belongs at /hls/CHANNEL/RENDITION/index.m3u8")
	}
	m, err := readMaster(body)
	if err != nil {
		return http.StatusBadRequest, err
	}
	c := o.enter(t.channel)
	if c == nil {
		return http.StatusInsufficientStorage, errChannels
	}
	now := time.Now()
	b := c.currentLocked(now)
	b.master, b.heard = m, now
	c.mu.Unlock()
	o.disk.saveMaster(b, bytes.Clone(m3u8.AppendMaster(nil, m)))
	return http.StatusOK, nil
}
