package origin

import (
	"bytes"
	"errors"
	"io"
	"net/http"
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
			status, err = o.takeMedia(t, m)
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
func (o *Origin) takeMedia(t target, m *m3u8.Media) (int, error) {
	now := time.Now()
	c := o.enter(t.channel)
	if c == nil {
		return http.StatusInsufficientStorage, errChannels
	}
	b := c.currentLocked(now)
	old := b
	if r := b.renditions[t.rendition]; r != nil && r.startsOver(m) {
		b = c.renewLocked(now)
	}
	if b == nil {
		c.mu.Unlock()
		return http.StatusConflict, errTwice
	}
	r := b.rendition(t.rendition)
	c.mu.Unlock()
	if old != b {
		o.finish(old)
	}
	if r == nil {
		return http.StatusInsufficientStorage, errChannels
	}
	return o.publish(r, m)
}

var errTwice = errors.New("another run of this channel began just now: are there two packagers?")

// publish takes a playlist and records what it adds.
func (o *Origin) publish(r *rendition, m *m3u8.Media) (int, error) {
	b := r.b
	r.write.Lock()
	defer r.write.Unlock()
	b.c.mu.Lock()
	now := time.Now()
	b.heard = now
	o.inheritMap(r, m)
	err := r.takeLocked(m, now)
	over := err == nil && b.ended.IsZero() && b.allEnded()
	if over {
		b.endLocked(now)
	}
	b.c.mu.Unlock()
	if errors.Is(err, hls.ErrOlder) {
		return http.StatusConflict, err
	} else if err != nil {
		return http.StatusBadRequest, err
	}
	o.record(r)
	return http.StatusOK, nil
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
