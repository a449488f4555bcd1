package origin

import (
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"uproar/core/hls"
)

// archive is broadcasts on disk: DIR/CHANNEL/BROADCAST/index.m3u8, and in the folder of each
// RENDITION its files, index.m3u8 once the broadcast has ended, and until then
//
//	.live     the current playlist
//	.journal  a line of JSON for each segment that was ever listed
//
// No name that a packager can send begins with a dot. A nil archive keeps nothing.
type archive struct{ dir string }

// Names within the archive.
const (
	liveName    = ".live"
	journalName = ".journal"
	tempPrefix  = ".temp-"
)

func openArchive(dir string) (*archive, error) {
	if _, err := os.ReadDir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return &archive{dir: dir}, nil
}

func (a *archive) at(names ...string) string {
	return filepath.Join(append([]string{a.dir}, names...)...)
}

// latest is the time of the newest broadcast of a channel; zero when there is none.
func (a *archive) latest(channel string) (at time.Time) {
	for _, id := range a.folders(channel) {
		if t := runTime(id); t.After(at) {
			at = t
		}
	}
	return at
}

// folders are the names of the folders below a place, in order. What cannot be read is empty.
func (a *archive) folders(names ...string) []string {
	var list []string
	entries, _ := os.ReadDir(a.at(names...))
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			list = append(list, e.Name())
		}
	}
	slices.Sort(list)
	return list
}

func (a *archive) place(b *broadcast, rendition, name string) string {
	return a.at(b.c.name, b.id, rendition, name)
}

func (a *archive) has(b *broadcast, rendition, name string) bool {
	if a == nil {
		return false
	}
	_, err := os.Stat(a.place(b, rendition, name))
	return err == nil
}

func (a *archive) read(b *broadcast, rendition, name string) ([]byte, error) {
	if a == nil {
		return nil, fs.ErrNotExist
	}
	return os.ReadFile(a.place(b, rendition, name))
}

// save writes a file as a whole or not at all, as of a time.
func (a *archive) save(place string, at time.Time, write func(io.Writer) error) error {
	dir, name := filepath.Split(place)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	temp, err := os.Create(filepath.Join(dir, tempPrefix+name))
	if err != nil {
		return err
	}
	err = errors.Join(write(temp), temp.Close(), os.Chtimes(temp.Name(), at, at))
	if err == nil {
		err = os.Rename(temp.Name(), place)
	}
	if err != nil {
		os.Remove(temp.Name())
	}
	return err
}

func (a *archive) saveBytes(place string, b []byte) error {
	return a.save(place, time.Now(), func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

// appendTo adds bytes to the end of a file.
func (a *archive) appendTo(place string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(place, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}

// fetch answers from disk.
func (a *archive) fetch(p hls.Path) *hls.Fetched {
	if a == nil {
		return status(http.StatusNotFound)
	}
	f, err := os.Open(a.at(p.Channel, p.Broadcast, p.Rendition, p.Name))
	if err != nil {
		return status(http.StatusNotFound)
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		f.Close()
		return status(http.StatusNotFound)
	}
	kind := mime.TypeByExtension(path.Ext(p.Name))
	if p.Kind != hls.KindSegment {
		kind = playlistType
	} else if strings.HasSuffix(p.Name, ".m4s") {
		kind = "video/iso.segment"
	} else if strings.HasSuffix(p.Name, ".ts") {
		kind = "video/mp2t"
	}
	return &hls.Fetched{Status: http.StatusOK, ContentType: kind, ETag: bornTag(info.ModTime()), LastModified: info.ModTime(), Length: info.Size(), Body: &fileBody{f, info.Size()}}
}

// bornTag is the entity tag of the bytes that began to come at a time. No two attempts to send
// a file begin at the same, so it is strong, and it is known before the file is whole; the
// file on disk has that time too, so that it is the same for the next process.
func bornTag(at time.Time) string { return `"` + strconv.FormatInt(at.UnixNano(), 36) + `"` }

// fileBody is a file that is whole only when all of it was read.
type fileBody struct {
	*os.File
	left int64
}

func (f *fileBody) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	if f.left -= int64(n); errors.Is(err, io.EOF) && f.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// size is what is below a place, in bytes, and when it was changed last. Files that an
// interrupted write left are removed.
func (a *archive) size(names ...string) (sum int64, changed time.Time) {
	filepath.WalkDir(a.at(names...), func(place string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		if strings.HasPrefix(d.Name(), tempPrefix) {
			os.Remove(place)
			return nil
		}
		if info, err := d.Info(); err == nil {
			sum += info.Size()
			if info.ModTime().After(changed) {
				changed = info.ModTime()
			}
		}
		return nil
	})
	return sum, changed
}
