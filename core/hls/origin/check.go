package origin

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	strict "github.com/Eyevinn/hls-m3u8/m3u8"

	"uproar/core/hls"
	"uproar/proto/m3u8"
)

// secondOpinion asks another parser, in its strict mode, what a playlist is. It may panic at
// what it does not expect, which is an opinion too.
func secondOpinion(body []byte, want strict.ListType) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("playlist: the second parser cannot read it: %v", p)
		}
	}()
	_, kind, err := strict.Decode(*bytes.NewBuffer(body), true)
	if err != nil {
		return fmt.Errorf("playlist: %w", err)
	}
	if kind != want {
		return errors.New("playlist: it is of the other kind, media or multivariant")
	}
	return nil
}

// readMedia validates a media playlist by itself.
func readMedia(body []byte) (*m3u8.Media, error) {
	m, err := m3u8.ParseMedia(body)
	if err != nil {
		return nil, err
	}
	if m.Skip.Segments > 0 {
		return nil, errors.New("playlist: a packager sends whole playlists, no delta updates")
	}
	if err := checkNames(m); err != nil {
		return nil, err
	}
	return m, secondOpinion(body, strict.MEDIA)
}

// checkNames refuses a playlist that names what no viewer could ask for, before it is asked
// whether it begins a new run.
func checkNames(m *m3u8.Media) error {
	for i := range m.Segments {
		s := &m.Segments[i]
		names := []string{s.URI}
		if s.Map != nil {
			names = append(names, s.Map.URI)
		}
		for _, name := range names {
			p, ok := hls.ParsePath([]byte(hls.Prefix + "c/b/r/" + name))
			if !ok || p.Kind != hls.KindSegment {
				return fmt.Errorf("playlist: the URI %.100q is no plain file name", name)
			}
		}
	}
	return nil
}

// readMaster validates a multivariant playlist, and makes each URI RENDITION/index.m3u8.
func readMaster(body []byte) (*m3u8.Master, error) {
	m, err := m3u8.ParseMaster(body)
	if err != nil {
		return nil, err
	}
	if err := secondOpinion(body, strict.MASTER); err != nil {
		return nil, err
	}
	for _, list := range [][]m3u8.Variant{m.Variants, m.Renditions, m.IFrames} {
		for i := range list {
			v := &list[i]
			if v.URI == "" {
				continue
			}
			dir := strings.TrimPrefix(directory(v.URI), "./")
			p, ok := hls.ParsePath([]byte(hls.Prefix + "c/b/" + dir + "/" + hls.Playlist))
			if !ok || p.Kind != hls.KindMedia || !strings.HasSuffix(v.URI, ".m3u8") {
				return nil, fmt.Errorf("playlist: the URI %.100q is not RENDITION/index.m3u8", v.URI)
			}
			v.URI = dir + "/" + hls.Playlist
		}
	}
	return m, nil
}

// directory is the part of a URI before its last slash; empty when there is none.
func directory(uri string) string {
	return uri[:max(strings.LastIndexByte(uri, '/'), 0)]
}
