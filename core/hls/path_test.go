package hls

import "testing"

func TestPathsAreReadAndWritten(t *testing.T) {
	for text, want := range map[string]Path{
		"/hls/forsen/index.m3u8":          {KindMaster, "forsen", "", "", "index.m3u8"},
		"/hls/forsen/b1/index.m3u8":       {KindMaster, "forsen", "b1", "", "index.m3u8"},
		"/hls/forsen/b1/720p/index.m3u8":  {KindMedia, "forsen", "b1", "720p", "index.m3u8"},
		"/hls/forsen/b1/720p/1-22.m4s":    {KindSegment, "forsen", "b1", "720p", "1-22.m4s"},
		"/hls/a_1/b-1_Z.x/v.0/init_0.mp4": {KindSegment, "a_1", "b-1_Z.x", "v.0", "init_0.mp4"},
	} {
		got, ok := ParsePath([]byte(text))
		if !ok || got != want || got.String() != text {
			t.Errorf("%s: got %+v, %v, %s", text, got, ok, got)
		}
	}
}

func TestOtherPathsAreRefused(t *testing.T) {
	for _, text := range []string{
		"", "/", "/hls", "/hls/", "/hls/forsen", "/hls/forsen/", "/hls//index.m3u8", "/hls/Forsen/index.m3u8",
		"/hls/forsen/other.m3u8", "/hls/forsen/b1/1.m4s", "/hls/forsen/../index.m3u8", "/hls/forsen/b1/../x.m4s",
		"/hls/forsen/b1/.720p/x.m4s", "/hls/forsen/b1/720p/%2e%2e", "/hls/forsen/b1/720p/a b", "/hls/forsen/b1/720p/x/y.m4s",
		"/hls/abcdefghijklmnopqrstuvwxyz/index.m3u8", "/hls/forsen/b1/720p/x\x00", "/HLS/forsen/index.m3u8",
	} {
		if p, ok := ParsePath([]byte(text)); ok {
			t.Errorf("%q was read as %+v", text, p)
		}
	}
}
