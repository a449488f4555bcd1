package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"uproar/core/hls"
)

var secret = []byte("a secret of the operator")

func newSignedStage(t testing.TB) *stage {
	t.Helper()
	s := newStage(t, func(cfg *Config) { cfg.Secret = secret })
	s.shelf.answers[masterPath] = hls.Answer{Status: 200, Bytes: []byte("#EXTM3U\nb1/720p/index.m3u8\n")}
	s.shelf.answers["/hls/forsen/b1/720p/1.m4s"] = hls.Answer{Status: 200, CacheControl: "max-age=60, immutable", Bytes: []byte("segment")}
	return s
}

// signText signs a token as an application in another language does.
func signText(text string) string {
	token := base64.RawURLEncoding.EncodeToString([]byte(text))
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(token))
	return "token=" + token + "&sig=" + hex.EncodeToString(m.Sum(nil))
}

const goodText = `{"channel":"forsen","expires":1800000100,"user":"bob"}`

func TestSignedAddressesOpenTheirChannel(t *testing.T) {
	s := newSignedStage(t)
	good := signText(goodText)
	for _, path := range []string{masterPath, playlistPath, "/hls/forsen/b1/720p/1.m4s"} {
		for _, method := range []string{"GET", "HEAD"} {
			if r := s.ask(method, path+"?"+good+"&x=y"); r.StatusCode != 200 || !strings.HasPrefix(r.get("Cache-Control"), "private") || strings.Contains(r.get("Cache-Control"), "public") {
				t.Errorf("%s %s: %s %v", method, path, r.Status, r.Header)
			}
		}
	}
	token, sig, err := Sign(secret, Right{Channel: "forsen", Expires: s.now.Unix() + 1})
	if err != nil {
		t.Fatal(err)
	}
	if r := s.ask("GET", masterPath+"?sig="+sig+"&token="+token); r.StatusCode != 200 {
		t.Errorf("what Sign made: %s %s", r.Status, r.body)
	}
	for _, q := range s.shelf.asked {
		if strings.ContainsAny(q.Path.String(), "?=&") {
			t.Errorf("the Node was asked %+v", q)
		}
	}
}

func TestRightsThatDoNotHoldAreRefusedWithTheReason(t *testing.T) {
	s := newSignedStage(t)
	good := signText(goodText)
	flipped := good[:len(good)-1] + string("01"[map[bool]int{true: 1}[good[len(good)-1] == '0']])
	for query, reason := range map[string]string{
		"":                               "no_token",
		"token=x":                        "no_token",
		"sig=x":                          "no_token",
		"token=&sig=":                    "malformed",
		"token=x&sig=y":                  "malformed",
		flipped:                          "signature",
		"x=1&" + signText("{}"):          "malformed",
		signText("no json"):              "malformed",
		signText(`{"channel":"forsen"}`): "malformed",
		signText(`{"channel":"forsen","expires":-1}`):                           "malformed",
		signText(`{"channel":"forsen","expires":"soon"}`):                       "malformed",
		signText(`{"channel":"xqc","expires":1800000100}`):                      "channel",
		signText(`{"channel":"forsen","expires":1800000000}`):                   "expired",
		signText(`{"channel":"forsen","expires":1}`):                            "expired",
		"token=" + strings.Repeat("a", 513) + "&sig=" + strings.Repeat("0", 64): "malformed",
	} {
		metric := `uproar_hls_denied_total{reason="` + reason + `"}`
		before := s.counted(metric)
		r := s.ask("GET", playlistPath+"?"+query)
		if r.StatusCode != 403 || len(r.body) < 5 || r.get("Set-Cookie") != "" || r.get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%q: %s %q %v", query, r.Status, r.body, r.Header)
		}
		if s.counted(metric) == before {
			t.Errorf("%q was not counted as %s: %q", query, reason, r.body)
		}
	}
	if len(s.shelf.asked) != 0 {
		t.Errorf("the Node was asked %+v", s.shelf.asked)
	}
}

func TestRightEndsInTime(t *testing.T) {
	s := newSignedStage(t)
	good := "?" + signText(goodText)
	if r := s.ask("GET", playlistPath+good); r.StatusCode != 200 {
		t.Fatal(r.Status)
	}
	s.now = s.now.Add(100e9)
	s.port.desk(s.loop.Loop).second = -1 // the loop's clock has gone on
	if r := s.ask("GET", playlistPath+good); r.StatusCode != 403 {
		t.Errorf("after its time: %s", r.Status)
	}
}

func TestCookieCarriesTheRightToWhatAPlaylistNames(t *testing.T) {
	s := newSignedStage(t)
	r := s.ask("GET", masterPath+"?"+signText(goodText))
	cookies := r.Cookies()
	if len(cookies) != 1 || cookies[0].Path != "/hls/forsen/" || !cookies[0].HttpOnly || cookies[0].MaxAge != 100 {
		t.Fatalf("cookies %+v", r.Header["Set-Cookie"])
	}
	if strings.Contains(r.body, "token") {
		t.Error("the playlist is the viewer's own")
	}
	line := "Cookie: a=b; " + cookies[0].Name + "=" + cookies[0].Value + "; c=d\r\n"
	for _, path := range []string{playlistPath, "/hls/forsen/b1/720p/1.m4s"} {
		if r := s.ask("GET", path, line); r.StatusCode != 200 || r.get("Set-Cookie") != "" {
			t.Errorf("%s: %s %v", path, r.Status, r.Header)
		}
	}
	if r := s.ask("GET", playlistPath+"?"+signText(goodText), line); r.get("Set-Cookie") != "" {
		t.Error("a cookie that is there is set again")
	}
	if r := s.ask("GET", "/hls/xqc/index.m3u8", line); r.StatusCode != 403 {
		t.Errorf("another channel: %s", r.Status)
	}
	if r := s.ask("GET", playlistPath, strings.Replace(line, "."+cookies[0].Value[len(cookies[0].Value)-64:], ".x", 1)); r.StatusCode != 403 {
		t.Errorf("a cut cookie: %s", r.Status)
	}
}

func TestWhatDesksRememberIsBounded(t *testing.T) {
	var r recent[int]
	for i := range 10 * recentMax {
		key := []byte{byte(i), byte(i >> 8), byte(i >> 16)}
		if got, ok := r.find(key); ok {
			t.Fatalf("%d was there as %d", i, got)
		}
		r.keep(key, i)
		if got, ok := r.find(key); !ok || got != i {
			t.Fatalf("%d is %d, %v", i, got, ok)
		}
		if got, ok := r.find([]byte{0, 0, 0}); !ok || got != 0 {
			t.Fatalf("what is asked for all the time was forgotten at %d", i)
		}
	}
	if n := len(r.young) + len(r.old); n > 2*recentMax {
		t.Errorf("%d entries", n)
	}
}
