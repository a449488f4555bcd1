package m3u8

import (
	"reflect"
	"strings"
	"testing"
)

func TestMultivariantPlaylistsAreWrittenAsTheyWereRead(t *testing.T) {
	for _, name := range []string{"ffmpeg-multivariant.m3u8", "multivariant.m3u8"} {
		in := read(t, name)
		m, err := ParseMaster(in)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(m.Variants) != 2 || m.Variants[0].Bandwidth() == 0 || !IsMaster(in) {
			t.Errorf("%s: got %+v", name, m)
		}
		out := string(AppendMaster(nil, m))
		if want := strings.ReplaceAll(string(in), "\n\n", "\n"); out != want {
			t.Errorf("%s: got\n%s", name, out)
		}
		again, err := ParseMaster([]byte(out))
		if err != nil || !reflect.DeepEqual(again, m) {
			t.Errorf("%s: got %+v, %v, want %+v", name, again, err, m)
		}
	}
}

func TestURIsOfAMultivariantPlaylistCanBeReplaced(t *testing.T) {
	m, err := ParseMaster(read(t, "multivariant.m3u8"))
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range [][]Variant{m.Variants, m.Renditions, m.IFrames} {
		for i := range list {
			if list[i].URI != "" {
				list[i].URI = "b1/" + list[i].URI
			}
		}
	}
	text := string(AppendMaster(nil, m))
	for _, want := range []string{"\nb1/low/index.m3u8\n", `,URI="b1/audio/en.m3u8"`, `,URI="b1/low/iframe.m3u8"`, `NAME="CC",INSTREAM-ID="CC1"` + "\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestMediaPlaylistsAreNoMultivariantOnes(t *testing.T) {
	for _, name := range mediaFiles(t) {
		b := read(t, name)
		if _, err := ParseMaster(b); err == nil || IsMaster(b) {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestBrokenMultivariantPlaylistsAreRefusedWithTheLine(t *testing.T) {
	const head = "#EXTM3U\n"
	for _, c := range []struct {
		text string
		line int
		says string
	}{
		{"", 1, "#EXTM3U"},
		{head + "a.m3u8\n", 2, "without EXT-X-STREAM-INF"},
		{head + "#EXT-X-STREAM-INF:BANDWIDTH=1\n", 2, "without a URI"},
		{head + "#EXT-X-STREAM-INF:BANDWIDTH=1\n#EXT-X-VERSION:3\na\n", 3, "not followed"},
		{head + "#EXT-X-STREAM-INF:CODECS=\"a\"\na\n", 2, "BANDWIDTH"},
		{head + "#EXT-X-STREAM-INF:BANDWIDTH=x\na\n", 2, "BANDWIDTH"},
		{head + "#EXT-X-STREAM-INF:BANDWIDTH=1,URI=\"a\"\na\n", 2, "URI"},
		{head + "#EXT-X-STREAM-INF:BANDWIDTH=1\na b\n", 3, "URI"},
		{head + "#EXT-X-MEDIA:TYPE=AUDIO,NAME=\"a\"\n", 2, "GROUP-ID"},
		{head + "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1\n", 2, "without URI"},
		{head + "#EXT-X-VERSION:3\n#EXT-X-VERSION:3\n", 3, "second"},
		{head + "#EXTINF:4,\na\n", 2, "no place"},
		{head + strings.Repeat("#EXT-X-STREAM-INF:BANDWIDTH=1\na\n", variantsMax+1), 2*variantsMax + 2, "more than"},
		{head + strings.Repeat("#EXT-X-NEW\n", headMax+1), headMax + 2, "more than"},
	} {
		_, err := ParseMaster([]byte(c.text))
		checkFault(t, c.text, err, c.line, c.says)
	}
}
