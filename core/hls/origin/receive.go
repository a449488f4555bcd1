package origin

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// errFull refuses what memory has no room for.
var errFull = errors.New("no room: the origin holds as much as it may")

// putFile takes a segment, a part or an initialisation section. Viewers read it while it
// comes, unless its name is taken: then it is looked at as a whole first.
func (o *Origin) putFile(w http.ResponseWriter, r *http.Request, t target) {
	if t.rendition == "" {
		o.refuse(w, t, http.StatusNotFound, "path", "a segment belongs at /hls/CHANNEL/RENDITION/NAME")
		return
	}
	x, staged, status, err := o.open(t)
	if err != nil {
		o.refuse(w, t, status, "full", err.Error())
		return
	}
	if err := o.receive(w, r, x); err != nil {
		o.abandon(t, x)
		switch {
		case errors.Is(err, errTooLarge):
			o.refuse(w, t, http.StatusRequestEntityTooLarge, "too_large", err.Error())
		case errors.Is(err, errFull):
			o.refuse(w, t, http.StatusInsufficientStorage, "full", err.Error())
		default:
			o.refuse(w, t, http.StatusBadRequest, "cut", "the body was cut off: "+err.Error())
		}
		return
	}
	x.file.blob.end(true)
	o.meters.files.Inc()
	if staged {
		if err := o.settle(t, x.file); err != nil {
			x.file.blob.release()
			o.refuse(w, t, http.StatusConflict, "twice", err.Error())
			return
		}
	}
	o.heard(x)
	w.WriteHeader(http.StatusOK)
}

// upload is a file that is coming, and where to.
type upload struct {
	r    *rendition
	file *file
}

// open makes room for a file. It is staged when the run has another of the name: nobody sees
// it before it is known to be the same or to begin a new run.
func (o *Origin) open(t target) (x upload, staged bool, status int, err error) {
	if o.held.Load() >= o.cfg.MemoryBytesMax {
		o.relieve()
	}
	if o.held.Load() >= o.cfg.MemoryBytesMax {
		return upload{}, false, http.StatusInsufficientStorage, errFull
	}
	c := o.enter(t.channel)
	if c == nil {
		return upload{}, false, http.StatusInsufficientStorage, errChannels
	}
	defer c.mu.Unlock()
	now := time.Now()
	b := c.currentLocked(now)
	b.heard = now
	r := b.rendition(t.rendition)
	if r == nil {
		return upload{}, false, http.StatusInsufficientStorage, errChannels
	}
	if r.pendingLocked() >= pendingMax {
		return upload{}, false, http.StatusInsufficientStorage,
			fmt.Errorf("%d files have come since the last playlist that was taken", pendingMax)
	}
	x = upload{r, &file{blob: newBlob(&o.held)}}
	if r.has(t.name) {
		return x, true, 0, nil
	}
	x.file.part = r.hintedLocked(t.name)
	r.putLocked(t.name, x.file)
	return x, false, 0, nil
}

var errTooLarge = errors.New("the body is too large")

// receive reads a body into a file.
func (o *Origin) receive(w http.ResponseWriter, r *http.Request, x upload) error {
	b := x.file.blob
	if r.ContentLength > o.cfg.SegmentBytesMax {
		return errTooLarge
	}
	for size := int64(0); ; {
		o.extend(w)
		n, err := b.readFrom(r.Body, o.cfg.SegmentBytesMax-size+1)
		if size += int64(n); size > o.cfg.SegmentBytesMax {
			return errTooLarge
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if o.held.Load() > o.cfg.MemoryBytesMax {
			return errFull
		}
	}
}

// abandon drops a file that will never be whole. Whoever reads it is told.
func (o *Origin) abandon(t target, x upload) {
	c := x.r.b.c
	c.mu.Lock()
	x.file.blob.end(false)
	for _, b := range c.mu.runs { // a new run may have taken it over
		if r := b.renditions[t.rendition]; r != nil && r.files[t.name] == x.file && !x.file.listed {
			delete(r.files, t.name)
		}
	}
	x.file.blob.release()
	c.mu.Unlock()
}

// settle decides about a file whose name was taken: the same bytes once more change nothing,
// others begin a new run.
func (o *Origin) settle(t target, f *file) error {
	c := o.enter(t.channel)
	if c == nil {
		return errChannels
	}
	b := c.currentLocked(time.Now())
	r := b.rendition(t.rendition)
	if r == nil {
		c.mu.Unlock()
		return errChannels
	}
	held := r.files[t.name]
	var onDisk []byte
	if held == nil {
		c.mu.Unlock()
		onDisk, _ = o.disk.read(b, t.rendition, t.name) // none: as if it had other bytes
		c.mu.Lock()
	}
	if held == nil && onDisk == nil || held != nil && held.blob.state() != blobWhole && !held.listed {
		// What took the name is gone, or another attempt that will not end.
		if held != nil {
			held.blob.end(false)
			held.blob.release()
		}
		r.putLocked(t.name, f)
		c.mu.Unlock()
		return nil
	}
	if held != nil {
		onDisk = held.blob.bytes()
	}
	if bytes.Equal(onDisk, f.blob.bytes()) {
		r.again[t.name] = f
		c.mu.Unlock()
		return nil
	}
	next := c.renewLocked(time.Now())
	if next != nil {
		next.rendition(t.rendition).files[t.name] = f
	}
	c.mu.Unlock()
	if next == nil {
		return errTwice
	}
	o.finish(b)
	return nil
}

// heard notes that the packager is alive.
func (o *Origin) heard(x upload) {
	c := x.r.b.c
	c.mu.Lock()
	if b := c.liveLocked(); b != nil {
		b.heard = time.Now()
	}
	c.mu.Unlock()
}
